package licensing

import (
	"strings"
	"time"

	"github.com/licethq/licet/internal/catalog"
)

// State is where a subscription stands. It is computed from dates at every read
// and never trusted from the database.
type State string

// The states that people see.
const (
	NotStarted   State = "not_started"
	Active       State = "active"
	ExpiringSoon State = "expiring_soon" // within the plan's days of its end (P14), and until the grace is over
	Expired      State = "expired"       // after its end and the plan's grace (P18)
	Suspended    State = "suspended"
	Canceled     State = "canceled" // its last day is over
)

// inGrace is a state that only the log knows: people see expiring_soon and the
// day on which the grace ends.
const inGrace State = "in_grace"

// Recorded is what the log says that time has brought to a subscription.
type Recorded struct {
	State            State
	MaintenanceEnded bool
	Due              *time.Time // when time may bring something else; nil for never
}

const maintenanceEnded = "+maintenance_ended"

// text gives what is stored of a record.
func (r Recorded) text() string {
	if r.MaintenanceEnded {
		return string(r.State) + maintenanceEnded
	}
	return string(r.State)
}

func recordedFrom(text string, due *time.Time) Recorded {
	state, ended := strings.CutSuffix(text, maintenanceEnded)
	return Recorded{State: State(state), MaintenanceEnded: ended, Due: due}
}

// turn is an instant from which on time has brought a state.
type turn struct {
	at    time.Time
	state State
}

// turns gives what time brings to a subscription that is not canceled. Of those
// that have come the last of the list counts, also when dates coincide.
func (s Subscription) turns(policy catalog.Policy, zone *time.Location) []turn {
	turns := []turn{{s.Start(zone), Active}}
	if last := s.LastDay(); last != "" {
		soon := daysAfter(last, -policy.ExpiringWithinDays).StartIn(zone)
		turns = append(turns, turn{later(soon, s.Start(zone)), ExpiringSoon})
	}
	if s.EndsOn != "" && policy.ExpiryGraceDays > 0 {
		turns = append(turns, turn{s.EndsOn.EndIn(zone), inGrace})
	}
	if s.EndsOn != "" {
		turns = append(turns, turn{s.EndsOn.EndIn(zone).Add(policy.ExpiryGrace()), Expired})
	}
	return turns
}

// brought gives what time has brought to a subscription at an instant, and when
// it may bring the next thing. It is a function of dates alone: whatever has
// been missed meanwhile, only the last counts. Staff's suspension is no matter
// of time.
func (s Subscription) brought(policy catalog.Policy, zone *time.Location, now time.Time) Recorded {
	r := Recorded{State: NotStarted}
	next := func(at time.Time) {
		if at.After(now) && (r.Due == nil || at.Before(*r.Due)) {
			r.Due = &at
		}
	}
	if s.canceled(zone, now) {
		r.State = Canceled
	} else {
		for _, t := range s.turns(policy, zone) {
			if !now.Before(t.at) {
				r.State = t.state
			}
			next(t.at)
		}
		if s.CanceledOn != "" {
			next(s.CanceledOn.EndIn(zone))
		}
	}
	if s.MaintenanceEndsOn != "" {
		ends := s.MaintenanceEndsOn.EndIn(zone)
		r.MaintenanceEnded = !now.Before(ends)
		next(ends)
	}
	return r
}

// settled gives the subscription with what time has brought noted, for a verb
// that has changed its dates: what the verb records tells it already.
func (s Subscription) settled(policy catalog.Policy, zone *time.Location, now time.Time) Subscription {
	s.Recorded = s.brought(policy, zone, now)
	return s
}

// State gives the state that people see at an instant. What has ended is shown
// as such first, then a suspension, then what time has brought.
func (s Subscription) State(policy catalog.Policy, zone *time.Location, now time.Time) State {
	brought := s.brought(policy, zone, now).State
	switch {
	case brought == Canceled, brought == Expired:
		return brought
	case s.SuspendedAt != nil:
		return Suspended
	case brought == inGrace:
		return ExpiringSoon
	default:
		return brought
	}
}
