package httpserver_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/problem"
)

func TestFailuresAreLimitedByAddress(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	l := httpserver.NewFailureLimiter(0, func() time.Time { return now })
	guesser, other := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("198.51.100.8")
	for i := range httpserver.DefaultFailuresPerMinute {
		if err := l.Allow(guesser); err != nil {
			t.Fatalf("failure %d is not allowed: %v", i+1, err)
		}
		l.Fail(guesser)
	}
	err := l.Allow(guesser)
	if !problem.Is(err, problem.TooManyFailures) || problem.From(err).RetryAfter != 6*time.Second {
		t.Errorf("after 10 failures: %v, want too_many_failures for 6 s", err)
	}
	if err := l.Allow(other); err != nil {
		t.Errorf("another address is held up: %v", err)
	}
	now = now.Add(6 * time.Second)
	if err := l.Allow(guesser); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	l.Fail(guesser)
	if err := l.Allow(guesser); err == nil {
		t.Error("a second failure within the wait is allowed")
	}
	now = now.Add(time.Minute)
	for range httpserver.DefaultFailuresPerMinute {
		l.Fail(guesser)
	}
	if err := l.Allow(guesser); err == nil {
		t.Error("more than 10 failures a minute are allowed")
	}
}

func TestSuccessesAreNeverLimited(t *testing.T) {
	l := httpserver.NewFailureLimiter(1, nil)
	addr := netip.MustParseAddr("198.51.100.7")
	for range 1000 {
		if err := l.Allow(addr); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFailureLimiterMemoryIsBounded(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	l := httpserver.NewFailureLimiter(1, func() time.Time { return now })
	for i := range uint32(60_000) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], i)
		l.Fail(netip.AddrFrom4(b))
	}
	if err := l.Allow(netip.AddrFrom4([4]byte{0, 0, 0, 0})); err != nil {
		t.Errorf("the oldest address is still kept: %v", err)
	}
	if err := l.Allow(netip.AddrFrom4([4]byte{0, 0, 234, 95})); err == nil {
		t.Error("the newest address is forgotten")
	}
}
