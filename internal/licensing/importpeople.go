package licensing

import (
	"cmp"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
)

var (
	organizationLayout = layout{"organizations", []string{"reference", "name"}, []string{"kind", "address", "phone", "country"}}
	peopleLayout       = layout{"people", []string{"email"}, []string{"first_name", "last_name", "language", "organization", "role"}}
)

// maxGuests bounds how many mails one import sends.
const maxGuests = 1000

// organizationsOf judges the organizations of an import.
func (m *importer) organizationsOf(s *sheet) {
	seen := map[string]bool{}
	for _, r := range s.rows {
		reference, ok := m.need(r, "reference")
		n := identity.NewOrganization{
			Kind: identity.OrganizationKind(cmp.Or(r.cell("kind"), string(identity.Customer))), Name: r.cell("name"), Address: r.cell("address"),
			Phone: r.cell("phone"), Country: r.cell("country"), Reference: reference,
		}
		valid := m.adopt(r, n.Validate())
		stored, known := m.organizations[reference]
		switch {
		case !ok:
		case seen[reference]:
			m.fault(r, "reference", FaultDuplicate, "is in the file already")
		case known && valid:
			m.same(r, map[string]bool{
				"kind": n.Kind == stored.Kind, "name": n.Name == stored.Name, "address": n.Address == stored.Address,
				"phone": n.Phone == stored.Phone, "country": n.Country == stored.Country,
			})
		case !known:
			made := n.Draft(m.newID(), m.now)
			m.organizations[reference] = made // also with faults, so that rows which name it have none for that
			if valid {
				m.plan.newcomers.Organizations = append(m.plan.newcomers.Organizations, made)
				m.created(r)
			}
		}
		seen[reference] = true
	}
}

// organization gives the organization that a row names, perhaps none.
func (m *importer) organization(r sheetRow) (identity.Organization, bool) {
	reference := r.cell("organization")
	if reference == "" {
		return identity.Organization{}, true
	}
	found, ok := m.organizations[reference]
	if !ok {
		m.fault(r, "organization", FaultUnknown, "names no organization, neither in the import nor stored")
	}
	return found, ok
}

// peopleOf judges the people of an import. Somebody who has an account keeps
// their own name and language: those are theirs to change.
func (m *importer) peopleOf(s *sheet) {
	seen := map[[2]string]bool{}
	for _, r := range s.rows {
		n := identity.NewMember{
			Email: r.cell("email"), FirstName: r.cell("first_name"), LastName: r.cell("last_name"),
			Language: r.cell("language"), Role: identity.MemberRole(r.cell("role")),
		}
		valid := m.adopt(r, n.Validate())
		organization, ok := m.organization(r)
		if organization.ID == "" && n.Role != "" && ok {
			m.fault(r, "role", FaultInvalid, "must be left out without an organization")
			ok = false
		}
		if !valid || !ok {
			continue
		}
		place := [2]string{organization.ID, identity.EmailKey(n.Email)}
		if seen[place] {
			m.fault(r, "email", FaultDuplicate, "is in the file already, for the same organization")
			continue
		}
		seen[place] = true
		n.Role = cmp.Or(n.Role, identity.Member)
		if m.invite {
			m.guest(r, n, organization)
		} else {
			m.person(r, n, organization)
		}
	}
}

// person drafts somebody with a place in an organization, or without.
func (m *importer) person(r sheetRow, n identity.NewMember, organization identity.Organization) {
	key := identity.EmailKey(n.Email)
	stored, exists := m.people[key]
	personID, again := m.drafted[key]
	switch {
	case exists:
		personID = stored.ID
	case again && !m.sameName(r, key):
		return
	case !again:
		personID = m.newID()
		m.drafted[key], m.firstPerson[key] = personID, r
		m.plan.newcomers.People = append(m.plan.newcomers.People, n.Person(personID, m.now))
	}
	role, member := m.roles[[2]string{organization.ID, personID}]
	switch {
	case organization.ID == "" && exists:
		m.same(r, nil)
	case organization.ID == "":
		m.created(r)
	case member:
		m.same(r, map[string]bool{"role": role == n.Role})
	default:
		m.plan.newcomers.Members = append(m.plan.newcomers.Members, identity.Membership{
			OrganizationID: organization.ID, PersonID: personID, Role: n.Role, EverySite: true, Version: 1, Since: m.now,
		})
		m.created(r)
	}
}

// sameName notes where a row calls somebody otherwise than the row that brought
// them.
func (m *importer) sameName(r sheetRow, key string) bool {
	first, same := m.firstPerson[key], true
	for _, column := range []string{"first_name", "last_name", "language"} {
		if r.cell(column) != first.cell(column) {
			m.fault(r, column, FaultDiffers, "differs from an earlier row with this email address")
			same = false
		}
	}
	return same
}

// guest drafts an invitation instead of a membership.
func (m *importer) guest(r sheetRow, n identity.NewMember, organization identity.Organization) {
	key := identity.EmailKey(n.Email)
	role, member := m.roles[[2]string{organization.ID, m.people[key].ID}]
	invitedAs, invited := m.invited[[2]string{organization.ID, key}]
	switch {
	case organization.ID == "":
		m.fault(r, "organization", FaultMissing, "must be given, since people are invited to it")
		return
	case member:
		m.same(r, map[string]bool{"role": role == n.Role})
		return
	case invited:
		m.same(r, map[string]bool{"role": invitedAs == n.Role})
		return
	case m.plan.counts[r.sheet.file].Created == maxGuests:
		m.fault(r, "", FaultTooMany, "must not be there: an import invites at most 1000 people")
		return
	}
	if len(m.plan.guests[organization.ID]) == 0 {
		m.plan.invitedTo = append(m.plan.invitedTo, organization.ID)
	}
	tag := language.Tag(cmp.Or(n.Language, string(language.English)))
	m.plan.guests[organization.ID] = append(m.plan.guests[organization.ID], identity.Guest{Email: n.Email, Role: n.Role, Language: tag})
	m.created(r)
}
