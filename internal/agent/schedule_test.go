package agent_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agenttest"
	"github.com/licethq/licet/licensefile"
)

const day = 24 * time.Hour

// scheduled runs a test of the schedule under a fake clock: time passes when all
// have nothing to do, and nothing waits for real.
func scheduled(t *testing.T, test func(t *testing.T, s *setup)) {
	t.Helper()
	schedule(t, false, test)
}

// patiently is scheduled for tests in which weeks pass without an answer.
func patiently(t *testing.T, test func(t *testing.T, s *setup)) {
	t.Helper()
	schedule(t, true, test)
}

func schedule(t *testing.T, patient bool, test func(t *testing.T, s *setup)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &setup{publisher: agenttest.NewPublisher(t, time.Now), log: &logBuffer{}}
		s.cfg = s.config(t, time.Now)
		s.cfg.WatchEvery, s.cfg.Pace = time.Hour, agent.DefaultPace()
		if patient {
			s.cfg.WatchEvery, s.cfg.Pace.RetryMost = 12*time.Hour, 12*time.Hour
		}
		s.open(t)
		test(t, s)
	})
}

// run runs the schedule for a time.
func (s *setup) run(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	must(t, s.Run(ctx))
	synctest.Wait()
}

// since lists when requests of a kind were accepted, after a start.
func (s *setup) since(start time.Time, kind licensefile.Kind) []time.Duration {
	var at []time.Duration
	s.publisher.With(func(p *agenttest.Publisher) {
		for _, r := range p.Requests {
			if r.Kind == kind {
				at = append(at, r.IssuedAt.Time().Sub(start))
			}
		}
	})
	return at
}

func TestRowRefreshesDailyAndReportsWeekly(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		start := time.Now()
		s.run(t, 14*day+time.Hour)
		var want []time.Duration
		for d := 1; d <= 14; d++ {
			want = append(want, time.Duration(d)*day)
		}
		if diff := cmp.Diff(want, s.since(start, licensefile.KindRefresh)); diff != "" {
			t.Errorf("refreshes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]time.Duration{7 * day, 14 * day}, s.since(start, licensefile.KindReport)); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	})
}

func TestJitterBringsContactsForwardNeverLater(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		must(t, s.Close())
		s.cfg.Random = func() float64 { return 0.5 }
		s.open(t)
		s.activate(t, desktopKey, "desktop", 10)
		start := time.Now()
		s.run(t, day)
		// Half of the last tenth of 24 hours: 72 minutes early.
		if diff := cmp.Diff([]time.Duration{day - 72*time.Minute}, s.since(start, licensefile.KindRefresh)); diff != "" {
			t.Errorf("refreshes (-want +got):\n%s", diff)
		}
	})
}

