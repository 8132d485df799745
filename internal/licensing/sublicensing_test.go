package licensing_test

import (
	"fmt"
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

// divide makes a sublicense as an account administrator, and gives its key.
func (p *publisher) divide(s sold, n licensing.Sublicense) (licensing.OwnedKey, string) {
	p.t.Helper()
	made, key, err := p.CreateSublicense(p.t.Context(), p.administrator(), s.ID, n)
	if err != nil {
		p.t.Fatal(err)
	}
	return made, key.Key
}

func reserved(quota int64) licensing.Sublicense {
	return licensing.Sublicense{Name: "Branch", Quota: quota, Reserved: true}
}

func dynamic(quota int64) licensing.Sublicense {
	return licensing.Sublicense{Name: "Lab", Quota: quota}
}

// figures are what people read of a key.
type figures struct{ Rows, Used, Maximum, Available int64 }

func (p *publisher) figures(keyID string) figures {
	p.t.Helper()
	k, err := p.KeyByID(p.t.Context(), p.actor, keyID)
	if err != nil {
		p.t.Fatal(err)
	}
	return figures{k.Rows, k.Used, *k.Maximum, *k.Available}
}

func TestSublicensesShareTheirSubscriptionAsThePoolSays(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil) // of 100, the example of P11
		branch, branchKey := p.divide(s, reserved(30))
		lab, labKey := p.divide(s, dynamic(50))
		for key, used := range map[string]int64{s.key: 15, branchKey: 10, labKey: 20} {
			i := p.install().activate(key)
			i.must(i.request(licensefile.KindReport, i.using(used)))
		}
		primary, err := p.Keys(t.Context(), p.actor, licensing.KeyFilter{SubscriptionID: s.ID, Kind: licensing.PrimaryKey}, database.Listing{})
		if err != nil || len(primary.Items) != 1 {
			t.Fatalf("the primary key: %+v, %v", primary, err)
		}
		got := []figures{p.figures(primary.Items[0].ID), p.figures(branch.ID), p.figures(lab.ID)}
		want := []figures{{1, 15, 50, 35}, {1, 10, 30, 20}, {1, 20, 50, 30}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("primary, reserved, dynamic (-want +got):\n%s", diff)
		}
		if n := p.count(`SELECT sublicenses FROM subscription WHERE id = ?`, s.ID); n != 2 {
			t.Errorf("the subscription counts %d sublicenses, want 2", n)
		}
		effect, err := p.PreviewSublicense(t.Context(), p.administrator(), s.ID, reserved(40))
		if err != nil || !problem.Is(effect.Refusal, problem.PoolExhausted) || effect.Before.Main() != 35 || effect.After.Main() != -5 {
			t.Errorf("preview: %+v, %v", effect, err)
		}
		if n := p.events("sublicense.created"); n != 2 {
			t.Errorf("%d sublicenses recorded, want 2", n)
		}
	})
}

func TestASublicenseIsChangedWithinTheRules(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s, admin := p.sell(p.plan(nil), nil), p.administrator()
		branch, key := p.divide(s, reserved(30))
		i := p.install().activate(key)
		i.must(i.request(licensefile.KindReport, i.using(10)))
		change := func(c licensing.SublicenseChange, version int64) problem.Code {
			_, err := p.ChangeSublicense(t.Context(), admin, branch.ID, c, version)
			return codeOf(err)
		}
		version := branch.Version
		for _, c := range []struct {
			name    string
			change  licensing.SublicenseChange
			version int64
			want    problem.Code
		}{
			{"rename", licensing.SublicenseChange{Name: ptr("Harbor")}, version, ""},
			{"an older version", licensing.SublicenseChange{Name: ptr("Quay")}, version, problem.VersionChanged},
			{"more than the pool", licensing.SublicenseChange{Quota: ptr(int64(101))}, 0, problem.PoolExhausted},
			{"all of the pool", licensing.SublicenseChange{Quota: ptr(int64(100))}, 0, ""},
			{"below what is used", licensing.SublicenseChange{Quota: ptr(int64(5))}, 0, problem.QuotaTooSmall},
			{"below by force", licensing.SublicenseChange{Quota: ptr(int64(5)), Force: true}, 0, ""},
			{"into a dynamic one", licensing.SublicenseChange{Reserved: ptr(false)}, 0, ""},
			{"an end after the subscription's", licensing.SublicenseChange{EndsOn: ptr(licensefile.Date("2027-04-01"))}, 0, problem.ValidationFailed},
			{"an end", licensing.SublicenseChange{EndsOn: ptr(licensefile.Date("2026-12-31"))}, 0, ""},
			{"no end", licensing.SublicenseChange{EndsOn: ptr(licensefile.Date(""))}, 0, ""},
			{"nothing", licensing.SublicenseChange{}, 0, ""},
		} {
			if got := change(c.change, c.version); got != c.want {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
		}
		if row := p.row(s); row.Status != licensefile.RowOverLimit || *row.Maximum != 5 {
			t.Errorf("the row is %s with a maximum of %d, want over_limit with 5", row.Status, *row.Maximum)
		}
		got, err := p.KeyByID(t.Context(), admin, branch.ID)
		if err != nil || got.Name != "Harbor" || got.Reserved || *got.Quota != 5 || got.EndsOn != "" || got.Version != version+6 {
			t.Errorf("the sublicense is %+v, %v", got, err)
		}
		if n := p.count(`SELECT COUNT(*) FROM license_key WHERE end_due IS NOT NULL`); n != 0 {
			t.Error("an end that was taken away is still due")
		}
		if n := p.events("sublicense.changed"); n != 6 {
			t.Errorf("%d changes recorded, want 6", n)
		}
	})
}

