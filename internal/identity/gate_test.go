package identity_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// hall is a gate before attempts that end when the test says so.
type hall struct {
	gate    *identity.Gate
	release chan bool // whether the attempt was right

	mu      sync.Mutex
	started []string
	ended   map[string]error
	attempt sync.WaitGroup
}

func newHall(limits identity.GateLimits) *hall {
	return &hall{gate: identity.NewGate(limits), release: make(chan bool), ended: map[string]error{}}
}

// enter makes an attempt in a lane and waits until it is in line.
func (h *hall) enter(ctx context.Context, name string, l identity.Lane) {
	h.attempt.Go(func() {
		err := h.gate.Try(ctx, l, func() (bool, error) {
			h.mu.Lock()
			h.started = append(h.started, name)
			h.mu.Unlock()
			return <-h.release, nil
		})
		h.mu.Lock()
		h.ended[name] = err
		h.mu.Unlock()
	})
	synctest.Wait()
}

// end lets every attempt end, as right or wrong.
func (h *hall) end(right bool) {
	done := make(chan struct{})
	go func() { h.attempt.Wait(); close(done) }()
	for {
		select {
		case h.release <- right:
		case <-done:
			return
		}
	}
}

func address(n int) identity.Lane { return identity.Lane{Key: fmt.Sprintf("address %d", n)} }

func TestLanesTakeTurnsAndKnownBrowsersAreNotHeldUpByAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(identity.GateLimits{AtOnce: 1})
		for i := range 4 {
			h.enter(t.Context(), fmt.Sprintf("flood %d", i), address(1))
		}
		h.enter(t.Context(), "second 0", address(2))
		h.enter(t.Context(), "third 0", address(3))
		h.enter(t.Context(), "owner", identity.Lane{Key: "browser", Known: true})
		h.end(true)
		want := []string{"flood 0", "owner", "flood 1", "second 0", "third 0", "flood 2", "flood 3"}
		if diff := cmp.Diff(want, h.started); diff != "" {
			t.Errorf("turns (-want +got):\n%s", diff)
		}
	})
}

func TestNoMoreRunAtOnceThanTheGateAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var most atomic.Int64
		h := newHall(identity.GateLimits{Watch: func(running, _ int) { most.Store(max(most.Load(), int64(running))) }})
		for i := range 100 {
			h.enter(t.Context(), fmt.Sprint(i), address(i))
		}
		if n := len(h.started); n != 2 {
			t.Errorf("%d run, want 2", n)
		}
		h.end(false)
		if most.Load() != 2 || len(h.started) != 100 {
			t.Errorf("%d ran at most, %d altogether; want 2 and 100", most.Load(), len(h.started))
		}
	})
}

func TestWaitingIsBoundedAndAFloodMakesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(identity.GateLimits{AtOnce: 1, PerLane: 3, Waiting: 4})
		for i := range 5 { // one runs, three wait, one is too many
			h.enter(t.Context(), fmt.Sprintf("flood %d", i), address(1))
		}
		h.enter(t.Context(), "second", address(2))
		h.enter(t.Context(), "third", address(3)) // takes the place of flood 3
		h.enter(t.Context(), "fourth", address(4))
		h.enter(t.Context(), "fifth", address(5)) // every lane is as short as its own
		h.end(true)
		got := map[string]bool{}
		for name, err := range h.ended {
			got[name] = problem.Is(err, problem.Busy)
		}
		want := map[string]bool{
			"flood 0": false, "flood 1": false, "flood 2": true, "flood 3": true, "flood 4": true,
			"second": false, "third": false, "fourth": false, "fifth": true,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("busy (-want +got):\n%s", diff)
		}
		if wait := problem.From(h.ended["flood 4"]).RetryAfter; wait < time.Second {
			t.Errorf("busy says to wait %v", wait)
		}
	})
}

func TestALaneThatFailsIsSlowedNotRefusedAndOthersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := identity.NewGate(identity.GateLimits{})
		try := func(l identity.Lane, right bool) time.Duration {
			began := time.Now()
			if err := g.Try(t.Context(), l, func() (bool, error) { return right, nil }); err != nil {
				t.Errorf("%s: %v", l.Key, err)
			}
			return time.Since(began).Round(time.Millisecond)
		}
		var waits []time.Duration
		for range 12 {
			waits = append(waits, try(address(1), false))
		}
		waits = append(waits, try(address(1), true), try(address(2), true), try(identity.Lane{Key: "browser", Known: true}, true))
		const s = time.Second
		want := []time.Duration{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6 * s, 6 * s, 6 * s, 0, 0}
		if diff := cmp.Diff(want, waits); diff != "" {
			t.Errorf("waits (-want +got):\n%s", diff)
		}
	})
}

func TestAttemptsSideBySideDoNotShareAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(identity.GateLimits{AtOnce: 8, FailuresPerMinute: 2})
		for i := range 5 {
			h.enter(t.Context(), fmt.Sprint(i), address(1))
		}
		if n := len(h.started); n != 2 {
			t.Errorf("%d of a lane run with 2 failures left, want 2", n)
		}
		h.end(true)
	})
}

func TestWhoLeavesTheLineTakesNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(identity.GateLimits{AtOnce: 1})
		h.enter(t.Context(), "first", address(1))
		ctx, leave := context.WithCancel(t.Context())
		h.enter(ctx, "leaver", address(2))
		h.enter(t.Context(), "last", address(3))
		leave()
		synctest.Wait()
		h.end(true)
		if diff := cmp.Diff([]string{"first", "last"}, h.started); diff != "" || !errors.Is(h.ended["leaver"], context.Canceled) {
			t.Errorf("leaver: %v, turns (-want +got):\n%s", h.ended["leaver"], diff)
		}
	})
}

func TestAnAttemptThatBreaksGivesItsTurnBack(t *testing.T) {
	g := identity.NewGate(identity.GateLimits{AtOnce: 1, FailuresPerMinute: 1})
	broken := errors.New("broken")
	for range 3 { // an error is no failure of the lane
		if err := g.Try(t.Context(), address(1), func() (bool, error) { return false, broken }); !errors.Is(err, broken) {
			t.Errorf("got %v, want the attempt's own error", err)
		}
	}
}
