package licensefile

import "time"

// State is a rung of the ladder that a row goes down as time passes.
type State string

// The rungs, from the top.
const (
	StateOK          State = "ok"
	StateWarning     State = "warning"     // silent for longer than warn_after (M6)
	StateDisabled    State = "disabled"    // silent for longer than disable_after (M6)
	StateLapsed      State = "lapsed"      // the newest license's exp has come without the end: the lease is over
	StateExpired     State = "expired"     // the subscription's end, with its grace, has come (P18)
	StateDeactivated State = "deactivated" // ended, or never activated
)

// Row is what Standing, Status and May need to know of a row (a slot). Whoever
// asks fills it: an installation from its license and its own counts (RowOf), a
// server from its tables. Instants may be in any zone.
type Row struct {
	End         *time.Time // the subscription's end with its grace; nil for ever
	Expires     time.Time  // exp of the newest license; zero means there is none
	LastContact time.Time  // last accepted answer or request; zero counts from never
	Policy      Policy
	KeyKind     string     // primary, sublicense or product: which remedies exist (P8)
	Maximum     *int64     // nil is unlimited
	Unused      *int64     // licenses of the subscription in nobody's use; nil is unlimited or unknown
	Used        int64      // devices now
	OverSince   *time.Time // since when the row has been over its maximum; see OverClock
	Suspended   bool       // by the publisher's staff
	Deactivated bool
}

// RowOf gives the row of an installation that holds a license, uses that many
// licenses now, heard from the publisher last at lastContact, and has been over
// its maximum since overSince, if ever. A zero lastContact means the license's
// own iat, since activating is a contact.
func RowOf(l License, used int64, lastContact time.Time, overSince *time.Time) Row {
	if lastContact.IsZero() {
		lastContact = l.IssuedAt.Time()
	}
	return Row{
		End:         l.Grant.End,
		Expires:     l.Expires.Time(),
		LastContact: lastContact,
		Policy:      l.Grant.Policy,
		KeyKind:     l.Grant.KeyKind,
		Maximum:     l.Grant.Maximum,
		Unused:      l.Grant.Unused,
		Used:        used,
		OverSince:   overSince,
		Suspended:   l.Grant.Suspended,
	}
}

// Rung is where a row stands.
type Rung struct {
	State State `json:"state"`

	// Until is the instant at which the row goes further down if nothing
	// happens; nil if it never does. A silent row (ok, warning) still stands
	// where it is at that instant and goes down right after it, as M6 counts; at
	// an exp or end it is already down.
	Until *time.Time `json:"until,omitempty"`
}

// step is one way down: the rung it leads to, and when.
type step struct {
	state State
	at    time.Time
	after bool // down only right after the instant
}

// come reports whether the step has been taken.
func (s step) come(now time.Time) bool {
	if s.after {
		return now.After(s.at)
	}
	return !now.Before(s.at)
}

// Standing gives the lowest rung that a row has reached. Deactivated, expired,
// lapsed, disabled, warning, ok: the first that applies.
func Standing(r Row, now time.Time) Rung {
	if !r.activated() {
		return Rung{State: StateDeactivated}
	}
	rung := Rung{State: StateOK}
	for _, s := range r.steps() { // from the top down
		if s.come(now) {
			rung = Rung{State: s.state}
			continue
		}
		if rung.Until == nil || s.at.Before(*rung.Until) {
			at := s.at.UTC()
			rung.Until = &at
		}
	}
	return rung
}

// steps lists the ways down that the row's plan has, from the top.
func (r Row) steps() []step {
	steps := make([]step, 0, 4)
	if d := r.Policy.WarnAfter.Duration(); d > 0 {
		steps = append(steps, step{StateWarning, r.LastContact.Add(d), true})
	}
	if d := r.Policy.DisableAfter.Duration(); d > 0 {
		steps = append(steps, step{StateDisabled, r.LastContact.Add(d), true})
	}
	steps = append(steps, step{StateLapsed, r.Expires, false})
	if r.End != nil {
		steps = append(steps, step{StateExpired, *r.End, false})
	}
	return steps
}

// activated reports whether the row holds a license at all.
func (r Row) activated() bool { return !r.Deactivated && !r.Expires.IsZero() }

// ended reports whether the subscription's end has come.
func (r Row) ended(now time.Time) bool { return r.End != nil && !now.Before(*r.End) }

// lapsed reports whether the newest license's exp has come.
func (r Row) lapsed(now time.Time) bool { return !now.Before(r.Expires) }

// silent reports whether the row has been silent for longer than its plan allows.
func (r Row) silent(now time.Time) bool {
	d := r.Policy.DisableAfter.Duration()
	return d > 0 && now.After(r.LastContact.Add(d))
}

// Over reports whether more is used than allowed; never at exactly the maximum (P7).
func Over(r Row) bool { return r.Maximum != nil && r.Used > *r.Maximum }

// full reports whether one more would be over.
func (r Row) full() bool { return r.Maximum != nil && r.Used >= *r.Maximum }

// NearLimit reports whether a row has reached the percentage of its maximum at
// which people want to know (P14) and is not over it. It is for alerts: nothing
// is refused for it.
func NearLimit(r Row) bool {
	if r.Maximum == nil || *r.Maximum <= 0 || r.Policy.WarnPercent <= 0 || Over(r) {
		return false
	}
	percent := min(r.Policy.WarnPercent, 100)
	return r.Used*100 >= *r.Maximum*percent
}

// graceEnds gives the instant from which an over-limit row is suspended; nil if
// its plan does not do that, or it is not over. With no start known, the clock
// starts now.
func (r Row) graceEnds(now time.Time) *time.Time {
	if !Over(r) || r.Policy.OverLimit != OverLimitGrace {
		return nil
	}
	start := now
	if r.OverSince != nil {
		start = *r.OverSince
	}
	end := start.Add(r.Policy.OverLimitGrace.Duration()).UTC()
	return &end
}

// graceOver reports whether the grace for being over the limit has ended (R5).
func (r Row) graceOver(now time.Time) bool {
	end := r.graceEnds(now)
	return end != nil && !now.Before(*end)
}

// OverClock gives the start of the over-limit clock after a count of used
// licenses: it starts when used first exceeds the maximum, and going under again
// does not reset it (R5). RaisedMaximum says when buying does.
func OverClock(since *time.Time, used int64, maximum *int64, now time.Time) *time.Time {
	if since == nil && maximum != nil && used > *maximum {
		start := now.UTC().Truncate(time.Second)
		return &start
	}
	return since
}

// RaisedMaximum reports whether a new maximum is above the old one, which resets
// the over-limit clock (R5); unlimited is above everything.
func RaisedMaximum(before, after *int64) bool {
	return before != nil && (after == nil || *after > *before)
}

// The statuses that are shown of a row, the first that applies.
const (
	RowDeactivated = "deactivated"
	RowExpired     = "expired"
	RowSuspended   = "suspended" // by staff, or since the over-limit grace ended
	RowOverLimit   = "over_limit"
	RowActive      = "active"
)

// Status gives the status that people see of a row (EXCHANGE, One ladder).
func Status(r Row, now time.Time) string {
	switch {
	case !r.activated():
		return RowDeactivated
	case r.ended(now):
		return RowExpired
	case r.Suspended || r.graceOver(now):
		return RowSuspended
	case Over(r):
		return RowOverLimit
	}
	return RowActive
}
