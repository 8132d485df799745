package httpserver

import (
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/licethq/licet/internal/problem"
)

// FailureLimiter counts failures by address: guesses of keys and passwords, bad
// signatures. Successes cost nothing, so a busy address is never held up. An
// address that used up its failures waits until the oldest is forgotten.
//
// Memory is bounded: it keeps the addresses that failed most recently.
type FailureLimiter struct {
	now       func() time.Time
	perMinute int
	mu        sync.Mutex
	addresses *lru.Cache[netip.Addr, *rate.Limiter]
}

// Usual size of a FailureLimiter.
const (
	DefaultFailuresPerMinute = 10
	rememberedAddresses      = 50_000
)

// NewFailureLimiter allows so many failures a minute; 0 is the default of 10.
// A nil now is the clock.
func NewFailureLimiter(perMinute int, now func() time.Time) *FailureLimiter {
	if perMinute <= 0 {
		perMinute = DefaultFailuresPerMinute
	}
	if now == nil {
		now = time.Now
	}
	addresses, err := lru.New[netip.Addr, *rate.Limiter](rememberedAddresses)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &FailureLimiter{now: now, perMinute: perMinute, addresses: addresses}
}

// Allow gives too_many_failures, with the time to wait, for an address that has
// no failure left.
func (l *FailureLimiter) Allow(addr netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, ok := l.addresses.Get(addr)
	if !ok {
		return nil
	}
	left := bucket.TokensAt(l.now())
	if left >= 1 {
		return nil
	}
	p := problem.New(problem.TooManyFailures)
	p.RetryAfter = time.Duration((1 - left) * float64(l.every()))
	return p
}

// Fail counts a failure of an address.
func (l *FailureLimiter) Fail(addr netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, ok := l.addresses.Get(addr)
	if !ok {
		bucket = rate.NewLimiter(rate.Every(l.every()), l.perMinute)
		l.addresses.Add(addr, bucket)
	}
	bucket.AllowN(l.now(), 1)
}

func (l *FailureLimiter) every() time.Duration { return time.Minute / time.Duration(l.perMinute) }
