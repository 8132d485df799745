package licensing_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func of(id string) licensing.Change { return licensing.Change{ID: id} }

// expiring sells a subscription whose renewal window is open: it ends in a month.
func (p *publisher) expiring(plan string) sold {
	p.t.Helper()
	return p.sell(plan, func(s *licensing.NewSubscription) { s.EndsOn = "2026-04-30" })
}

func TestRenewalKeepsTheKeyAndTheActivationAndMovesTheEnd(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.expiring(p.plan(nil))
		i := p.install().activate(s.key)
		facts := resold
		renewed, err := p.Renew(t.Context(), p.actor, licensing.Renewal{Change: of(s.ID), TermMonths: 12, Order: &facts})
		if err != nil {
			t.Fatal(err)
		}
		if renewed.EndsOn != "2027-04-30" || renewed.Renewable || renewed.RenewableOn != "2027-03-01" || renewed.State != licensing.Active {
			t.Errorf("renewed %+v", renewed)
		}
		i.must(i.request(licensefile.KindRefresh))
		if got := i.license.Grant.EndDate; got != "2027-04-30" || p.row(s).Activation.EndedAt != nil {
			t.Errorf("the row goes on until %s, want 2027-04-30", got)
		}
		orders, err := p.Orders(t.Context(), p.actor, licensing.OrderFilter{SubscriptionID: s.ID}, database.Listing{})
		if err != nil || len(orders.Items) != 1 || orders.Items[0].Lines[0].Action != licensing.LineRenewal {
			t.Errorf("orders %+v %v, want the renewal's", orders.Items, err)
		}
		if p.events("subscription.renewed") != 1 || p.events("order.placed") != 1 {
			t.Errorf("%d renewals and %d orders recorded", p.events("subscription.renewed"), p.events("order.placed"))
		}
	})
}

// TestOneRenewalIsMadeOfManyAtOnce races renewals. The first moves the end so far
// that the window of the others is closed.
func TestOneRenewalIsMadeOfManyAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.expiring(p.plan(nil))
		codes := make([]problem.Code, 8)
		var racing sync.WaitGroup
		for n := range codes {
			racing.Go(func() {
				_, err := p.Renew(t.Context(), p.actor, licensing.Renewal{Change: of(s.ID), TermMonths: 12})
				codes[n] = codeOf(err)
			})
		}
		racing.Wait()
		slices.Sort(codes)
		want := append([]problem.Code{""}, slices.Repeat([]problem.Code{problem.RenewalTooEarly}, 7)...)
		if diff := cmp.Diff(want, codes); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := p.contract(s.ID).EndsOn; got != "2027-04-30" {
			t.Errorf("ends on %s, want one year more", got)
		}
	})
}

// TestOneRequestRenewsOnceHoweverOftenItArrives sends copies with one
// Idempotency-Key at once, for a term so short that the window stays open.
func TestOneRequestRenewsOnceHoweverOftenItArrives(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.expiring(p.plan(nil))
		codes := make([]problem.Code, 8)
		actors := make([]identity.Actor, len(codes)) // all of them have looked before one renews
		for n := range actors {
			actor, made, err := p.People.Once(t.Context(), p.actor, "renew-subscription", "key-1", []byte("the request"))
			if err != nil || made != "" {
				t.Fatalf("%q %v", made, err)
			}
			actors[n] = actor
		}
		var racing sync.WaitGroup
		for n, actor := range actors {
			racing.Go(func() {
				_, err := p.Renew(t.Context(), actor, licensing.Renewal{Change: of(s.ID), TermMonths: 1})
				codes[n] = codeOf(err)
			})
		}
		racing.Wait()
		slices.Sort(codes)
		want := append([]problem.Code{""}, slices.Repeat([]problem.Code{problem.RequestInProgress}, 7)...)
		if diff := cmp.Diff(want, codes); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := p.contract(s.ID).EndsOn; got != "2026-05-30" {
			t.Errorf("ends on %s, want one month more", got)
		}
	})
}

func TestAChangeForAnotherVersionIsRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		stale := licensing.Change{ID: s.ID, Version: s.Version}
		if _, err := p.Resize(t.Context(), p.actor, licensing.Resizing{Change: stale, Quantity: n(50)}); err != nil {
			t.Fatal(err)
		}
		_, err := p.Cancel(t.Context(), p.actor, licensing.Cancellation{Change: stale})
		if got := p.contract(s.ID); !problem.Is(err, problem.VersionChanged) || got.CanceledOn != "" {
			t.Errorf("got %v, and canceled on %q; want version_changed", err, got.CanceledOn)
		}
	})
}

func TestACanceledSubscriptionRunsThroughItsLastDayWithoutGrace(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(func(policy *catalog.Policy) { policy.ExpiryGraceDays, policy.ActivationsPerKey = 30, 0 })
		s := p.sell(plan, nil)
		running := p.install().activate(s.key)
		canceled, err := p.Cancel(t.Context(), p.actor, licensing.Cancellation{Change: of(s.ID), On: "2026-04-10", Reason: "by letter"})
		if err != nil || canceled.State != licensing.ExpiringSoon || *canceled.DaysLeft != 9 || canceled.CancelNote != "by letter" {
			t.Fatalf("canceled %+v %v", canceled, err)
		}
		if got := p.administratorsView(s.ID); got.CancelNote != "" || got.CanceledOn != "2026-04-10" {
			t.Errorf("a member sees the reason %q and the day %q", got.CancelNote, got.CanceledOn)
		}
		lastHour := time.Date(2026, 4, 10, 21, 30, 0, 0, time.UTC) // 23:30 in Zurich
		p.clock.set(lastHour)
		p.install().activate(s.key)
		running.must(running.request(licensefile.KindRefresh))
		if want := lastHour.Add(30 * time.Minute); !running.license.Expires.Time().Equal(want) {
			t.Errorf("the license ends at %s, want %s", running.license.Expires.Time(), want)
		}
		p.clock.advance(30 * time.Minute)
		late := p.install()
		late.refused(late.request(licensefile.KindActivate, withKey(s.key)), problem.SubscriptionCanceled)
		if got := p.contract(s.ID).State; got != licensing.Canceled {
			t.Errorf("state %s, want canceled", got)
		}
		if _, err := p.Reinstate(t.Context(), p.actor, of(s.ID)); !problem.Is(err, problem.SubscriptionCanceled) {
			t.Errorf("reinstated when it was over: %v", err)
		}
		_, err = p.Renew(t.Context(), p.actor, licensing.Renewal{Change: of(s.ID), TermMonths: 12})
		if !problem.Is(err, problem.SubscriptionCanceled) {
			t.Errorf("renewed: %v, want subscription_canceled", err)
		}
	})
}

func (p *publisher) administratorsView(id string) licensing.Contract {
	p.t.Helper()
	found, err := p.Subscription(p.t.Context(), p.administrator(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

func TestACancellationIsTakenBackUntilItsDayIsOver(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		for name, c := range map[string]struct {
			on      licensefile.Date
			pointer string
		}{
			"yesterday":         {"2026-03-31", "/on"},
			"after the end":     {"2027-04-01", "/on"},
			"no day at all":     {"2026-02-30", "/on"},
			"far in the future": {"9999-12-31", "/on"},
		} {
			if _, err := p.Cancel(t.Context(), p.actor, licensing.Cancellation{Change: of(s.ID), On: c.on}); !pointsAt(err, c.pointer) {
				t.Errorf("%s: %v, want a fault at %s", name, err, c.pointer)
			}
		}
		if _, err := p.Cancel(t.Context(), p.actor, licensing.Cancellation{Change: of(s.ID)}); err != nil {
			t.Fatal(err)
		}
		if got := p.contract(s.ID).CanceledOn; got != "2026-04-01" {
			t.Errorf("canceled on %s, want today in the publisher's zone", got)
		}
		back, err := p.Reinstate(t.Context(), p.actor, of(s.ID))
		if err != nil || back.CanceledOn != "" || back.State != licensing.Active {
			t.Errorf("reinstated %+v %v", back, err)
		}
		p.clock.advance(48 * time.Hour)
		p.install().activate(s.key)
	})
}

func TestBuyingMoreStartsTheOverLimitClockAnew(t *testing.T) {
	for name, c := range map[string]struct {
		quantity *int64
		over     bool
	}{
		"enough":      {n(150), false},
		"unlimited":   {nil, false},
		"still short": {n(120), true},
	} {
		t.Run(name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, p *publisher) {
				s := p.sell(p.plan(func(policy *catalog.Policy) { policy.OverLimit = licensefile.OverLimitGrace }), nil)
				i := p.install().activate(s.key)
				i.must(i.request(licensefile.KindReport, i.using(130)))
				p.clock.advance(6 * 24 * time.Hour)
				if _, err := p.Resize(t.Context(), p.actor, licensing.Resizing{Change: of(s.ID), Quantity: c.quantity}); err != nil {
					t.Fatal(err)
				}
				a := p.row(s).Activation
				now := p.clock.now()
				want := map[bool]*time.Time{true: &now}[c.over]
				if diff := cmp.Diff(want, a.OverSince); diff != "" || a.OverRecorded != c.over || (a.GraceDue != nil) != c.over {
					t.Errorf("over since (-want +got):\n%s\nrecorded %t, grace until %v", diff, a.OverRecorded, a.GraceDue)
				}
				// The grace that ran before does not count any more.
				p.clock.advance(2 * 24 * time.Hour)
				if err := p.RecordStates(t.Context()); err != nil || p.events("activation.suspended") != 0 {
					t.Errorf("%v, suspended %d times, want never", err, p.events("activation.suspended"))
				}
				i.must(i.request(licensefile.KindRefresh)) // the serial grew, and the installation goes on
			})
		})
	}
}

