package identity

import (
	"context"
	"strings"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// Colleague is a member of an organization as its administrators see them.
type Colleague struct {
	Membership
	Email     string
	FirstName string
	LastName  string
	KeyCount  int64 // how many keys are granted; an account administrator needs none
}

// name is what lists sort by.
func (c Colleague) name() string { return strings.TrimSpace(c.FirstName + " " + c.LastName) }

// ColleagueFilter chooses members. Empty members choose all.
type ColleagueFilter struct {
	Role    MemberRole
	Blocked *bool
	Search  string // part of the name or the address
}

// colleagueOrders are the ways to sort members.
var colleagueOrders = database.Orders[Colleague]{
	IDColumn: "m.person_id", ID: func(c Colleague) string { return c.PersonID },
	By: map[string]database.Order[Colleague]{
		"name":  {Column: fullName, Key: func(c Colleague) any { return c.name() }},
		"email": {Column: "p.email", Key: func(c Colleague) any { return c.Email }},
		"role":  {Column: "m.role", Key: func(c Colleague) any { return string(c.Role) }},
		"since": {Column: "m.created_at", Key: func(c Colleague) any { return database.Micros(c.Since) }},
		"keys":  {Column: grantCount, Key: func(c Colleague) any { return c.KeyCount }},
	},
	Default: "name",
}

// Members lists the members of an organization for its account administrators
// and for staff. Errors: not_found, forbidden.
func (s *Service) Members(ctx context.Context, actor Actor, organizationID string, f ColleagueFilter, l database.Listing) (database.Page[Colleague], error) {
	if err := actor.RequireIn(organizationID, AccountAdministrator, AnyStaff...); err != nil {
		return database.Page[Colleague]{}, err
	}
	q := s.DB.Read(ctx)
	if _, err := OrganizationName(q, organizationID); err != nil {
		return database.Page[Colleague]{}, err
	}
	return colleagues(q, organizationID, f, l)
}

// Member gives a member of an organization, with the sites and keys that they
// are limited to, to its account administrators, to staff, and to themselves.
// Errors: not_found, forbidden.
func (s *Service) Member(ctx context.Context, actor Actor, organizationID, personID string) (Colleague, error) {
	least := AccountAdministrator
	if personID == actor.PersonID {
		least = Member
	}
	if err := actor.RequireIn(organizationID, least, AnyStaff...); err != nil {
		return Colleague{}, err
	}
	found, err := colleague(s.DB.Read(ctx), organizationID, personID)
	return found, notFound(err)
}

// roster is who is in an organization, read under its lock.
type roster []Membership

// of gives the membership of a person, or nil.
func (r roster) of(personID string) *Membership {
	for i := range r {
		if r[i].PersonID == personID {
			return &r[i]
		}
	}
	return nil
}

// administers reports whether somebody may administer the organization now.
func (m Membership) administers() bool { return m.Role == AccountAdministrator && m.BlockedAt == nil }

// mayBecome gives last_administrator when a change of a membership, or its end,
// for which becomes is nil, would take away the only account administrator who
// is not blocked (P12).
func (r roster) mayBecome(personID string, becomes *Membership) error {
	m := r.of(personID)
	if m == nil || !m.administers() || becomes != nil && becomes.administers() {
		return nil
	}
	for _, other := range r {
		if other.PersonID != personID && other.administers() {
			return nil
		}
	}
	return problem.New(problem.LastAdministrator)
}

// admits gives nil when the actor may still do what an account administrator
// may: somebody else may have changed that since the request began.
func (r roster) admits(actor Actor, roles []Role) error {
	m := r.of(actor.PersonID)
	switch {
	case actor.staff(roles), m != nil && m.administers():
		return nil
	case m != nil && m.BlockedAt == nil:
		return problem.New(problem.Forbidden)
	default:
		return problem.New(problem.NotFound)
	}
}

// lockRoster gives who is in an organization, and keeps everybody else from
// changing that until the transaction ends. not_found when there is no such
// organization.
func lockRoster(tx *database.Tx, organizationID string) (roster, error) {
	locked, err := lockOrganization(tx, organizationID)
	if err == nil && !locked {
		err = problem.New(problem.NotFound)
	}
	if err != nil {
		return nil, err
	}
	return membershipsIn(tx, organizationID)
}

// changeMember loads a membership for an account administrator or a seller, as a
// version when one is given, and lets change change it, all in one transaction.
func (s *Service) changeMember(
	ctx context.Context, actor Actor, organizationID, personID string, version int64,
	change func(tx *database.Tx, r roster, m Membership) error,
) error {
	if err := actor.RequireIn(organizationID, AccountAdministrator, Sellers...); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		r, err := lockRoster(tx, organizationID)
		if err != nil {
			return err
		}
		if err := r.admits(actor, Sellers); err != nil {
			return err
		}
		m := r.of(personID)
		if m == nil {
			return problem.New(problem.NotFound)
		}
		if err := SameVersion(version, m.Version); err != nil {
			return err
		}
		return change(tx, r, *m)
	})
}