func TestASublicenseIsDeletedOnlyWhileItIsNotActivated(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s, admin := p.sell(p.plan(nil), nil), p.administrator()
		branch, key := p.divide(s, reserved(100))
		i := p.install().activate(key)
		if err := p.DeleteSublicense(t.Context(), admin, branch.ID, 0); !problem.Is(err, problem.SublicenseActivated) {
			t.Errorf("activated: %v, want sublicense_activated", err)
		}
		i.must(i.request(licensefile.KindDeactivate))
		if err := p.DeleteSublicense(t.Context(), admin, branch.ID, branch.Version+7); !problem.Is(err, problem.VersionChanged) {
			t.Errorf("another version: %v, want version_changed", err)
		}
		if err := p.DeleteSublicense(t.Context(), admin, branch.ID, branch.Version); err != nil {
			t.Errorf("deactivated: %v", err)
		}
		if err := p.DeleteSublicense(t.Context(), admin, branch.ID, 0); !problem.Is(err, problem.NotFound) {
			t.Errorf("twice: %v, want not_found", err)
		}
		i.refused(i.request(licensefile.KindActivate, withKey(key)), problem.SublicenseEnded)
		p.divide(s, reserved(100)) // its quota is the pool's again
		if n := p.count(`SELECT sublicenses FROM subscription WHERE id = ?`, s.ID); n != 1 {
			t.Errorf("the subscription counts %d sublicenses, want 1", n)
		}
	})
}

func TestWhoMayDivideASubscription(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		branch, _ := p.divide(s, reserved(1))
		foreign := p.member(p.organization("Other"), identity.AccountAdministrator)
		for name, c := range map[string]struct {
			actor identity.Actor
			want  problem.Code
		}{
			"account administrator":          {p.administrator(), ""},
			"sales":                          {staff(identity.Sales), ""},
			"support":                        {staff(identity.Support), ""},
			"auditor":                        {staff(identity.Auditor), problem.Forbidden},
			"license administrator":          {p.member(p.org, identity.LicenseAdministrator, branch.ID), problem.Forbidden},
			"member":                         {p.member(p.org, identity.Member), problem.Forbidden},
			"administrator of another one":   {foreign, problem.NotFound},
			"person without an organization": {p.person(), problem.NotFound},
			"nobody":                         {identity.Actor{}, problem.Unauthenticated},
		} {
			t.Run(name, func(t *testing.T) {
				_, _, made := p.CreateSublicense(t.Context(), c.actor, s.ID, reserved(1))
				_, previewed := p.PreviewSublicense(t.Context(), c.actor, s.ID, reserved(1))
				_, changed := p.ChangeSublicense(t.Context(), c.actor, branch.ID, licensing.SublicenseChange{Name: ptr(name)}, 0)
				_, foreseen := p.PreviewChange(t.Context(), c.actor, branch.ID, licensing.SublicenseChange{Name: ptr(name)})
				for n, err := range []error{made, previewed, changed, foreseen} {
					if codeOf(err) != c.want {
						t.Errorf("verb %d: got %v, want %q", n, err, c.want)
					}
				}
			})
		}
	})
}

func TestWhyASubscriptionIsNotDivided(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		boxed := p.boxed()
		ended := p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.EndsOn = "2026-05-31" })
		block := p.sell(p.plan(func(policy *catalog.Policy) { policy.OverLimit = licensefile.OverLimitBlock }), nil)
		unlimited := p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.Quantity = nil })
		p.clock.advance(90 * 24 * time.Hour)
		for name, c := range map[string]struct {
			s    sold
			n    licensing.Sublicense
			want problem.Code
		}{
			"nobody has registered it": {boxed, reserved(1), problem.KeyNotRegistered},
			"it has ended":             {ended, reserved(1), problem.SubscriptionExpired},
			"its plan blocks":          {block, dynamic(1), problem.DynamicNotAllowed},
			"it is unlimited":          {unlimited, reserved(1_000_000), ""},
		} {
			t.Run(name, func(t *testing.T) {
				if _, _, err := p.CreateSublicense(t.Context(), p.actor, c.s.ID, c.n); codeOf(err) != c.want {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		}
	})
}

