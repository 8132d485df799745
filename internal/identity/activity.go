package identity

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
)

// Activity is an event with the names of who and what it is about, as they are
// now: events hold ids, so that a person can be erased (P19).
type Activity struct {
	event.Entry
	ActorName        string // of the person, or of whom the token acts for; empty once erased, and for others
	TokenName        string // when a token acted
	SubjectName      string // of a person, token or organization
	OrganizationName string
}

// Events gives the sealed events of the log, the newest first: all of them to
// staff, those of their organization to account administrators. Errors:
// not_found, forbidden, validation_failed.
func (s *Service) Events(ctx context.Context, actor Actor, f event.Filter, l database.Listing) (database.Page[Activity], error) {
	if err := actor.Require(AnyStaff...); err != nil {
		organizationID, err := actor.Means(f.OrganizationID)
		if err != nil {
			return database.Page[Activity]{}, err
		}
		if err := actor.RequireIn(organizationID, AccountAdministrator); err != nil {
			return database.Page[Activity]{}, err
		}
		f.OrganizationID = organizationID
	}
	return s.Activities(ctx, f, l)
}

// Activities gives the sealed events that a filter chooses, the newest first, for
// a verb that has asked whether its actor may see them.
func (s *Service) Activities(ctx context.Context, f event.Filter, l database.Listing) (database.Page[Activity], error) {
	var page database.Page[Activity]
	err := s.DB.Snapshot(ctx, func(q database.Querier) error {
		found, err := event.List(q, f, l)
		if err != nil {
			return err
		}
		page.Next = found.Next
		page.Items, err = withNames(q, found.Items)
		return err
	})
	return page, err
}

// VerifyEvents checks the whole log against its hashes and checkpoints.
// Error: forbidden.
func (s *Service) VerifyEvents(ctx context.Context, actor Actor) (event.Report, error) {
	if err := actor.Require(Owner, Auditor); err != nil {
		return event.Report{}, err
	}
	return s.Verify(ctx)
}

// names are those of people, tokens and organizations, by id.
type names struct {
	people, tokens, organizations map[string]string
}

// of gives the name of a thing of a kind; empty when it has none.
func (n names) of(kind, id string) string {
	switch kind {
	case event.Person:
		return n.people[id]
	case event.Token:
		return n.tokens[id]
	case "organization":
		return n.organizations[id]
	default:
		return ""
	}
}

// withNames looks up who and what events are about.
func withNames(q database.Querier, entries []event.Entry) ([]Activity, error) {
	people, tokens, organizations := map[string]bool{}, map[string]bool{}, map[string]bool{}
	kinds := map[string]map[string]bool{event.Person: people, event.Token: tokens, "organization": organizations}
	note := func(kind, id string) {
		if ids := kinds[kind]; ids != nil && id != "" {
			ids[id] = true
		}
	}
	for i := range entries {
		e := &entries[i]
		note(e.Actor.Kind, e.Actor.ID)
		note(event.Person, e.Actor.OnBehalfOf)
		note(e.Subject.Kind, e.Subject.ID)
		note("organization", e.OrganizationID)
	}
	var n names
	var err error
	if n.people, err = namesOf(q, `SELECT id, TRIM(first_name || ' ' || last_name) FROM person WHERE id IN `, people); err != nil {
		return nil, err
	}
	if n.tokens, err = namesOf(q, `SELECT id, name FROM api_token WHERE id IN `, tokens); err != nil {
		return nil, err
	}
	if n.organizations, err = namesOf(q, `SELECT id, name FROM organization WHERE id IN `, organizations); err != nil {
		return nil, err
	}
	all := make([]Activity, len(entries))
	for i, e := range entries {
		a := Activity{Entry: e, SubjectName: n.of(e.Subject.Kind, e.Subject.ID), OrganizationName: n.organizations[e.OrganizationID]}
		if e.Actor.Kind == event.Token {
			a.TokenName, a.ActorName = n.tokens[e.Actor.ID], n.people[e.Actor.OnBehalfOf]
		} else {
			a.ActorName = n.of(e.Actor.Kind, e.Actor.ID)
		}
		all[i] = a
	}
	return all, nil
}

// namesOf reads names by ids.
func namesOf(q database.Querier, query string, ids map[string]bool) (map[string]string, error) {
	found := map[string]string{}
	if len(ids) == 0 {
		return found, nil
	}
	var args []any
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		args = append(args, id)
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")
	err := database.Each(q, func(r database.Row) error {
		var id, name string
		err := r.Scan(&id, &name)
		found[id] = name
		return err
	}, query+"("+marks+")", args...)
	return found, err
}
