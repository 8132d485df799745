package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/licensefile"
)

// roundTrip is a carrier made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func TestRequestIsStoredBeforeItLeaves(t *testing.T) {
	w := newWorld(t)
	sent := 0
	w.via = roundTrip(func(r *http.Request) (*http.Response, error) {
		body := string(must(io.ReadAll(must(r.GetBody()))))
		if !strings.Contains(w.store.text(), body) {
			t.Errorf("request %d left before it was stored", sent)
		}
		sent++
		return http.DefaultTransport.RoundTrip(r)
	})
	w.restart()
	w.activate()
	for _, call := range []func() (*client.Outcome, error){
		func() (*client.Outcome, error) { return w.client.Refresh(t.Context(), desktop) },
		func() (*client.Outcome, error) { return w.client.CheckIn(t.Context(), desktop, nil) },
		func() (*client.Outcome, error) { return w.client.Report(t.Context(), desktop, nil) },
		func() (*client.Outcome, error) { return w.client.Deactivate(t.Context(), desktop, nil) },
	} {
		if _, err := call(); err != nil {
			t.Fatal(err)
		}
	}
	if sent != 5 {
		t.Errorf("%d requests left, want 5", sent)
	}
}

func TestRequestThatCannotBeStoredNeverLeaves(t *testing.T) {
	w := newWorld(t)
	w.activate()
	full := errors.New("disk full")
	w.store.fail = func(int) error { return full }
	if _, err := w.client.Refresh(t.Context(), desktop); !errors.Is(err, full) {
		t.Errorf("refreshing: got %v, want the store's error", err)
	}
	if n := len(w.publisher.requests()); n != 1 {
		t.Errorf("%d requests left, want the activation alone", n)
	}
	w.store.fail = nil
	if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
		t.Errorf("refreshing with a store again: %v", err)
	}
	if w.publisher.forks != 0 {
		t.Errorf("the publisher saw %d forks, want none", w.publisher.forks)
	}
}

func TestLostAnswerIsFetchedWithTheSameBytes(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*world) // gets the world ready
		call   func(*world) (*client.Outcome, error)
	}{
		{"activate", func(*world) {}, func(w *world) (*client.Outcome, error) {
			return w.client.Activate(w.t.Context(), desktop, key, nil)
		}},
		{"refresh", func(w *world) { w.activate() }, func(w *world) (*client.Outcome, error) {
			return w.client.Refresh(w.t.Context(), desktop)
		}},
		{"report", func(w *world) { w.activate() }, func(w *world) (*client.Outcome, error) {
			return w.client.Report(w.t.Context(), desktop, []licensefile.Usage{{Metric: "d", From: w.clock, To: w.clock, Used: int64(w.clock.Hour())}})
		}},
		{"check in", func(w *world) { w.activate() }, func(w *world) (*client.Outcome, error) {
			return w.client.CheckIn(w.t.Context(), desktop, nil)
		}},
		{"deactivate", func(w *world) { w.activate() }, func(w *world) (*client.Outcome, error) {
			return w.client.Deactivate(w.t.Context(), desktop, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.before(w)
			done := len(w.publisher.requests())
			w.publisher.lose.Store(true)
			var unreachable *client.Unreachable
			if _, err := c.call(w); !errors.As(err, &unreachable) {
				t.Fatalf("lost answer: got %v, want an *Unreachable", err)
			}
			w.publisher.lose.Store(false)
			w.pass(time.Hour)
			w.restart() // the process died meanwhile
			out, err := c.call(w)
			if err != nil {
				t.Fatalf("calling again: %v", err)
			}
			if !out.Repeated {
				t.Error("the outcome does not say that an earlier request was answered")
			}
			sent := w.publisher.requests()[done:]
			for _, body := range sent {
				if body != sent[0] {
					t.Errorf("sent other bytes the second time:\n%s\n%s", sent[0], body)
				}
			}
			if w.publisher.forks != 0 {
				t.Errorf("the publisher saw %d forks, want none", w.publisher.forks)
			}
		})
	}
}

func TestRepeatedReportTellsWhatItDelivered(t *testing.T) {
	w := newWorld(t)
	w.activate()
	period := func(n int64) []licensefile.Usage {
		return []licensefile.Usage{{Metric: "devices", From: start, To: start.Add(time.Duration(n) * time.Hour), Used: n, Peak: n}}
	}
	w.publisher.lose.Store(true)
	if _, err := w.client.Report(t.Context(), desktop, period(1)); err == nil {
		t.Fatal("a lost answer was taken")
	}
	w.publisher.lose.Store(false)
	out, err := w.client.Report(t.Context(), desktop, period(2))
	if err != nil {
		t.Fatal(err)
	}
	if !out.Repeated || len(out.Usage) != 1 || out.Usage[0].Used != 1 {
		t.Errorf("outcome: got %+v, want the first report's usage, repeated", out)
	}
	out, err = w.client.Report(t.Context(), desktop, period(2))
	if err != nil || out.Repeated || out.Usage[0].Used != 2 {
		t.Errorf("next report: got %+v, %v, want the second usage", out, err)
	}
}

