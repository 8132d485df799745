package licensing_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/licensefile"
)

// happened gives the kinds of the events of a subscription, in order, after its
// creation.
func (p *publisher) happened(id string) []string {
	p.t.Helper()
	kinds, err := database.All(p.DB.Read(p.t.Context()), database.Value[string],
		`SELECT kind FROM event WHERE subject_id = ? AND kind <> 'subscription.created' ORDER BY id`, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return kinds
}

// scan lets the schedule look.
func (p *publisher) scan() {
	p.t.Helper()
	if err := p.RecordStates(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// on sets the clock to the first instant of a day in the publisher's zone.
func (p *publisher) on(day licensefile.Date) {
	p.t.Helper()
	zone, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		p.t.Fatal(err)
	}
	p.clock.set(day.StartIn(zone))
}

// graceful is a policy with a grace of ten days.
func graceful(policy *catalog.Policy) { policy.ExpiryGraceDays = 10 }

func TestWhatTimeBringsIsRecordedOnceAndAtItsInstant(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(graceful), func(s *licensing.NewSubscription) { s.StartsOn, s.EndsOn = "2026-04-10", "2026-10-31" })
		var want []string
		for _, step := range []struct {
			day  licensefile.Date
			kind string
		}{
			{"2026-04-10", "subscription.started"},
			{"2026-09-01", "subscription.expiring"}, // sixty days before the end
			{"2026-11-01", "subscription.grace_started"},
			{"2026-11-11", "subscription.expired"},
		} {
			p.on(step.day)
			p.clock.advance(-time.Second)
			p.scan()
			if diff := cmp.Diff(want, p.happened(s.ID)); diff != "" {
				t.Fatalf("a second before %s (-want +got):\n%s", step.day, diff)
			}
			p.clock.advance(time.Second)
			p.scan()
			p.scan()
			want = append(want, step.kind)
			if diff := cmp.Diff(want, p.happened(s.ID)); diff != "" {
				t.Fatalf("on %s (-want +got):\n%s", step.day, diff)
			}
		}
		if got := p.contract(s.ID); got.Version != s.Version {
			t.Errorf("version %d, want %d: nobody has changed it", got.Version, s.Version)
		}
	})
}

func TestAServerThatWasOffRecordsWhereThingsStandNow(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		maintained := p.plan(func(policy *catalog.Policy) { policy.Maintenance = true })
		s := p.sell(maintained, func(s *licensing.NewSubscription) {
			s.StartsOn, s.EndsOn, s.MaintenanceEndsOn = "2026-05-01", "2026-10-31", "2026-08-31"
		})
		p.on("2028-01-01")
		p.scan()
		want := []string{"subscription.expired", "subscription.maintenance_ended"}
		got := p.happened(s.ID)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := p.count(`SELECT COUNT(*) FROM subscription WHERE state_due IS NOT NULL`); n != 0 {
			t.Errorf("%d subscriptions are looked at again, want none", n)
		}
	})
}

func TestARenewalIsNoNewsOfTime(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), func(s *licensing.NewSubscription) { s.EndsOn = "2026-05-31" })
		p.on("2026-06-01")
		p.scan()
		if _, err := p.Renew(t.Context(), p.actor, licensing.Renewal{Change: of(s.ID), TermMonths: 12}); err != nil {
			t.Fatal(err)
		}
		p.scan()
		if diff := cmp.Diff([]string{"subscription.expired", "subscription.renewed"}, p.happened(s.ID)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		p.on("2027-06-02") // a year later it has ended again
		p.scan()
		if got := p.happened(s.ID); !slices.Equal(got[2:], []string{"subscription.expired"}) {
			t.Errorf("a year later: %v", got[2:])
		}
	})
}