func TestReportTellsUsedAndPeakOfThePeriod(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		start := time.Now()
		s.run(t, day)
		s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\nC02C,mac\n")
		s.run(t, day)
		s.take(t, "serial_number,platform\nC02A,mac\n")
		s.run(t, 5*day+time.Minute)
		s.publisher.With(func(p *agenttest.Publisher) {
			last := p.Requests[len(p.Requests)-1]
			for _, r := range p.Requests {
				if r.Kind == licensefile.KindReport {
					last = r
				}
			}
			want := []licensefile.Usage{{Metric: "devices", From: start.UTC(), To: start.Add(7 * day).UTC(), Used: 1, Peak: 3}}
			if diff := cmp.Diff(want, last.Usage); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
}

func TestAgentWorksOnWhileItsLeaseHoldsAndSaysUntilWhen(t *testing.T) {
	patiently(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		until := time.Now().Add(agenttest.Lease).UTC()
		s.publisher.With(func(p *agenttest.Publisher) { p.Away = true })
		s.run(t, 29*day)
		row := s.row(t, "desktop")
		if row.Status(time.Now()) != licensefile.RowActive || !row.Standing(time.Now()).Until.Equal(until) {
			t.Errorf("after 29 days: %s until %v, want active until %v", row.Status(time.Now()), row.Standing(time.Now()).Until, until)
		}
		status, err := s.Status(t.Context())
		must(t, err)
		if len(status.Problems) != 1 || status.Problems[0].Code != "publisher_unreachable" ||
			!strings.Contains(status.Problems[0].Message, until.Format(time.RFC3339)) {
			t.Errorf("problems: %+v", status.Problems)
		}
		_, err = s.enroll(t, "C02A")
		must(t, err)
		s.run(t, day)
		if _, err := s.enroll(t, "C02B"); code(err) != "lease_expired" {
			t.Errorf("after 30 days enrolling gives %v", err)
		}
		s.publisher.With(func(p *agenttest.Publisher) { p.Away = false })
		s.run(t, 12*time.Hour)
		if diff := cmp.Diff([]string{}, s.problems(t)); diff != "" {
			t.Errorf("problems once the publisher is back (-want +got):\n%s", diff)
		}
		if used := s.lastUsed(); used != 1 {
			t.Errorf("the publisher heard of %d devices, want 1", used)
		}
	})
}

func (s *setup) lastUsed() int64 {
	var used int64
	s.publisher.With(func(p *agenttest.Publisher) {
		for _, slot := range p.Slots {
			used = slot.Used
		}
	})
	return used
}

func TestFailuresAreTriedAgainAfterWaitsThatDouble(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		start := time.Now()
		s.publisher.With(func(p *agenttest.Publisher) { p.Away = true })
		s.run(t, day+4*time.Hour)
		var at []time.Duration
		for line := range strings.Lines(s.log.String()) {
			if strings.Contains(line, "the publisher did not answer") && strings.Contains(line, "duty=sync") {
				stamp, _, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
				when, err := time.Parse(time.RFC3339, stamp)
				must(t, err)
				at = append(at, when.Sub(start).Round(time.Second)-day)
			}
		}
		// Random is 0, so each wait is the half of 1, 2, 4, … 60 minutes.
		want := []time.Duration{0}
		for _, wait := range []time.Duration{30, 60, 120, 240, 480, 960, 1800, 1800, 1800, 1800, 1800} {
			want = append(want, want[len(want)-1]+wait*time.Second)
		}
		if diff := cmp.Diff(want, at[:min(len(at), len(want))]); diff != "" {
			t.Errorf("tries after the refresh was due (-want +got):\n%s", diff)
		}
	})
}

func TestUsageThatWasNotConfirmedIsReportedUntilItIs(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		start := time.Now().UTC()
		s.run(t, 6*day+23*time.Hour)
		s.take(t, "serial_number,platform\nC02A,mac\n")
		s.publisher.With(func(p *agenttest.Publisher) { p.Deaf = 1 << 30 })
		s.run(t, 2*time.Hour)
		must(t, s.Close())
		s.open(t)
		s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\n")
		s.publisher.With(func(p *agenttest.Publisher) { p.Deaf = 0 })
		s.run(t, 3*time.Hour)
		s.noGap(t, start)
		if used := s.lastUsed(); used != 2 {
			t.Errorf("the publisher heard of %d devices at last, want 2", used)
		}
	})
}

// noGap checks that the periods which the publisher took lie one after another
// from a start, and gives how many they are.
func (s *setup) noGap(t *testing.T, start time.Time) int {
	t.Helper()
	periods := map[time.Time]licensefile.Usage{}
	s.publisher.With(func(p *agenttest.Publisher) {
		for _, r := range p.Requests {
			for _, u := range r.Usage {
				if u.To.After(start) {
					periods[u.To] = u
				}
			}
		}
	})
	from := start
	for _, to := range slices.SortedFunc(maps.Keys(periods), time.Time.Compare) {
		if u := periods[to]; !u.From.Equal(from) {
			t.Errorf("the period that ends at %v begins at %v, want %v: a gap or an overlap", to, u.From, from)
		}
		from = to
	}
	return len(periods)
}

