package identity

import (
	"github.com/licethq/licet/internal/database"
)

func insertNewcomers(tx *database.Tx, n Newcomers) error {
	organizations := make([][]any, len(n.Organizations))
	for i, o := range n.Organizations {
		organizations[i] = []any{o.ID, string(o.Kind), o.Name, o.Address, o.Phone, o.Country, nullText(o.Reference), o.Version, database.Micros(o.CreatedAt)}
	}
	people := make([][]any, len(n.People))
	for i, p := range n.People {
		people[i] = []any{p.ID, p.Email, emailKey(p.Email), p.FirstName, p.LastName, string(p.Language), p.TimeZone, p.Version, database.Micros(p.CreatedAt)}
	}
	members := make([][]any, len(n.Members))
	for i, m := range n.Members {
		members[i] = []any{m.OrganizationID, m.PersonID, string(m.Role), m.VolumePurchasing, m.EverySite, m.Version, database.Micros(m.Since)}
	}
	if err := tx.InsertAll(`organization (id, kind, name, address, phone, country, reference, version, created_at)`, organizations); err != nil {
		return err
	}
	if err := tx.InsertAll(`person (id, email, email_key, first_name, last_name, language, time_zone, version, created_at)`, people); err != nil {
		return err
	}
	return tx.InsertAll(`membership (organization_id, person_id, role, volume_purchasing, every_site, version, created_at)`, members)
}

// OrganizationsByReference gives the organizations that references name.
func OrganizationsByReference(q database.Querier, references []string) (map[string]Organization, error) {
	found, err := database.AllIn(q, scanOrganization, selectOrganization+`WHERE reference IN (%)`, references)
	named := make(map[string]Organization, len(found))
	for _, o := range found {
		named[o.Reference] = o
	}
	return named, err
}

// PeopleByEmailKey gives the people of addresses, by EmailKey.
func PeopleByEmailKey(q database.Querier, keys []string) (map[string]Person, error) {
	found, err := database.AllIn(q, scanPerson, selectPerson+`WHERE erased_at IS NULL AND email_key IN (%)`, keys)
	named := make(map[string]Person, len(found))
	for _, p := range found {
		named[emailKey(p.Email)] = p
	}
	return named, err
}

// RolesOf gives the roles that people have in organizations, blocked or not, by
// organization and person.
func RolesOf(q database.Querier, people []string) (map[[2]string]MemberRole, error) {
	found, err := database.AllIn(q, scanMembership, selectMembership+`WHERE m.person_id IN (%)`, people)
	roles := make(map[[2]string]MemberRole, len(found))
	for _, m := range found {
		roles[[2]string{m.OrganizationID, m.PersonID}] = m.Role
	}
	return roles, err
}

// OpenInvitations gives the roles that addresses are invited to, by organization
// and EmailKey.
func OpenInvitations(q database.Querier, keys []string) (map[[2]string]MemberRole, error) {
	found, err := database.AllIn(q, scanInvitation, selectInvitation+
		`WHERE i.accepted_at IS NULL AND i.withdrawn_at IS NULL AND i.email_key IN (%)`, keys)
	roles := make(map[[2]string]MemberRole, len(found))
	for _, i := range found {
		roles[[2]string{i.OrganizationID, emailKey(i.Email)}] = i.Role
	}
	return roles, err
}
