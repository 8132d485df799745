package licensing_test

import (
	"sync"
	"testing"
	"time"

	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func TestSublicenseEndReturnsItsLicensesAndEndsItsRow(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		made, key := p.divide(s, licensing.Sublicense{Name: "Fair", Quota: 100, Reserved: true, EndsOn: "2026-05-31"})
		i := p.install().activate(key)
		i.must(i.request(licensefile.KindReport, i.using(40)))
		end := licensefile.Date("2026-05-31").EndIn(zurich(t))
		for _, before := range []time.Time{p.clock.now(), end.Add(-time.Microsecond)} {
			if err := p.EndSublicenses(t.Context(), before); err != nil || p.events("sublicense.ended") != 0 {
				t.Fatalf("before its end: %v, %d ends", err, p.events("sublicense.ended"))
			}
		}
		p.clock.set(end)
		i.refused(p.install().request(licensefile.KindActivate, withKey(key)), problem.SublicenseEnded)
		p.divide(s, reserved(100)) // its quota returned to the pool, whether or not the end is recorded
		var racing sync.WaitGroup
		for _, door := range append(p.doors(), p.doors()...) {
			racing.Go(func() {
				if err := door.EndSublicenses(t.Context(), p.clock.now()); err != nil {
					t.Error(err)
				}
			})
		}
		racing.Wait()
		if ends, rows := p.events("sublicense.ended"), p.events("activation.ended"); ends != 1 || rows != 1 {
			t.Errorf("%d ends of sublicenses and %d of rows recorded, want one of each", ends, rows)
		}
		receipt := i.receipt(i.must(i.request(licensefile.KindCheckIn)))
		if receipt.Body.Status != licensefile.StatusDeactivated || receipt.Body.Reason != string(licensing.EndSublicense) {
			t.Errorf("the installation hears %+v", receipt.Body)
		}
		if n := p.count(`SELECT activations FROM license_key WHERE id = ?`, made.ID); n != 0 {
			t.Errorf("the key counts %d activations, want none", n)
		}
		_, err := p.ChangeSublicense(t.Context(), p.administrator(), made.ID, licensing.SublicenseChange{EndsOn: ptr(licensefile.Date(""))}, 0)
		if !problem.Is(err, problem.SublicenseEnded) {
			t.Errorf("reviving it: %v, want sublicense_ended", err)
		}
	})
}

func zurich(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestARequestThatMeetsTheEndOfItsSublicenseIsJudgedAgain races the end with
// requests of its installation.
func TestARequestThatMeetsTheEndOfItsSublicenseIsJudgedAgain(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		var installations []*installation
		for range 20 {
			_, key := p.divide(s, licensing.Sublicense{Name: "Fair", Quota: 1, EndsOn: "2026-05-31"})
			installations = append(installations, p.install().activate(key))
		}
		p.clock.set(licensefile.Date("2026-05-31").EndIn(zurich(t)))
		var racing sync.WaitGroup
		for n, i := range installations {
			kinds := []licensefile.Kind{licensefile.KindRefresh, licensefile.KindDeactivate}
			compact := i.seal(i.request(kinds[n%2]))
			racing.Go(func() {
				if _, err := p.Exchange(t.Context(), compact); err != nil {
					t.Errorf("a request: %v", err)
				}
			})
		}
		racing.Go(func() {
			if err := p.EndSublicenses(t.Context(), p.clock.now()); err != nil {
				t.Error(err)
			}
		})
		racing.Wait()
		live := p.count(`SELECT COUNT(*) FROM activation WHERE ended_at IS NULL`)
		counted := p.count(`SELECT CAST(SUM(activations) AS BIGINT) FROM license_key`)
		if live != 0 || counted != 0 || p.events("activation.ended") != 20 || p.events("sublicense.ended") != 20 {
			t.Errorf("%d live rows, %d counted, %d rows and %d sublicenses ended; want 0, 0, 20, 20",
				live, counted, p.events("activation.ended"), p.events("sublicense.ended"))
		}
	})
}
