package licensing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// share is a sublicense as these tests cut it.
type share struct {
	quota    int64
	reserved bool
	endsOn   licensefile.Date
}

// cut makes a sublicense of a subscription, straight in the database, and gives
// its key.
func (p *publisher) cut(of sold, s share) string {
	p.t.Helper()
	id, key := uuid.NewString(), "SHARE-"+uuid.NewString()[:8]
	var end any
	if s.endsOn != "" {
		end = string(s.endsOn)
	}
	normalized := licensefile.NormalizeKey(key)
	err := p.DB.InTx(p.t.Context(), func(tx *database.Tx) error {
		if _, err := tx.Exec(`UPDATE subscription SET sublicenses = sublicenses + 1 WHERE id = ?`, of.ID); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO license_key (id, subscription_id, organization_id, kind, lookup, sealed, last_four,
				activation_limit, name, quota, reserved, ends_on, issued_on, created_at)
			VALUES (?, ?, ?, 'sublicense', ?, ?, ?, 1, 'Branch', ?, ?, ?, '2026-01-01', 0)`,
			id, of.ID, of.OrganizationID, p.keyring.MAC("license key look-up", []byte(normalized)),
			p.keyring.Seal("license key", []byte(key), []byte(id)), licensefile.LastFour(normalized), s.quota, s.reserved, end)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return key
}

// grants is what a license says of the seats.
type grants struct {
	Maximum, Unused, Used int64
}

func granted(l *licensefile.License) grants {
	return grants{*l.Grant.Maximum, *l.Grant.Unused, l.Grant.Used}
}

func TestEveryKeyGetsItsShareOfThePool(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil) // 100 licenses
		primary := p.install().activate(s.key)
		reserved := p.install().activate(p.cut(s, share{quota: 30, reserved: true}))
		dynamic := p.install().activate(p.cut(s, share{quota: 50}))

		primary.must(primary.request(licensefile.KindReport, primary.using(15)))
		reserved.must(reserved.request(licensefile.KindReport, reserved.using(10)))
		dynamic.must(dynamic.request(licensefile.KindReport, dynamic.using(20)))
		// The example of P11: main pool 35.
		for name, want := range map[string]struct {
			of *installation
			grants
		}{
			"primary":  {primary, grants{50, 35, 15}},
			"reserved": {reserved, grants{30, 35, 10}},
			"dynamic":  {dynamic, grants{50, 35, 20}},
		} {
			want.of.must(want.of.request(licensefile.KindRefresh))
			if diff := cmp.Diff(want.grants, granted(want.of.license)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}

		// Beyond its quota a reserved sublicense is over, and takes from nobody.
		reserved.must(reserved.request(licensefile.KindReport, reserved.using(33)))
		primary.must(primary.request(licensefile.KindRefresh))
		if diff := cmp.Diff(grants{50, 35, 15}, granted(primary.license)); diff != "" {
			t.Errorf("primary beside an overused sublicense (-want +got):\n%s", diff)
		}
		over := map[string]bool{}
		for _, r := range p.rows(licensing.RowFilter{SubscriptionID: s.ID}) {
			over[r.Key.Masked()] = r.Status == licensefile.RowOverLimit
		}
		if n := len(over); n != 3 || !over[reserved.license.Grant.Key] || over[primary.license.Grant.Key] || over[dynamic.license.Grant.Key] {
			t.Errorf("over their limit: %v, want the reserved sublicense alone", over)
		}
	})
}

func TestASublicenseEndsByItselfAndReturnsItsSeats(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		key := p.cut(s, share{quota: 30, reserved: true, endsOn: "2026-04-10"})
		primary, branch := p.install().activate(s.key), p.install().activate(key)
		branch.must(branch.request(licensefile.KindReport, branch.using(12)))

		zone, err := time.LoadLocation("Europe/Zurich")
		if err != nil {
			t.Fatal(err)
		}
		end := licensefile.Date("2026-04-10").EndIn(zone)
		if got := branch.license.Grant.End; got == nil || !got.Equal(end) || branch.license.Grant.EndDate != "2026-04-10" {
			t.Errorf("the branch's license ends %v on %s, want %v", got, branch.license.Grant.EndDate, end)
		}
		p.clock.set(end.Add(-time.Second))
		primary.must(primary.request(licensefile.KindRefresh))
		if diff := cmp.Diff(grants{70, 70, 0}, granted(primary.license)); diff != "" {
			t.Errorf("primary on the last day (-want +got):\n%s", diff)
		}
		p.clock.set(end)
		primary.must(primary.request(licensefile.KindRefresh))
		if diff := cmp.Diff(grants{100, 100, 0}, granted(primary.license)); diff != "" {
			t.Errorf("primary on the day after (-want +got):\n%s", diff)
		}
		p.install().refused(p.install().request(licensefile.KindActivate, withKey(key)), problem.SublicenseEnded)
	})
}

func TestMovingARowToASublicenseCountsItsUseOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		i.must(i.request(licensefile.KindReport, i.using(40)))
		key := p.cut(s, share{quota: 60})
		i.must(i.request(licensefile.KindActivate, withKey(key), i.using(40)))
		if diff := cmp.Diff(grants{60, 60, 40}, granted(i.license)); diff != "" {
			t.Errorf("the row after it moved (-want +got):\n%s", diff)
		}
	})
}

func TestTheEndOfAGraceIsDueOnceAClock(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(func(policy *catalog.Policy) {
			policy.OverLimit, policy.OverLimitGraceDays = licensefile.OverLimitGrace, 7
		}), nil)
		i := p.install().activate(s.key)
		due := func() *time.Time { return p.row(s).Activation.GraceDue }
		report := func(used int64) { i.must(i.request(licensefile.KindReport, i.using(used))) }
		report(100)
		if got := due(); got != nil {
			t.Errorf("at exactly the maximum: due %v, want never", got)
		}
		report(101)
		want := p.clock.now().Add(7 * 24 * time.Hour)
		if got := due(); got == nil || !got.Equal(want) {
			t.Errorf("over: due %v, want %v", got, want)
		}
		p.clock.advance(24 * time.Hour)
		report(102)
		if got := due(); got == nil || !got.Equal(want) {
			t.Errorf("still over: due %v, want %v", got, want)
		}
		forget := func(tx *database.Tx) error { // as the scan does that records it
			_, err := tx.Exec(`UPDATE activation SET grace_due = NULL`)
			return err
		}
		if err := p.DB.InTx(t.Context(), forget); err != nil {
			t.Fatal(err)
		}
		report(103)
		if got := due(); got != nil {
			t.Errorf("recorded already: due %v again", got)
		}
		report(100)
		report(101)
		want = p.clock.now().Add(7 * 24 * time.Hour)
		if got := due(); got == nil || !got.Equal(want) {
			t.Errorf("over anew: due %v, want %v", got, want)
		}
	})
}

func TestUsageOfASubscriptionIsToldByDay(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		primary, branch := p.install().activate(s.key), p.install().activate(p.cut(s, share{quota: 50}))
		for day := range int64(10) {
			p.clock.advance(24 * time.Hour)
			primary.must(primary.request(licensefile.KindReport, primary.using(10+2*day)))
			branch.must(branch.request(licensefile.KindReport, branch.using(5)))
		}
		h, err := p.Usage(t.Context(), p.actor, licensing.UsageFilter{SubscriptionID: s.ID})
		if err != nil {
			t.Fatal(err)
		}
		quantity := int64(100)
		want := licensing.UsageHistory{
			Metric: "devices", Maximum: &quantity, Reaches: "2026-05-15",
			Days: []licensing.DayUsage{{Day: "2026-04-09", Used: 29, Peak: 29}, {Day: "2026-04-10", Used: 31, Peak: 31}, {Day: "2026-04-11", Used: 33, Peak: 33}},
		}
		h.Days = h.Days[len(h.Days)-3:]
		if diff := cmp.Diff(want, h); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		_, err = p.Usage(t.Context(), p.actor, licensing.UsageFilter{SubscriptionID: s.ID, From: "2026-04-12", To: "2026-04-11"})
		if !problem.Is(err, problem.ValidationFailed) {
			t.Errorf("a span that ends before it begins: %v, want validation_failed", err)
		}
	})
}
