package event_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// recordVaried records four sealed events and one that is not sealed.
func recordVaried(t *testing.T, db *database.DB) {
	t.Helper()
	change := func(e *event.Event, by event.Actor, organization string, later time.Duration) event.Event {
		e.Actor, e.OrganizationID, e.At = by, organization, noon.Add(later)
		return *e
	}
	a, b, c, d := suspended("a"), suspended("b"), suspended("c"), suspended("d")
	b.Kind, b.Subject.Kind = "key.registered", "key"
	record(t, db,
		change(&a, event.Actor{Kind: event.Person, ID: "p1"}, "o1", 0),
		change(&b, event.Actor{Kind: event.Token, ID: "t1", OnBehalfOf: "p1"}, "o2", time.Hour),
		change(&c, event.Actor{Kind: event.Person, ID: "p2"}, "o1", 2*time.Hour),
		change(&d, event.Actor{Kind: event.System, ID: "scan"}, "", 3*time.Hour),
	)
	seal(t, db)
	record(t, db, suspended("unsealed"))
}

func subjects(entries []event.Entry) []string {
	all := []string{}
	for i := range entries {
		all = append(all, entries[i].Subject.ID)
	}
	return all
}

func TestListHoldsTheSealedEventsThatAreAskedFor(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		recordVaried(t, db)
		for name, tt := range map[string]struct {
			filter event.Filter
			sort   string
			want   []string
		}{
			"everything, the newest first":      {event.Filter{}, "", []string{"d", "c", "b", "a"}},
			"by position":                       {event.Filter{}, "position", []string{"a", "b", "c", "d"}},
			"by position, the other way round":  {event.Filter{}, "-position", []string{"d", "c", "b", "a"}},
			"of an organization":                {event.Filter{OrganizationID: "o1"}, "", []string{"c", "a"}},
			"of a kind":                         {event.Filter{Kind: "key.registered"}, "", []string{"b"}},
			"of a person and their tokens":      {event.Filter{Actor: "p1"}, "", []string{"b", "a"}},
			"of a token":                        {event.Filter{Actor: "t1"}, "", []string{"b"}},
			"about a kind of thing":             {event.Filter{Subject: event.Subject{Kind: "key"}}, "", []string{"b"}},
			"about a thing":                     {event.Filter{Subject: event.Subject{Kind: "subscription", ID: "c"}}, "", []string{"c"}},
			"from an instant":                   {event.Filter{From: noon.Add(2 * time.Hour)}, "", []string{"d", "c"}},
			"until before an instant":           {event.Filter{Until: noon.Add(2 * time.Hour)}, "", []string{"b", "a"}},
			"of an organization and an instant": {event.Filter{OrganizationID: "o1", From: noon.Add(time.Hour)}, "", []string{"c"}},
			"nothing":                           {event.Filter{OrganizationID: "o9"}, "", []string{}},
		} {
			page, err := event.List(db.Read(t.Context()), tt.filter, database.Listing{Sort: tt.sort})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(tt.want, subjects(page.Items)); diff != "" || page.Next != "" {
				t.Errorf("%s (-want +got), next %q:\n%s", name, page.Next, diff)
			}
		}
	})
}

func TestListPagesWithoutLossWhileEventsAreAdded(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		for sort, want := range map[string][]string{"": {"d", "c", "b", "a"}, "position": {"a", "b", "c", "d"}} {
			var got []string
			l := database.Listing{Limit: 1, Sort: sort}
			recordVaried(t, db)
			for range want {
				page, err := event.List(db.Read(t.Context()), event.Filter{Until: noon.Add(24 * time.Hour)}, l)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, subjects(page.Items)...)
				l.Cursor = page.Next
				late := suspended("late")
				late.At = noon.Add(48 * time.Hour)
				record(t, db, late)
				seal(t, db)
			}
			if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
				t.Errorf("sorted by %q (-want +got):\n%s", sort, diff)
			}
			empty(t, db)
		}
	})
}

// empty deletes the log.
func empty(t *testing.T, db *database.DB) {
	t.Helper()
	err := db.InTx(context.Background(), func(tx *database.Tx) error {
		if _, err := tx.Exec("DELETE FROM event"); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE event_chain SET position = 0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestListRefusesOddSortsAndCursors(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		for name, l := range map[string]database.Listing{
			"an unknown sort":           {Sort: "kind"},
			"no cursor at all":          {Cursor: "x"},
			"a cursor of the other way": {Cursor: "d3", Sort: "position"},
			"a cursor without a number": {Cursor: "d"},
			"a cursor before all":       {Cursor: "d-1"},
			"a number that is too long": {Cursor: "d99999999999999999999"},
		} {
			if _, err := event.List(db.Read(t.Context()), event.Filter{}, l); !problem.Is(err, problem.ValidationFailed) {
				t.Errorf("%s: %v, want validation_failed", name, err)
			}
		}
	})
}
