package licensefile

import "time"

// clockTolerance is how far a clock may be turned back with effect (EXCHANGE, Time).
const clockTolerance = 24 * time.Hour

// TrustedTime is what an installation remembers of time, for one slot, so that
// neither a clock set back nor one that was wrong once decides what holds.
// The zero value knows nothing and trusts the clock.
type TrustedTime struct {
	// Accepted is the greatest iat of an accepted answer.
	Accepted time.Time `json:"accepted"`

	// HighWater is the greatest clock seen since the last accepted news.
	HighWater time.Time `json:"high_water"`
}

// Now gives the time to judge by: the clock, but never before the publisher's
// last answer, and at most a day before the latest time that the clock showed.
func (t TrustedTime) Now(clock time.Time) time.Time {
	now := clock
	if t.Accepted.After(now) {
		now = t.Accepted
	}
	if t.HighWater.IsZero() {
		return now
	}
	if floor := t.HighWater.Add(-clockTolerance); floor.After(now) {
		now = floor
	}
	return now
}

// Observe notes what the clock shows.
func (t TrustedTime) Observe(clock time.Time) TrustedTime {
	if clock.After(t.HighWater) {
		t.HighWater = clock
	}
	return t
}

// Accept notes the iat of an accepted answer. When the answer carried a higher
// serial it is news, and sets the high-water mark back to the publisher's time:
// a clock that once showed 2040 locks nothing for ever.
func (t TrustedTime) Accept(iat time.Time, news bool) TrustedTime {
	if iat.After(t.Accepted) {
		t.Accepted = iat
	}
	if news {
		t.HighWater = iat
	}
	return t
}