func TestAnotherVerbDoesNotSwallowWhatTimeHasBrought(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), func(s *licensing.NewSubscription) { s.EndsOn = "2026-05-31" })
		p.on("2026-06-01")
		if _, err := p.Suspend(t.Context(), p.actor, of(s.ID)); err != nil {
			t.Fatal(err)
		}
		p.scan()
		if diff := cmp.Diff([]string{"subscription.suspended", "subscription.expired"}, p.happened(s.ID)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAnotherPolicyHasStatesLookedAtAgain(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		s, other := p.sell(plan, func(s *licensing.NewSubscription) { s.EndsOn = "2026-09-30" }), p.sell(p.plan(nil), nil)
		p.on("2026-07-01")
		p.scan()
		set := func(alter func(*catalog.Policy)) {
			change := catalog.PlanChange{ID: plan, Policy: func(policy catalog.Policy) (catalog.Policy, error) {
				alter(&policy)
				return policy, nil
			}}
			if _, err := p.catalog().ChangePlan(t.Context(), p.actor, change); err != nil {
				t.Fatal(err)
			}
			p.scan()
		}
		set(func(policy *catalog.Policy) { policy.ExpiringWithinDays = 120 })
		if got := p.contract(s.ID).State; got != licensing.ExpiringSoon {
			t.Errorf("with a longer warning: %s", got)
		}
		p.on("2026-10-05")
		p.scan()
		set(func(policy *catalog.Policy) { policy.ExpiryGraceDays = 30 })
		p.on("2026-10-31")
		p.scan()
		want := []string{"subscription.expiring", "subscription.expired", "subscription.prolonged", "subscription.expired"}
		if diff := cmp.Diff(want, p.happened(s.ID)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := p.happened(other.ID); len(got) != 0 {
			t.Errorf("another plan's: %v", got)
		}
	})
}

// TestTwoServersRecordWhatTimeBringsOnce lets servers look at the same time, and
// people change some of the subscriptions meanwhile.
func TestTwoServersRecordWhatTimeBringsOnce(t *testing.T) {
	const subscriptions = 250 // more than one batch
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		for range subscriptions {
			p.sell(plan, func(s *licensing.NewSubscription) { s.EndsOn = "2026-05-31" })
		}
		renewed := p.sell(plan, func(s *licensing.NewSubscription) { s.EndsOn = "2026-05-31" })
		p.on("2026-06-01")
		var racing sync.WaitGroup
		for range 4 {
			door := *p.Service
			door.Offers = catalog.NewOffers()
			racing.Go(func() {
				if err := door.RecordStates(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		racing.Go(func() {
			if _, err := p.Renew(t.Context(), p.actor, licensing.Renewal{Change: of(renewed.ID), TermMonths: 12}); err != nil {
				t.Error(err)
			}
		})
		racing.Wait()
		p.scan()
		twice := p.count(`SELECT COUNT(*) FROM (SELECT subject_id FROM event WHERE kind = 'subscription.expired' GROUP BY subject_id HAVING COUNT(*) > 1) e`)
		once := p.count(`SELECT COUNT(*) FROM event WHERE kind = 'subscription.expired' AND subject_id <> ?`, renewed.ID)
		if twice != 0 || once != subscriptions {
			t.Errorf("%d recorded, of them %d twice; want %d and none", once, twice, subscriptions)
		}
		recorded := p.count(`SELECT COUNT(*) FROM subscription WHERE id = ? AND state = 'active'`, renewed.ID)
		if recorded != 1 {
			t.Error("the renewed one is recorded as something else than active")
		}
	})
}

func TestTheEndOfAnOverLimitGraceIsRecordedOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		grace := p.plan(func(policy *catalog.Policy) { policy.OverLimit = licensefile.OverLimitGrace })
		stays, mends := p.sell(grace, nil), p.sell(grace, nil)
		over, mended := p.install().activate(stays.key), p.install().activate(mends.key)
		over.must(over.request(licensefile.KindReport, over.using(101)))
		mended.must(mended.request(licensefile.KindReport, mended.using(101)))
		p.clock.advance(7*24*time.Hour - time.Second)
		p.scan()
		mended.must(mended.request(licensefile.KindReport, mended.using(100)))
		if got := p.events("activation.suspended"); got != 0 {
			t.Fatalf("suspended %d times before the grace is over", got)
		}
		p.clock.advance(time.Second)
		var racing sync.WaitGroup
		for range 4 {
			racing.Go(func() { p.scan() })
		}
		racing.Wait()
		if got := p.events("activation.suspended"); got != 1 {
			t.Errorf("suspended %d times, want once", got)
		}
		row := p.row(stays)
		if row.Activation.GraceDue != nil {
			t.Error("the end of the grace is still to be recorded")
		}
	})
}

