package agent

import (
	"time"
)

// DutyKind is something that an online row does with the publisher by itself.
type DutyKind string

// The duties.
const (
	DutySync   DutyKind = "sync"   // fetch the license: a refresh, or a check-in where silence counts
	DutyReport DutyKind = "report" // report usage
)

// Duty is when a row is due, and how it went last time. The zero value is of a
// row that has no such duty.
type Duty struct {
	Kind  DutyKind
	DueAt time.Time

	DoneAt      *time.Time // the last success
	Failures    int64      // since then
	FailedSince *time.Time
	Code        string // of the last failure
	Message     string
}

// Pace is how contacts are spread and repeated. The intervals themselves are the
// plan's; these only keep many installations from calling at once.
type Pace struct {
	// Jitter is the part of an interval by which a contact may come early, 0 to 1.
	Jitter float64

	RetryFirst time.Duration // wait after the first failure; doubled by each further one
	RetryMost  time.Duration // the longest wait
}

// DefaultPace spreads contacts over the last tenth of their interval and tries
// again from a minute up to an hour after a failure.
func DefaultPace() Pace {
	return Pace{Jitter: 0.1, RetryFirst: time.Minute, RetryMost: time.Hour}
}

// next gives when something is due that happens every so often; random is in
// [0, 1). It is early, never late, so that the plan's interval holds.
func (p Pace) next(done time.Time, every time.Duration, random float64) time.Time {
	return done.Add(every - time.Duration(float64(every)*p.Jitter*random))
}

// retry gives when to try again after that many failures in a row: doubling, in
// the upper half of the wait, not before the server asked for, and never later
// than the interval itself.
func (p Pace) retry(now time.Time, failures int64, every, asked time.Duration, random float64) time.Time {
	wait := p.RetryFirst
	for i := int64(1); i < failures && wait < p.RetryMost; i++ {
		wait *= 2
	}
	wait = min(wait, p.RetryMost)
	if every > 0 {
		wait = min(wait, every)
	}
	wait = wait/2 + time.Duration(float64(wait/2)*random)
	return now.Add(max(wait, asked))
}

// succeeded gives the duty after a success.
func (d Duty) succeeded(now, due time.Time) Duty {
	return Duty{Kind: d.Kind, DueAt: due, DoneAt: &now}
}

// failed gives the duty after a failure.
func (d Duty) failed(now, due time.Time, code, message string) Duty {
	d.DueAt, d.Code, d.Message = due, code, message
	d.Failures++
	if d.FailedSince == nil {
		d.FailedSince = &now
	}
	return d
}
