package agent_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agenttest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func TestRaceOfEnrollmentsNeverExceedsABlockedMaximum(t *testing.T) {
	s := newSetup(t)
	const maximum, racers = 10, 60
	s.activate(t, desktopKey, "desktop", maximum, block)
	var granted atomic.Int64
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			_, err := s.Enroll(t.Context(), agent.Enrollment{
				Identity: agent.Identity{SerialNumber: fmt.Sprintf("C02%03d", i)}, Platform: agent.Mac,
			})
			if err == nil {
				granted.Add(1)
			} else if c := code(err); c != problem.LimitReached {
				t.Errorf("refused with %q, want limit_reached", c)
			}
		})
	}
	group.Wait()
	devices, _, err := s.Devices(t.Context(), agent.DeviceFilter{Gone: true})
	must(t, err)
	if granted.Load() != maximum || s.used(t, "desktop") != maximum || len(devices) != maximum {
		t.Errorf("granted %d, used %d, stored %d; want %d each", granted.Load(), s.used(t, "desktop"), len(devices), maximum)
	}
}

func TestEnrollingFollowsThePlan(t *testing.T) {
	cases := []struct {
		name    string
		policy  func(*agenttest.SoldKey)
		used    int // of 2
		want    licensefile.Verdict
		refusal problem.Code
	}{
		{"below the maximum", block, 1, licensefile.Allow, ""},
		{"notify at the maximum", func(*agenttest.SoldKey) {}, 2, licensefile.Warn, ""},
		{"notify above it", func(*agenttest.SoldKey) {}, 3, licensefile.Warn, ""},
		{"grace at the maximum", grace, 2, licensefile.Warn, ""},
		{"block at the maximum", block, 2, "", problem.LimitReached},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSetup(t)
			s.activate(t, desktopKey, "desktop", 2, c.policy)
			for i := range c.used {
				_, err := s.enroll(t, fmt.Sprintf("C02%d", i))
				must(t, err)
			}
			got, err := s.enroll(t, "C02NEXT")
			if got.Decision.Verdict != c.want || code(err) != c.refusal {
				t.Errorf("got %q, %v; want %q, %q", got.Decision.Verdict, err, c.want, c.refusal)
			}
		})
	}
}

func TestDeviceThatIsCountedAlreadyNeedsNoFurtherLicense(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1, block)
	first, err := s.enroll(t, "C02A")
	must(t, err)
	again, err := s.Enroll(t.Context(), agent.Enrollment{Identity: agent.Identity{SerialNumber: " c02a "}, Model: "Mac14,2"})
	must(t, err)
	if first.Device.ID != again.Device.ID || again.Decision.Verdict != licensefile.Allow || s.used(t, "desktop") != 1 {
		t.Errorf("enrolling again gave %+v, used %d", again, s.used(t, "desktop"))
	}
}

func TestRefusedEnrollmentStoresNothing(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1, block)
	_, err := s.enroll(t, "C02A")
	must(t, err)
	_, err = s.enroll(t, "C02B")
	if code(err) != problem.LimitReached {
		t.Fatalf("got %v", err)
	}
	if _, err := s.FindDevice(t.Context(), identity("C02B")); code(err) != problem.NotFound {
		t.Errorf("the refused device is known: %v", err)
	}
}

func TestPlatformsCountOnTheirOwnRows(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 10)
	s.activate(t, mobileKey, "mobile", 10)
	_, err := s.enroll(t, "C02A")
	must(t, err)
	_, err = s.Enroll(t.Context(), agent.Enrollment{Identity: identity("DMPA"), Model: "iPad13,18"})
	must(t, err)
	_, err = s.Enroll(t.Context(), agent.Enrollment{Identity: identity("DMPB"), Platform: agent.Mobile})
	must(t, err)
	if d, m := s.used(t, "desktop"), s.used(t, "mobile"); d != 1 || m != 2 {
		t.Errorf("desktop %d, mobile %d; want 1, 2", d, m)
	}
}

func TestEnrollingTellsEveryFaultAtOnce(t *testing.T) {
	s := newSetup(t)
	_, err := s.Enroll(t.Context(), agent.Enrollment{Platform: "watch"})
	if p := problem.From(err); p.Code != problem.ValidationFailed || len(p.Fields) != 2 {
		t.Errorf("got %+v, want validation_failed with two fields", p)
	}
	_, err = s.Enroll(t.Context(), agent.Enrollment{Identity: identity("C02A"), Platform: agent.Mac, Source: "csv"})
	if code(err) != problem.NotFound {
		t.Errorf("a csv source took an enrollment: %v", err)
	}
}

