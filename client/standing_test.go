package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/licethq/licet/licensefile"
)

// standing gives where the desktop slot stands, or fails the test.
func (w *world) standing() licensefile.Rung {
	w.t.Helper()
	rung, err := w.client.Standing(w.t.Context(), desktop)
	if err != nil {
		w.t.Fatalf("standing: %v", err)
	}
	return rung
}

// may gives the decision about an enrollment, or fails the test.
func (w *world) may() licensefile.Decision {
	w.t.Helper()
	decision, err := w.client.May(w.t.Context(), desktop, licensefile.Enroll)
	if err != nil {
		w.t.Fatalf("may: %v", err)
	}
	return decision
}

func TestLicenseHoldsUntilItsLeaseEnds(t *testing.T) {
	w := newWorld(t)
	w.activate()
	rung := w.standing()
	if want := start.Add(30 * 24 * time.Hour); rung.State != licensefile.StateOK || !rung.Until.Equal(want) {
		t.Errorf("standing: got %+v, want ok until %v", rung, want)
	}
	w.clock = start.Add(30*24*time.Hour - time.Second)
	if _, err := w.client.Verify(t.Context(), desktop); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	w.clock = start.Add(30 * 24 * time.Hour)
	_, err := w.client.Verify(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeLicenseExpired)
	if d := w.may(); d.Code != licensefile.CodeLeaseExpired || d.Verdict != licensefile.Refuse {
		t.Errorf("may enroll: got %+v, want lease_expired", d)
	}
	if _, err := w.client.License(t.Context(), desktop); err != nil {
		t.Errorf("what is held can still be read: %v", err)
	}
}

func TestClockOnceAtTheYear2040LocksNothingForEver(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.clock = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := w.standing().State; got != licensefile.StateLapsed {
		t.Errorf("in 2040: got %s, want lapsed", got)
	}
	w.clock = start.Add(time.Hour)
	w.restart()
	if got := w.standing().State; got != licensefile.StateLapsed {
		t.Errorf("set back, before news: got %s, want still lapsed", got)
	}
	w.pass(0)
	w.publisher.now = start.Add(time.Hour)
	if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
		t.Fatalf("refreshing: %v", err)
	}
	if got := w.standing().State; got != licensefile.StateOK {
		t.Errorf("after news of the publisher: got %s, want ok", got)
	}
}

func TestClockSetBackGainsADayAtMost(t *testing.T) {
	w := newWorld(t)
	w.activate()
	for range 31 {
		w.clock = w.clock.Add(24 * time.Hour)
		w.standing() // a program asks now and then
	}
	w.clock = start
	if got := w.standing().State; got != licensefile.StateLapsed {
		t.Errorf("set back by a month: got %s, want lapsed", got)
	}
}

func TestStoreThatFailsDoesNotStopTheAnswering(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.store.fail = func(int) error { return errors.New("disk full") }
	w.clock = w.clock.Add(2 * time.Hour)
	if d := w.may(); d.Verdict != licensefile.Allow {
		t.Errorf("may enroll: got %+v, want allow", d)
	}
}

func TestOverLimitClockStartsStopsAndIsReported(t *testing.T) {
	w := newWorld(t)
	w.activate()
	if err := w.client.SetUsed(t.Context(), desktop, 10); err != nil {
		t.Fatal(err)
	}
	if d := w.may(); d.Code != licensefile.CodeLimitReached || w.slot().OverSince != nil {
		t.Errorf("at the maximum: got %+v, over since %v, want limit_reached and no clock", d, w.slot().OverSince)
	}
	w.pass(time.Hour)
	if err := w.client.SetUsed(t.Context(), desktop, 12); err != nil {
		t.Fatal(err)
	}
	since := start.Add(time.Hour)
	w.pass(time.Hour)
	if err := w.client.SetUsed(t.Context(), desktop, 8); err != nil { // under: the clock goes on (R5)
		t.Fatal(err)
	}
	if _, err := w.client.Report(t.Context(), desktop, nil); err != nil {
		t.Fatal(err)
	}
	if got := w.publisher.lastRequest.OverSince; got == nil || !got.Equal(since) {
		t.Errorf("over_since in the report: got %v, want %v", got, since)
	}
	if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
		t.Fatal(err)
	}
	if got := w.publisher.lastRequest.OverSince; got != nil {
		t.Errorf("over_since in an online refresh: got %v, want none", got)
	}
	if err := w.client.SetUsed(t.Context(), desktop, 12); err != nil {
		t.Fatal(err)
	}
	w.clock = since.Add(7 * 24 * time.Hour)
	if d := w.may(); d.Code != licensefile.CodeOverLimitSuspended {
		t.Errorf("after the grace: got %+v, want over_limit_suspended", d)
	}
	w.publisher.maximum = 11 // buying more, though not enough
	w.publisher.now = w.clock
	if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
		t.Fatal(err)
	}
	if got := w.slot().OverSince; got == nil || !got.Equal(w.clock) {
		t.Errorf("after buying: clock since %v, want it started anew at %v", got, w.clock)
	}
	if d := w.may(); d.Verdict != licensefile.Warn {
		t.Errorf("after buying: got %+v, want warn", d)
	}
}

func TestUsageThatIsReportedCountsHereToo(t *testing.T) {
	w := newWorld(t)
	w.activate()
	usage := []licensefile.Usage{
		{Metric: "devices", From: start, To: start.Add(2 * time.Hour), Used: 11, Peak: 11},
		{Metric: "devices", From: start, To: start.Add(time.Hour), Used: 3, Peak: 3},
	}
	if _, err := w.client.Report(t.Context(), desktop, usage); err != nil {
		t.Fatal(err)
	}
	if s := w.slot(); s.Used != 11 || s.OverSince == nil {
		t.Errorf("slot: got used %d, over since %v, want 11 and a running clock", s.Used, s.OverSince)
	}
	if w.publisher.lastRequest.OverSince == nil {
		t.Error("the report that goes over does not say since when")
	}
}

func TestLicenseOfACallerIsACopy(t *testing.T) {
	w := newWorld(t)
	w.activate()
	l := must(w.client.License(t.Context(), desktop))
	*l.Grant.Maximum = 1 << 40
	if again := must(w.client.License(t.Context(), desktop)); *again.Grant.Maximum != 10 {
		t.Errorf("maximum: got %d, want 10 whatever a caller does with its copy", *again.Grant.Maximum)
	}
}
