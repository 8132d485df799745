package licensing_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// TestMoreInstallationsThanActivations races many installations for few
// activations of one key, through two servers where the engine allows two.
func TestMoreInstallationsThanActivations(t *testing.T) {
	const activations, installations = 7, 40
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = activations }), nil)
		doors := []*licensing.Service{p.Service}
		if p.DB.Engine() == database.PostgreSQL {
			second := *p.Service
			second.Offers = catalog.NewOffers()
			doors = append(doors, &second)
		}
		requests := make([]string, installations)
		for n := range requests {
			i := p.install()
			requests[n] = i.seal(i.request(licensefile.KindActivate, withKey(s.key)))
		}
		codes := make([]problem.Code, installations)
		var racing sync.WaitGroup
		for n, compact := range requests {
			racing.Go(func() {
				_, err := doors[n%len(doors)].Exchange(t.Context(), compact)
				codes[n] = codeOf(err)
			})
		}
		racing.Wait()
		got := map[problem.Code]int{}
		for _, code := range codes {
			got[code]++
		}
		if got[""] != activations || got[problem.ActivationsExhausted] != installations-activations {
			t.Errorf("answers %v, want %d activations and the rest activations_exhausted", got, activations)
		}
		if live := p.count(`SELECT COUNT(*) FROM activation WHERE ended_at IS NULL`); live != activations {
			t.Errorf("%d live activations, want %d", live, activations)
		}
		if n := p.events("activation.started"); n != activations {
			t.Errorf("%d activations recorded, want %d", n, activations)
		}
	})
}

// TestOneSlotActivatedAtOnce races copies of one installation, which share its
// key pair, for one slot.
func TestOneSlotActivatedAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 0 }), nil)
		i := p.install()
		var racing sync.WaitGroup
		for range 20 {
			compact := i.clone().seal(i.request(licensefile.KindActivate, withKey(s.key)))
			racing.Go(func() {
				if _, err := p.Exchange(t.Context(), compact); err != nil {
					t.Errorf("activate: %v", err)
				}
			})
		}
		racing.Wait()
		if live := p.count(`SELECT COUNT(*) FROM activation WHERE ended_at IS NULL`); live != 1 {
			t.Errorf("%d live activations of one slot, want 1", live)
		}
	})
}

// TestKeysMovedInOppositeDirections swaps two keys between two slots again and
// again; a lock taken in another order would wait for ever.
func TestKeysMovedInOppositeDirections(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 2 })
		a, b := p.sell(plan, nil), p.sell(plan, nil)
		var racing sync.WaitGroup
		for n := range 2 {
			i := p.install()
			keys := []string{a.key, b.key}
			racing.Go(func() {
				for step := range 20 {
					if _, err := i.send(i.request(licensefile.KindActivate, withKey(keys[(n+step)%2]))); err != nil {
						t.Errorf("step %d: %v", step, err)
					}
				}
			})
		}
		racing.Wait()
		if n := p.count(`SELECT CAST(SUM(activations) AS BIGINT) FROM license_key`); n != 2 {
			t.Errorf("the keys count %d activations, want 2", n)
		}
	})
}

// TestOneInstallationActivatedForTwoOrganizationsAtOnce races keys of two
// organizations for one new installation, which belongs to that of its first key.
func TestOneInstallationActivatedForTwoOrganizationsAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 0 })
		other := p.organization("Another Customer")
		keys := []string{p.sell(plan, nil).key, p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = other }).key}
		for range 10 {
			sites := p.install()
			codes := make([]problem.Code, 8)
			var racing sync.WaitGroup
			for n := range codes {
				i := sites.clone()
				i.site.ID = uuid.NewString()
				compact := i.seal(i.request(licensefile.KindActivate, withKey(keys[n%2])))
				racing.Go(func() {
					_, err := p.Exchange(t.Context(), compact)
					codes[n] = codeOf(err)
					if codes[n] == problem.InternalError {
						t.Error(err)
					}
				})
			}
			racing.Wait()
			got := map[problem.Code]int{}
			for _, code := range codes {
				got[code]++
			}
			if got[""] != 4 || got[problem.OtherOrganization] != 4 {
				t.Fatalf("answers %v, want 4 activations and 4 other_organization", got)
			}
		}
	})
}

// TestTwoOrganizationsRegisterOneKey races for a key that came in a box.
func TestTwoOrganizationsRegisterOneKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		organizations := []string{p.organization("First"), p.organization("Second")}
		for round := range int64(10) {
			s := p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = "" })
			errs := make([]error, 10)
			var racing sync.WaitGroup
			for n := range errs {
				racing.Go(func() {
					_, errs[n] = p.RegisterKey(t.Context(), p.actor, licensing.Registration{Key: s.key, OrganizationID: organizations[n%2]})
				})
			}
			racing.Wait()
			owners := map[int]bool{}
			for n, err := range errs {
				if err == nil {
					owners[n%2] = true
				} else if !problem.Is(err, problem.KeyRegisteredElsewhere) {
					t.Errorf("got %v, want key_registered_elsewhere", err)
				}
			}
			if len(owners) != 1 || p.events("key.registered") != round+1 {
				t.Errorf("round %d: %d owners and %d registrations, want one more of each", round, len(owners), p.events("key.registered"))
			}
		}
	})
}