// TestListsAndDetailsAgreeOnStates draws subscriptions of several plans, and
// reads them at several instants: a list filtered by a state holds exactly those
// that show it.
func TestListsAndDetailsAgreeOnStates(t *testing.T) {
	for _, zone := range []string{"Europe/Zurich", "America/Santiago", "Pacific/Kiritimati"} {
		t.Run(zone, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, p *publisher) {
				p.write(`UPDATE publisher SET time_zone = ?`, zone)
				p.Issuer = &issuer.Service{DB: p.DB, Keyring: p.keyring, Now: p.clock.now, Rand: p.Rand}
				random := rand.New(rand.NewPCG(4, 2))
				plans := make([]string, 4)
				for i := range plans {
					plans[i] = p.plan(func(policy *catalog.Policy) {
						policy.ExpiringWithinDays, policy.ExpiryGraceDays = int64(20*i), int64(7*i)
					})
				}
				for range 60 {
					p.someSubscription(plans[random.IntN(len(plans))], random)
				}
				for range 6 {
					p.clock.set(today.Add(time.Duration(random.IntN(80*24*60)) * time.Minute))
					p.compareStates(t)
				}
				p.on("2026-09-06") // Santiago has no midnight
				p.compareStates(t)
			})
		})
	}
}

func (p *publisher) someSubscription(plan string, random *rand.Rand) {
	p.t.Helper()
	day := func(from, days int) licensefile.Date {
		return licensefile.Date(today.AddDate(0, 0, from+random.IntN(days)).Format(time.DateOnly))
	}
	s := p.sell(plan, func(s *licensing.NewSubscription) { s.StartsOn, s.EndsOn = day(-20, 40), day(21, 80) })
	if random.IntN(4) == 0 {
		p.write(`UPDATE subscription SET suspended_at = 1 WHERE id = ?`, s.ID)
	}
	if random.IntN(4) == 0 {
		p.write(`UPDATE subscription SET canceled_on = ? WHERE id = ?`, string(day(0, 60)), s.ID)
	}
}

func (p *publisher) compareStates(t *testing.T) {
	t.Helper()
	want, got := map[licensing.State][]string{}, map[licensing.State][]string{}
	for _, id := range p.found(p.actor, licensing.SubscriptionFilter{}) {
		state := p.contract(id).State
		want[state] = append(want[state], id)
	}
	for _, state := range []licensing.State{
		licensing.NotStarted, licensing.Active, licensing.ExpiringSoon, licensing.Expired, licensing.Suspended, licensing.Canceled,
	} {
		if found := p.found(p.actor, licensing.SubscriptionFilter{State: state}); len(found) > 0 {
			got[state] = found
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("at %s (-details +lists):\n%s", p.clock.now(), diff)
	}
}

func TestSubscriptionsAreFoundAndSorted(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		first := p.sell(plan, func(s *licensing.NewSubscription) { s.EndsOn, s.Reference = "2026-12-31", "ERP_100%" })
		second := p.sell(plan, func(s *licensing.NewSubscription) {
			s.EndsOn, s.OrganizationID = "2026-06-30", p.organization("Zephyr Works")
		})
		third := p.sell(p.plan(func(policy *catalog.Policy) { policy.Model = catalog.Metered }),
			func(s *licensing.NewSubscription) { s.EndsOn, s.OrganizationID = "", "" })
		for name, c := range map[string]struct {
			filter licensing.SubscriptionFilter
			want   []string
		}{
			"by organization's name": {licensing.SubscriptionFilter{Search: "phyr w"}, []string{second.ID}},
			"by reference":           {licensing.SubscriptionFilter{Search: "erp_100%"}, []string{first.ID}},
			"no wildcard":            {licensing.SubscriptionFilter{Search: "erp%"}, []string{}},
			"by plan":                {licensing.SubscriptionFilter{PlanID: plan}, []string{second.ID, first.ID}},
			"by product":             {licensing.SubscriptionFilter{ProductID: p.product, Unregistered: true}, []string{third.ID}},
			"by last four":           {licensing.SubscriptionFilter{Search: lastFour(t, p, third.ID)}, []string{third.ID}},
		} {
			if diff := cmp.Diff(c.want, p.found(p.actor, c.filter)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for sort, want := range map[string][]string{
			"ends_on": {second.ID, first.ID, third.ID}, "-ends_on": {third.ID, first.ID, second.ID},
			"-organization": {second.ID, first.ID, third.ID}, "created_at": {first.ID, second.ID, third.ID},
		} {
			if got := p.pages(sort); !slices.Equal(got, want) {
				t.Errorf("sorted by %s: %v, want %v", sort, got, want)
			}
		}
	})
}

// pages reads all subscriptions one by one.
func (p *publisher) pages(sort string) []string {
	p.t.Helper()
	var ids []string
	for l := (database.Listing{Limit: 1, Sort: sort}); ; {
		page, err := p.Subscriptions(p.t.Context(), p.actor, licensing.SubscriptionFilter{}, l)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, c := range page.Items {
			ids = append(ids, c.ID)
		}
		if l.Cursor = page.Next; l.Cursor == "" {
			return ids
		}
	}
}