func TestShrinkingBelowWhatIsInUseNeedsForceAndLeavesTheClock(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		i.must(i.request(licensefile.KindReport, i.using(80)))
		_, err := p.Resize(t.Context(), p.actor, licensing.Resizing{Change: of(s.ID), Quantity: n(79)})
		if !problem.Is(err, problem.QuantityTooSmall) || problem.From(err).Message != "80 licenses of this subscription are in use or reserved. Force it to make the subscription smaller all the same." {
			t.Errorf("got %v, want quantity_too_small with the number", err)
		}
		got, err := p.Resize(t.Context(), p.actor, licensing.Resizing{Change: of(s.ID), Quantity: n(70), Force: true})
		if err != nil || got.Seats.Main() != -10 {
			t.Errorf("forced: main pool %d %v, want -10", got.Seats.Main(), err)
		}
		i.must(i.request(licensefile.KindReport, i.using(80)))
		if row := p.row(s); !row.Activation.OverRecorded || *row.Maximum != 70 {
			t.Errorf("the row is over: %t, with %d at most", row.Activation.OverRecorded, *row.Maximum)
		}
	})
}

// TestReservingAndShrinkingNeverOversell races sublicenses against a smaller
// quantity: whatever comes first, what is reserved is never more than is owned.
func TestReservingAndShrinkingNeverOversell(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		for range 5 {
			s := p.sell(plan, nil)
			var racing sync.WaitGroup
			for range 10 {
				racing.Go(func() {
					_, _, err := p.CreateSublicense(t.Context(), p.actor, s.ID, licensing.Sublicense{Name: "Branch", Quota: 10, Reserved: true})
					if code := codeOf(err); code != "" && code != problem.PoolExhausted {
						t.Errorf("reserve: %v", err)
					}
				})
			}
			for _, quantity := range []int64{70, 50, 30} {
				racing.Go(func() {
					_, err := p.Resize(t.Context(), p.actor, licensing.Resizing{Change: of(s.ID), Quantity: n(quantity), Force: true})
					if code := codeOf(err); code != "" && code != problem.QuantityTooSmall {
						t.Errorf("shrink: %v", err)
					}
				})
			}
			racing.Wait()
			if got := p.contract(s.ID); got.Seats.Reserved > got.Seats.Total {
				t.Fatalf("%d reserved of %d", got.Seats.Reserved, got.Seats.Total)
			}
		}
	})
}