func TestCrashBetweenStoringAndSendingRepeatsTheSameBytes(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.via = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("power lost") })
	w.restart()
	if _, err := w.client.Refresh(t.Context(), desktop); err == nil {
		t.Fatal("refreshed without a line")
	}
	pending, err := w.client.Pending(t.Context(), desktop)
	if err != nil || pending == nil {
		t.Fatalf("pending: got %v, %v", pending, err)
	}
	w.via = nil
	w.pass(48 * time.Hour)
	w.restart()
	if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
		t.Fatalf("refreshing after the crash: %v", err)
	}
	sent := w.publisher.requests()
	if got := sent[len(sent)-1]; got != pending.Compact {
		t.Errorf("sent after the crash:\n%s\nwant what was stored before it:\n%s", got, pending.Compact)
	}
}

func TestCrashBetweenAnswerAndStoringGetsTheAnswerAgain(t *testing.T) {
	w := newWorld(t)
	w.activate()
	crash := errors.New("killed")
	saves := w.store.saves
	w.store.fail = func(save int) error {
		if save == saves+2 { // the first stores the request, the second the answer
			return crash
		}
		return nil
	}
	if _, err := w.client.Refresh(t.Context(), desktop); !errors.Is(err, crash) {
		t.Fatalf("refreshing: got %v, want the crash", err)
	}
	w.restart()
	out, err := w.client.Refresh(t.Context(), desktop)
	if err != nil || out.License.Serial != 2 || !out.Repeated {
		t.Errorf("after the crash: got %+v, %v, want the license of serial 2, repeated", out, err)
	}
}

func TestCallerWhoGivesUpAfterSendingLosesNoAnswer(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := contextWithCancel(t)
	w.via = roundTrip(func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body := must(io.ReadAll(response.Body))
		response.Body.Close()
		response.Body = io.NopCloser(strings.NewReader(string(body)))
		cancel()
		return response, nil
	})
	w.restart()
	if _, err := w.client.Activate(ctx, desktop, key, nil); err != nil {
		t.Fatalf("activating: %v", err)
	}
	if s := w.slot(); !s.Active() {
		t.Errorf("slot: got %+v, want it active", s)
	}
}

func TestRefusalForGoodEndsTheWaiting(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer *refusal
		kept   bool
	}{
		{"key in use", problem(http.StatusConflict, "key_in_use", 0), false},
		{"offline not allowed", problem(http.StatusForbidden, "offline_not_allowed", 0), false},
		{"too many failures", problem(http.StatusTooManyRequests, "too_many_failures", 0), true},
		{"database away", problem(http.StatusServiceUnavailable, "database_unavailable", 0), true},
		{"not a problem", &refusal{status: http.StatusNotFound, body: `<html>`}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publisher.refuse = func(licensefile.Request) *refusal { return c.answer }
			if _, err := w.client.Activate(t.Context(), desktop, key, nil); err == nil {
				t.Fatal("activated")
			}
			if got := w.slot().Pending != nil; got != c.kept {
				t.Errorf("request kept: got %v, want %v", got, c.kept)
			}
			w.publisher.refuse = nil
			w.activate()
			if w.publisher.forks != 0 {
				t.Errorf("the publisher saw %d forks, want none", w.publisher.forks)
			}
		})
	}
}

func TestSupersededInstallationSignsAgainAboveTheHighest(t *testing.T) {
	w := newWorld(t)
	w.activate()
	image := w.store.text()
	for range 3 {
		if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
			t.Fatal(err)
		}
	}
	w.store.saved = []byte(image) // a backup was restored
	w.restart()
	out, err := w.client.Refresh(t.Context(), desktop)
	if err != nil {
		t.Fatalf("refreshing the restored installation: %v", err)
	}
	if out.License.Serial != 5 || w.slot().Sequence != 5 {
		t.Errorf("got serial %d at sequence %d, want 5 at 5", out.License.Serial, w.slot().Sequence)
	}
}

func TestSupersededIsTriedOnceMoreOnly(t *testing.T) {
	for _, c := range []struct {
		name    string
		highest func(sequence int64) int64
		sent    int
	}{
		{"always one higher", func(n int64) int64 { return n + 1 }, 2},
		{"not said", func(int64) int64 { return 0 }, 1},
		{"lower than what was sent", func(n int64) int64 { return n - 1 }, 1},
		{"incredibly high", func(int64) int64 { return licensefile.MaxSequence - 1 }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.activate()
			w.publisher.refuse = func(r licensefile.Request) *refusal {
				return problem(http.StatusConflict, "request_superseded", c.highest(r.Sequence))
			}
			_, err := w.client.Refresh(t.Context(), desktop)
			w.wantCode(err, "request_superseded")
			if got := len(w.publisher.requests()) - 1; got != c.sent {
				t.Errorf("%d requests sent, want %d", got, c.sent)
			}
			if got := w.slot().Sequence; got > 10 {
				t.Errorf("sequence: got %d, want it not to leap", got)
			}
		})
	}
}