func TestUnenrollingFreesALicense(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1, block)
	a, err := s.enroll(t, "C02A")
	must(t, err)
	d, err := s.Unenroll(t.Context(), a.Device.ID, "")
	must(t, err)
	if d.Managed || s.used(t, "desktop") != 0 {
		t.Errorf("still managed: %+v", d)
	}
	_, err = s.enroll(t, "C02B")
	must(t, err)
	_, err = s.Unenroll(t.Context(), "no-such-device", "")
	if code(err) != problem.NotFound {
		t.Errorf("got %v", err)
	}
}

func TestGraceEndsAndTheRowComesBackByItself(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1, grace)
	a, err := s.enroll(t, "C02A")
	must(t, err)
	_, err = s.enroll(t, "C02B")
	must(t, err)
	since := s.row(t, "desktop").Held.OverSince
	if since == nil || !since.Equal(s.clock.now()) {
		t.Fatalf("the clock started at %v, want now", since)
	}
	may := func() licensefile.Verdict {
		d, err := s.May(t.Context(), licensefile.PushPolicy, "", "desktop")
		must(t, err)
		return d.Verdict
	}
	s.clock.move(7*24*time.Hour - time.Second)
	if got := may(); got != licensefile.Warn {
		t.Errorf("a second before the grace ends: %s", got)
	}
	s.clock.move(time.Second)
	if got := may(); got != licensefile.Refuse {
		t.Errorf("when the grace has ended: %s", got)
	}
	_, err = s.enroll(t, "C02C")
	if code(err) != problem.OverLimitSuspended {
		t.Errorf("enrolling then gives %v", err)
	}
	_, err = s.Unenroll(t.Context(), a.Device.ID, "")
	must(t, err)
	if got := may(); got != licensefile.Allow {
		t.Errorf("back at the maximum: %s", got)
	}
	// Going under does not reset the clock; buying more does (R5).
	_, err = s.enroll(t, "C02D")
	if code(err) != "" || may() != licensefile.Refuse {
		t.Errorf("over again long after: %v, %s", err, may())
	}
	s.publisher.Change(desktopKey, func(k *agenttest.SoldKey) { k.Maximum = 5 })
	_, err = s.Refresh(t.Context(), "", "desktop")
	must(t, err)
	if got := s.row(t, "desktop").Held.OverSince; got != nil || may() != licensefile.Allow {
		t.Errorf("after buying more: since %v, %s", got, may())
	}
}

func TestOverClockSurvivesARestartAndIsReported(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1)
	for _, serial := range []string{"C02A", "C02B"} {
		_, err := s.enroll(t, serial)
		must(t, err)
	}
	since := s.row(t, "desktop").Held.OverSince
	s.clock.move(48 * time.Hour)
	s.restart(t)
	if diff := cmp.Diff(since, s.row(t, "desktop").Held.OverSince); diff != "" {
		t.Errorf("over since (-want +got):\n%s", diff)
	}
	_, err := s.Deactivate(t.Context(), "", "desktop")
	must(t, err)
	s.publisher.With(func(p *agenttest.Publisher) {
		if diff := cmp.Diff(since, p.Requests[len(p.Requests)-1].OverSince); diff != "" {
			t.Errorf("reported (-want +got):\n%s", diff)
		}
	})
}

func TestExpiredSubscriptionRefusesToEnrollAndStillRefreshesAndDeactivates(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 5, func(k *agenttest.SoldKey) { k.End = s.clock.now().Add(48 * time.Hour) })
	s.clock.move(48 * time.Hour)
	_, err := s.enroll(t, "C02A")
	if code(err) != problem.SubscriptionExpired {
		t.Errorf("got %v, want subscription_expired", err)
	}
	if got := s.row(t, "desktop").Status(s.clock.now()); got != licensefile.RowExpired {
		t.Errorf("status %s", got)
	}
	s.publisher.Change(desktopKey, func(k *agenttest.SoldKey) { k.End = s.clock.now().Add(365 * 24 * time.Hour) })
	_, err = s.Refresh(t.Context(), "", "desktop")
	must(t, err)
	_, err = s.enroll(t, "C02A")
	must(t, err)
}
