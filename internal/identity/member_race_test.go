package identity_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
)

// deeds are the ways in which an organization may lose an account administrator.
var deeds = map[string]func(ctx context.Context, c *crew, by identity.Actor, whom string) error{
	"demote": func(ctx context.Context, c *crew, by identity.Actor, whom string) error {
		role := identity.Member
		_, err := c.ChangeMember(ctx, by, c.organizationID, whom, identity.MemberChange{Role: &role}, 0)
		return err
	},
	"block": func(ctx context.Context, c *crew, by identity.Actor, whom string) error {
		_, err := c.BlockMember(ctx, by, c.organizationID, whom, 0)
		return err
	},
	"remove": func(ctx context.Context, c *crew, by identity.Actor, whom string) error {
		return c.RemoveMember(ctx, by, c.organizationID, whom, 0)
	},
	"leave": func(ctx context.Context, c *crew, by identity.Actor, _ string) error {
		return c.Leave(ctx, by, c.organizationID)
	},
	"erase themselves": func(ctx context.Context, c *crew, by identity.Actor, _ string) error {
		return c.EraseSelf(ctx, by, map[bool]string{true: "admin@example.com", false: "other@example.com"}[by.PersonID == c.admin.PersonID])
	},
}

// atOnce runs functions side by side and gives their errors.
func atOnce(all ...func() error) []error {
	errs := make([]error, len(all))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, do := range all {
		wg.Go(func() {
			<-start
			errs[i] = do()
		})
	}
	close(start)
	wg.Wait()
	return errs
}

func TestOfTwoAdministratorsWhoActAtOnceOneStays(t *testing.T) {
	names := slices.Sorted(maps.Keys(deeds))
	withMail(t, func(t *testing.T, s *identity.Service, _ *mailtest.Post) {
		for i, first := range names {
			for _, second := range names[i:] {
				c := newCrew(t, s, identity.AccountAdministrator)
				other := acting(t, s, c.other)
				errs := atOnce(
					func() error { return deeds[first](t.Context(), c, c.admin, c.other) },
					func() error { return deeds[second](t.Context(), c, other, c.admin.PersonID) },
				)
				n := count(t, s, `SELECT COUNT(*) FROM membership WHERE role = 'account_administrator' AND blocked_at IS NULL AND organization_id = ?`,
					c.organizationID)
				if n != 1 {
					t.Errorf("%s and %s: account administrators: %d, want 1; errors: %v", first, second, n, errs)
				}
				// Those of the next round have the same addresses.
				change(t, s, `UPDATE person SET email_key = 'before ' || id WHERE erased_at IS NULL`)
			}
		}
	})
}

func TestOfTwoAdministratorsWhoRemoveEachOtherOneStaysEveryTime(t *testing.T) {
	withCrew(t, identity.AccountAdministrator, func(t *testing.T, c *crew, _ *mailtest.Post) {
		other := acting(t, c.Service, c.other)
		for round := range 25 {
			change(t, c.Service, `DELETE FROM membership`)
			join(t, c.Service, c.organizationID, c.admin.PersonID, identity.AccountAdministrator)
			join(t, c.Service, c.organizationID, c.other, identity.AccountAdministrator)
			errs := atOnce(
				func() error { return deeds["remove"](t.Context(), c, c.admin, c.other) },
				func() error { return deeds["remove"](t.Context(), c, other, c.admin.PersonID) },
			)
			if n := count(t, c.Service, `SELECT COUNT(*) FROM membership`); n != 1 {
				t.Fatalf("round %d: account administrators: %d, want 1; errors: %v", round, n, errs)
			}
		}
	})
}

func TestOfTwoOwnersWhoRemoveEachOtherOneStays(t *testing.T) {
	withMail(t, func(t *testing.T, s *identity.Service, _ *mailtest.Post) {
		var owners []identity.Actor
		for i := range 2 {
			made, err := s.AppointStaff(t.Context(), operator, identity.Appointment{Email: fmt.Sprintf("owner%d@example.com", i), Language: "en", Role: identity.Owner})
			if err != nil {
				t.Fatal(err)
			}
			owners = append(owners, acting(t, s, made.PersonID))
		}
		errs := atOnce(
			func() error { return s.RemoveStaff(t.Context(), owners[0], owners[1].PersonID) },
			func() error { return s.ErasePerson(t.Context(), owners[1], owners[0].PersonID) },
		)
		if n := count(t, s, `SELECT COUNT(*) FROM staff WHERE role = 'owner'`); n != 1 {
			t.Errorf("owners: %d, want 1; errors: %v", n, errs)
		}
	})
}

func TestAnInvitationAcceptedTwiceAtOnceMakesOneMember(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		guest := acting(t, c.Service, aPerson(t, c.Service, "guest@example.com"))
		token := invited(t, c, post, "guest@example.com")
		accept := func() error {
			_, err := c.AcceptInvitation(t.Context(), guest, token)
			return err
		}
		errs := atOnce(accept, accept, accept, accept)
		accepted := 0
		for _, err := range errs {
			if err == nil {
				accepted++
			}
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM membership WHERE person_id = ?`, guest.PersonID); n != 1 || accepted != 1 {
			t.Errorf("memberships: %d, accepted %d times, want 1 of each: %v", n, accepted, errs)
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM event WHERE kind = 'invitation.accepted'`); n != 1 {
			t.Errorf("events: %d, want 1", n)
		}
	})
}