func TestSeatsAreSplitAsTheExampleSays(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		divide := func(quota int64, reserved bool) string {
			_, key, err := p.CreateSublicense(t.Context(), p.actor, s.ID, licensing.Sublicense{Name: "Branch", Quota: quota, Reserved: reserved})
			if err != nil {
				t.Fatal(err)
			}
			return key.Key
		}
		for key, used := range map[string]int64{divide(30, true): 10, divide(50, false): 20, s.key: 15} {
			i := p.install().activate(key)
			i.must(i.request(licensefile.KindReport, i.using(used)))
		}
		got := p.contract(s.ID)
		want := licensing.Seats{
			Pool: licensing.Pool{Total: 100, Used: 45, Reserved: 30, ReservedInUse: 10}, Limited: true, Dynamic: 50, DynamicInUse: 20,
		}
		if diff := cmp.Diff(want, got.Seats); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got.Seats.Main() != 35 || got.Seats.Unused() != 55 || got.Keys != 3 || got.Activations != 3 {
			t.Errorf("main pool %d, unused %d, %d keys, %d activations", got.Seats.Main(), got.Seats.Unused(), got.Keys, got.Activations)
		}
	})
}

func TestOfflineActivationIsAskedForAndGranted(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		administrator := p.administrator()
		p.signsIn(administrator.PersonID)
		p.appoint(p.person().PersonID, identity.Support, true)
		p.appoint(p.person().PersonID, identity.Sales, false) // holds tokens only
		p.appoint(p.person().PersonID, identity.Auditor, true)
		mails := func(kind string) int64 { return p.count(`SELECT COUNT(*) FROM mail WHERE kind = ?`, kind) }
		for range 2 { // asking again changes nothing
			asked, err := p.RequestOffline(t.Context(), administrator, s.ID)
			if err != nil || asked.OfflineAskedAt == nil || asked.OfflineAllowed {
				t.Fatalf("asked %+v %v", asked, err)
			}
		}
		if got := mails("offline_requested"); got != 1 || p.events("subscription.offline_asked") != 1 {
			t.Errorf("%d mails and %d events, want one to the one who can sign in and switch", got, p.events("subscription.offline_asked"))
		}
		if got := p.found(p.actor, licensing.SubscriptionFilter{OfflineAsked: true}); !slices.Equal(got, []string{s.ID}) {
			t.Errorf("waiting for an answer: %v", got)
		}
		granted, err := p.SetOffline(t.Context(), staff(identity.Support), of(s.ID), true)
		if err != nil || granted.OfflineAskedAt != nil || !granted.OfflineAllowed {
			t.Errorf("granted %+v %v", granted, err)
		}
		if got := mails("offline_enabled"); got != 1 {
			t.Errorf("%d mails to administrators, want 1", got)
		}
	})
}

func TestOnlyWhoLooksAfterAKeyAsksForOfflineActivation(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		s, other := p.sell(plan, nil), p.sell(plan, nil)
		foreign := p.member(p.organization("Another"), identity.AccountAdministrator)
		for name, c := range map[string]struct {
			who  identity.Actor
			want problem.Code
		}{
			"staff":                       {p.actor, problem.Forbidden},
			"a plain member":              {p.member(p.org, identity.Member), problem.Forbidden},
			"who holds another key":       {p.member(p.org, identity.LicenseAdministrator, p.keyOf(other)), problem.NotFound},
			"who holds its key":           {p.member(p.org, identity.LicenseAdministrator, p.keyOf(s)), ""},
			"an administrator of another": {foreign, problem.NotFound},
		} {
			if _, err := p.RequestOffline(t.Context(), c.who, s.ID); codeOf(err) != c.want {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
	})
}

// write changes the database directly.
func (p *publisher) write(query string, args ...any) {
	p.t.Helper()
	err := p.DB.InTx(p.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// signsIn gives a person a password, whatever it is.
func (p *publisher) signsIn(personID string) {
	p.t.Helper()
	p.write(`UPDATE person SET password = 'x' WHERE id = ?`, personID)
}

func (p *publisher) appoint(personID string, role identity.Role, signsIn bool) {
	p.t.Helper()
	p.write(`INSERT INTO staff (person_id, role, created_at) VALUES (?, ?, 0)`, personID, string(role))
	p.write(`UPDATE person SET password = CASE WHEN ? = 1 THEN 'x' END WHERE id = ?`, signsIn, personID)
}
