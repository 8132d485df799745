package identity

import (
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// FoundOrganization stores a new organization in the caller's transaction, with
// the actor's person as its account administrator (P2). Draft it outside with
// DraftOrganization. Errors: unauthenticated; forbidden when no person acts, or
// a token that is bound to another organization; conflict when the reference is
// taken.
func FoundOrganization(tx *database.Tx, actor Actor, o Organization) error {
	if err := actor.mayFound(); err != nil {
		return err
	}
	if err := StoreOrganization(tx, actor, o); err != nil {
		return taken(err, "An organization with this reference exists already.")
	}
	return addMember(tx, actor, Membership{
		OrganizationID: o.ID, PersonID: actor.PersonID, Role: AccountAdministrator, EverySite: true, Version: 1, Since: o.CreatedAt,
	})
}

// mayFound gives nil when a person acts who is not held to one organization.
func (a Actor) mayFound() error {
	switch {
	case !a.known():
		return problem.New(problem.Unauthenticated)
	case a.PersonID == "", a.Kind == event.Token && a.OrganizationID != "":
		return problem.New(problem.Forbidden)
	default:
		return nil
	}
}

// addMember stores and records a new membership.
func addMember(tx *database.Tx, actor Actor, m Membership) error {
	if err := insertMembership(tx, m); err != nil {
		return err
	}
	return recordMember(tx, actor, m, "created", m.Since, map[string]any{"role": m.Role})
}

// recordMember records what became of a membership. Its subject is the person,
// since a membership has no id of its own.
func recordMember(tx *database.Tx, actor Actor, m Membership, verb string, at time.Time, data map[string]any) error {
	return event.Record(tx, event.Event{
		At: at, Kind: "membership." + verb, Actor: actor.Actor, OrganizationID: m.OrganizationID,
		Subject: event.Subject{Kind: "person", ID: m.PersonID}, Data: data,
	})
}
