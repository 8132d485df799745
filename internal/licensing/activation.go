package licensing

import (
	"time"

	"github.com/licethq/licet/licensefile"
)

// EndReason says why an activation ended.
type EndReason string

// The reasons.
const (
	EndDeactivated EndReason = "deactivated"      // at the installation's own request
	EndMoved       EndReason = "moved"            // the installation put another key into the slot
	EndReleased    EndReason = "released"         // from the portal or by staff
	EndSublicense  EndReason = "sublicense_ended" // its sublicense came to its end (P10)
)

// Activation is a key bound to a slot from an instant to another. Usage belongs
// to it and leaves the pool when it ends.
type Activation struct {
	ID             string
	SlotID         string
	OrganizationID string
	KeyID          string
	SubscriptionID string
	Method         licensefile.Method // of the activation; it never changes
	StartedAt      time.Time
	EndedAt        *time.Time
	EndReason      EndReason
	EndNote        string // why staff released it, in their words

	Used           int64      // the value with the greatest end of period
	Peak           int64      // the highest ever reported
	UsedAt         *time.Time // that greatest end; nil before any report
	OverSince      *time.Time // when usage first exceeded the maximum, as the installation says (R5)
	OverRecorded   bool       // whether the log says that the row is over its limit
	GraceDue       *time.Time // when the end of its grace is to be recorded; nil for none, or done
	LastSeenAt     time.Time
	LastReportedAt *time.Time
	ExpiresAt      time.Time // of the newest license
}

// reported gives the activation after usage periods of a metric arrived, with
// the periods clipped to what has happened: an installation's clock may be
// wrong, and its usage is never refused for it.
func (a Activation) reported(periods []licensefile.Usage, metric string, now time.Time) (Activation, []licensefile.Usage) {
	clipped := make([]licensefile.Usage, 0, len(periods))
	for _, u := range periods {
		u.To = earlier(u.To, now)
		u.From = earlier(u.From, u.To)
		clipped = append(clipped, u)
		if u.Metric != metric {
			continue
		}
		a.Peak = max(a.Peak, u.Peak, u.Used)
		if a.UsedAt == nil || !u.To.Before(*a.UsedAt) {
			to := u.To
			a.Used, a.UsedAt = u.Used, &to
		}
	}
	if len(periods) > 0 {
		a.LastReportedAt = &now
	}
	return a, clipped
}

// figures gives as of when the figures of an activation are, and whether that is
// longer ago than it should be: they are reported every so often, zero for
// whenever.
func (a Activation) figures(every time.Duration, now time.Time) (time.Time, bool) {
	at := a.StartedAt
	if a.LastReportedAt != nil {
		at = *a.LastReportedAt
	}
	return at, a.EndedAt == nil && every > 0 && now.Sub(at) > every
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