// TestMoreAreReservedThanThereAre races many who each reserve some of the
// licenses, through two servers where the engine allows two.
func TestMoreAreReservedThanThereAre(t *testing.T) {
	const reservers, quota, granted = 40, 9, 11 // 11 × 9 of 100
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s, admin := p.sell(p.plan(nil), nil), p.administrator()
		doors := p.doors()
		codes := make([]problem.Code, reservers)
		var racing sync.WaitGroup
		for n := range codes {
			racing.Go(func() {
				_, _, err := doors[n%len(doors)].CreateSublicense(t.Context(), admin, s.ID, licensing.Sublicense{
					Name: fmt.Sprintf("Branch %d", n), Quota: quota, Reserved: true,
				})
				codes[n] = codeOf(err)
			})
		}
		racing.Wait()
		got := map[problem.Code]int{}
		for _, code := range codes {
			got[code]++
		}
		if diff := cmp.Diff(map[problem.Code]int{"": granted, problem.PoolExhausted: reservers - granted}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if sum := p.count(`SELECT CAST(SUM(quota) AS BIGINT) FROM license_key WHERE reserved = 1`); sum != granted*quota {
			t.Errorf("%d licenses are reserved, want %d", sum, granted*quota)
		}
	})
}

// TestSublicensesAreDeletedAndActivatedAtOnce races deletions with activations:
// whoever is first wins, and no key is both.
func TestSublicensesAreDeletedAndActivatedAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		admin := p.administrator()
		var racing sync.WaitGroup
		for _, limit := range []int64{0, 1} {
			s := p.sell(p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = limit }), nil)
			for range 40 {
				made, key := p.divide(s, reserved(1))
				i := p.install()
				compact := i.seal(i.request(licensefile.KindActivate, withKey(key)))
				racing.Go(func() {
					var deleted, activated error
					var both sync.WaitGroup
					both.Go(func() { deleted = p.DeleteSublicense(t.Context(), admin, made.ID, 0) })
					both.Go(func() { _, activated = p.Exchange(t.Context(), compact) })
					both.Wait()
					got := [2]problem.Code{codeOf(deleted), codeOf(activated)}
					if got != [2]problem.Code{problem.SublicenseActivated, ""} && got != [2]problem.Code{"", problem.SublicenseEnded} {
						t.Errorf("limit %d: deleted %v, activated %v; want one of them", limit, deleted, activated)
					}
				})
			}
		}
		racing.Wait()
		both := p.count(`SELECT COUNT(*) FROM activation a JOIN license_key k ON k.id = a.key_id WHERE a.ended_at IS NULL AND k.deleted_at IS NOT NULL`)
		if both != 0 {
			t.Errorf("%d deleted sublicenses are activated", both)
		}
	})
}

// doors gives the servers of a publisher: two where the engine allows two.
func (p *publisher) doors() []*licensing.Service {
	doors := []*licensing.Service{p.Service}
	if p.DB.Engine() == database.PostgreSQL {
		second := *p.Service
		second.Offers = catalog.NewOffers()
		doors = append(doors, &second)
	}
	return doors
}

func ptr[T any](v T) *T { return &v }

func TestEnlargingASublicenseStartsTheClockOfItsRowAnew(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(func(policy *catalog.Policy) {
			policy.OverLimit, policy.OverLimitGraceDays = licensefile.OverLimitGrace, 7
		}), nil)
		branch, key := p.divide(s, reserved(10))
		i := p.install()
		i.must(i.request(licensefile.KindActivate, withKey(key), i.using(30)))
		p.clock.advance(5 * 24 * time.Hour)
		enlarge := func(quota int64) *time.Time {
			if _, err := p.ChangeSublicense(t.Context(), p.administrator(), branch.ID, licensing.SublicenseChange{Quota: &quota}, 0); err != nil {
				t.Fatal(err)
			}
			return p.row(s).Activation.OverSince
		}
		if since := enlarge(20); since == nil || !since.Equal(p.clock.now()) {
			t.Errorf("still over: since %v, want now", since)
		}
		if since := enlarge(30); since != nil {
			t.Errorf("no longer over: since %v", since)
		}
	})
}

// TestASubscriptionShrinksWhileItIsReserved races a smaller number of licenses
// with reservations: what is reserved never exceeds what is owned.
func TestASubscriptionShrinksWhileItIsReserved(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		admin, doors := p.administrator(), p.doors()
		for range 8 {
			s := p.sell(p.plan(nil), nil)
			errs := make([]error, 8)
			var racing sync.WaitGroup
			for n := range errs {
				racing.Go(func() {
					if n == 3 {
						_, errs[n] = doors[n%len(doors)].Resize(t.Context(), p.actor, licensing.Resizing{Change: licensing.Change{ID: s.ID}, Quantity: ptr(int64(60))})
						return
					}
					_, _, errs[n] = doors[n%len(doors)].CreateSublicense(t.Context(), admin, s.ID, reserved(20))
				})
			}
			racing.Wait()
			for n, err := range errs {
				if err != nil && !problem.Is(err, problem.PoolExhausted) && !problem.Is(err, problem.QuantityTooSmall) {
					t.Errorf("racer %d: %v", n, err)
				}
			}
			over := p.count(`SELECT COUNT(*) FROM subscription s WHERE s.quantity <
				(SELECT COALESCE(SUM(k.quota), 0) FROM license_key k WHERE k.subscription_id = s.id AND k.reserved = 1)`)
			if over != 0 {
				t.Fatal("more is reserved than owned")
			}
		}
	})
}
