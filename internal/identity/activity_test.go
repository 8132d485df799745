package identity_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
)

// named is what a list of events tells of one.
type named struct{ Kind, Actor, Token, Subject, Organization string }

func listed(t *testing.T, s *identity.Service, actor identity.Actor, f event.Filter) []named {
	t.Helper()
	page, err := s.Events(t.Context(), actor, f, database.Listing{Sort: "position"})
	if err != nil {
		t.Fatal(err)
	}
	all := []named{}
	for i := range page.Items {
		a := &page.Items[i]
		all = append(all, named{a.Kind, a.ActorName, a.TokenName, a.SubjectName, a.OrganizationName})
	}
	return all
}

// happened records events of a crew's organization, and one of another's, and
// seals them.
func happened(t *testing.T, c *crew) {
	t.Helper()
	change(t, c.Service, `DELETE FROM event`)
	change(t, c.Service, `INSERT INTO api_token (id, person_id, name, hash, scopes, created_at) VALUES ('t1', ?, 'Nightly', ?, '', 1)`,
		c.admin.PersonID, []byte("x"))
	by := c.admin.Actor
	err := c.DB.InTx(t.Context(), func(tx *database.Tx) error {
		for _, e := range []event.Event{
			{Kind: "member.blocked", Actor: by, OrganizationID: c.organizationID, Subject: event.Subject{Kind: "person", ID: c.other}},
			{
				Kind: "organization.changed", Actor: event.Actor{Kind: event.Token, ID: "t1", OnBehalfOf: by.ID}, OrganizationID: c.organizationID,
				Subject: event.Subject{Kind: "organization", ID: c.organizationID},
			},
			{Kind: "plan.changed", Actor: event.Actor{Kind: event.System, ID: "test"}, Subject: event.Subject{Kind: "plan", ID: "p1"}},
		} {
			e.At = noon
			if err := event.Record(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&event.Sealer{DB: c.DB, Now: c.Now}).SealOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestEventsShowTheNamesThatThereAreNow(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		happened(t, c)
		own := []named{
			{"member.blocked", "Robin Example", "", "Robin Example", "Blue Harbor"},
			{"organization.changed", "Robin Example", "Nightly", "Blue Harbor", "Blue Harbor"},
		}
		if diff := cmp.Diff(own, listed(t, c.Service, c.admin, event.Filter{})); diff != "" {
			t.Errorf("to an account administrator (-want +got):\n%s", diff)
		}
		all := append(slices.Clone(own), named{Kind: "plan.changed"})
		if diff := cmp.Diff(all, listed(t, c.Service, operator, event.Filter{})); diff != "" {
			t.Errorf("to staff (-want +got):\n%s", diff)
		}
		change(t, c.Service, `UPDATE person SET first_name = '', last_name = '' WHERE id = ?`, c.other)
		erased := []named{{"member.blocked", "Robin Example", "", "", "Blue Harbor"}}
		if diff := cmp.Diff(erased, listed(t, c.Service, operator, event.Filter{Kind: "member.blocked"})); diff != "" {
			t.Errorf("once the subject is erased (-want +got):\n%s", diff)
		}
	})
}

func TestEventsOfOthersAreNotShown(t *testing.T) {
	withCrew(t, identity.LicenseAdministrator, func(t *testing.T, c *crew, _ *mailtest.Post) {
		happened(t, c)
		for name, tt := range map[string]struct {
			actor  identity.Actor
			filter event.Filter
			want   problem.Code
		}{
			"another organization":    {c.admin, event.Filter{OrganizationID: "elsewhere"}, problem.NotFound},
			"a license administrator": {acting(t, c.Service, c.other), event.Filter{}, problem.Forbidden},
			"nobody":                  {identity.Actor{}, event.Filter{}, problem.Unauthenticated},
		} {
			if _, err := c.Events(t.Context(), tt.actor, tt.filter, database.Listing{}); !problem.Is(err, tt.want) {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
		}
	})
}