func TestUsageOfATimeWithoutPublisherIsAllReported(t *testing.T) {
	patiently(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		start := time.Now().UTC()
		s.publisher.With(func(p *agenttest.Publisher) { p.Away = true })
		s.run(t, 9*day)
		s.take(t, "serial_number,platform\nC02A,mac\n")
		s.run(t, 11*day)
		s.publisher.With(func(p *agenttest.Publisher) { p.Away = false })
		s.run(t, 8*day)
		if n := s.noGap(t, start); n < 2 || s.lastUsed() != 1 {
			t.Errorf("the publisher took %d periods and heard of %d devices at last", n, s.lastUsed())
		}
	})
}

func TestRowActivatedByFileNeverCallsByItself(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.publisher.Sell(desktopKey, "desktop", 10, offline)
		request, _, err := s.RequestFile(t.Context(), "", "desktop", licensefile.KindActivate, desktopKey)
		must(t, err)
		_, err = s.LoadFile(t.Context(), s.publisher.TakeFile(t, request))
		must(t, err)
		s.run(t, 30*day)
		if diff := cmp.Diff([]licensefile.Kind{licensefile.KindActivate}, s.publisher.Kinds()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

func TestPlanThatCountsSilenceCallsHome(t *testing.T) {
	patiently(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10, func(k *agenttest.SoldKey) {
			k.Policy.WarnAfter, k.Policy.DisableAfter = licensefile.SecondsOf(7*day), licensefile.SecondsOf(14*day)
		})
		start := time.Now()
		s.run(t, day+time.Minute)
		if got := s.since(start, licensefile.KindCheckIn); len(got) != 1 || len(s.since(start, licensefile.KindRefresh)) != 0 {
			t.Errorf("check-ins %v", got)
		}
		s.publisher.With(func(p *agenttest.Publisher) { p.Away = true })
		s.run(t, 8*day)
		if codes := s.problems(t); !slices.Contains(codes, "silent") {
			t.Errorf("after 8 days of silence: %v", codes)
		}
		s.run(t, 7*day)
		if codes := s.problems(t); !slices.Contains(codes, "silent_too_long") {
			t.Errorf("after 15 days of silence: %v", codes)
		}
	})
}

func TestStricterPlanIsFollowedFromTheNextLicenseOn(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		start := time.Now()
		s.publisher.Change(desktopKey, func(k *agenttest.SoldKey) { k.Policy.ReportEvery = licensefile.SecondsOf(2 * day) })
		s.run(t, 2*day+time.Hour)
		if got := s.since(start, licensefile.KindReport); len(got) != 1 || got[0] != 2*day {
			t.Errorf("reports at %v, want one after 2 days", got)
		}
	})
}

func TestAnswersOfARestartedAgentComeOnTime(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		start := time.Now()
		s.run(t, 20*time.Hour)
		must(t, s.Close())
		s.open(t)
		s.run(t, 5*time.Hour)
		if diff := cmp.Diff([]time.Duration{day}, s.since(start, licensefile.KindRefresh)); diff != "" {
			t.Errorf("a restart must not shift the schedule (-want +got):\n%s", diff)
		}
	})
}

func TestRefusalOfThePublisherIsShownUntilItEnds(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.activate(t, desktopKey, "desktop", 10)
		s.publisher.With(func(p *agenttest.Publisher) { p.Refuse = "installation_forked" })
		s.run(t, day+time.Minute)
		status, err := s.Status(t.Context())
		must(t, err)
		if len(status.Problems) != 1 || status.Problems[0].Code != "installation_forked" || status.State != agent.Critical {
			t.Errorf("status %+v", status)
		}
		s.publisher.With(func(p *agenttest.Publisher) { p.Refuse = "" })
		s.run(t, 2*time.Hour)
		if diff := cmp.Diff([]string{}, s.problems(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
