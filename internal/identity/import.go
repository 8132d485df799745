package identity

import (
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// NewMember is somebody whom an import brings (P19): a person who signs in by
// setting a password, with a place in an organization or without.
type NewMember struct {
	Email     string
	FirstName string
	LastName  string
	Language  string     // empty is English
	Role      MemberRole // empty is member; only with an organization
}

// Validate reports every fault at once.
func (n NewMember) Validate() error {
	var f problem.Faults
	f.Check(validEmail(n.Email), "/email", "must be an email address such as role@example.com")
	f.Text("/first_name", n.FirstName, 0, maxName)
	f.Text("/last_name", n.LastName, 0, maxName)
	f.Check(n.Language == "" || language.Valid(n.Language), "/language", "must be en, ja or fr")
	f.Check(n.Role == "" || n.Role.Valid(), "/role", "must be member, license_administrator or account_administrator")
	return f.Err()
}

// Person gives the person as it will be stored.
func (n NewMember) Person(id string, now time.Time) Person {
	p := Person{ID: id, Email: n.Email, FirstName: n.FirstName, LastName: n.LastName, Language: language.English, Version: 1, CreatedAt: now}
	if n.Language != "" {
		p.Language = language.Tag(n.Language)
	}
	return p
}

// EmailKey gives what all spellings of an address have in common.
func EmailKey(email string) string { return emailKey(email) }

// Newcomers is what an import stores of identity.
type Newcomers struct {
	Organizations []Organization
	People        []Person
	Members       []Membership
}

// StoreNewcomers stores and records what an import brings, in the caller's
// transaction, which has asked whether the actor may. Every event names the
// import. What is there already is a unique violation.
func StoreNewcomers(tx *database.Tx, actor Actor, n Newcomers, importID string) error {
	if err := insertNewcomers(tx, n); err != nil {
		return err
	}
	events := make([]event.Event, 0, len(n.Organizations)+len(n.People)+len(n.Members))
	add := func(at time.Time, kind, organizationID, subject, id string, data map[string]any) {
		data["import"] = importID
		events = append(events, event.Event{
			At: at, Kind: kind, Actor: actor.Actor, OrganizationID: organizationID,
			Subject: event.Subject{Kind: subject, ID: id}, Data: data,
		})
	}
	for _, o := range n.Organizations {
		add(o.CreatedAt, "organization.created", o.ID, "organization", o.ID, map[string]any{"kind": o.Kind})
	}
	for _, p := range n.People {
		add(p.CreatedAt, "person.created", "", "person", p.ID, map[string]any{})
	}
	for _, m := range n.Members {
		add(m.Since, "membership.created", m.OrganizationID, "person", m.PersonID, map[string]any{"role": m.Role})
	}
	return event.RecordAll(tx, events)
}

// InviteGuests invites people to an organization in the caller's transaction,
// which knows that none of them is a member or invited.
func (s *Service) InviteGuests(tx *database.Tx, actor Actor, organizationID string, guests []Guest) error {
	settings, _, err := SettingsOf(tx)
	if err != nil {
		return err
	}
	for _, g := range guests {
		i, err := newInvitation(actor, organizationID, g, settings, s.now())
		if err != nil {
			return err
		}
		if _, err := s.invite(tx, actor, i); err != nil {
			return err
		}
	}
	return nil
}

// Draft completes an organization that an import brings.
func (n NewOrganization) Draft(id string, now time.Time) Organization { return n.organization(id, now) }
