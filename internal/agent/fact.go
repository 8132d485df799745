package agent

import "time"

// Claim is what a fact says about the management of a device.
type Claim string

// The claims.
const (
	// Enrolling: the device has begun to enroll. It is not counted yet, since an
	// enrollment may fail after it; a device that was managed stays counted.
	Enrolling Claim = "enrolling"
	Managed   Claim = "managed" // the device is under management, and counted
	Gone      Claim = "gone"    // the device has left management

	// connected: the device has answered its management server. It says nothing of
	// how it is managed and is never the state of a sighting.
	connected Claim = "connected"
)

// Fact is what a source says about a device at an instant.
type Fact struct {
	Source   string
	Identity Identity
	Claim    Claim
	Platform Platform

	Name      string
	Model     string
	OSVersion string

	// At is when it happened by the source's clock. Zero: now, by ours; such a
	// fact is never too old.
	At time.Time
}

// Sighting is what one source says about one device, after all its facts.
type Sighting struct {
	DeviceID  string
	Source    string
	State     Claim
	ManagedAt *time.Time // when the present management began, by the agent's clock
	EventAt   time.Time  // the newest dated fact, by the source's clock; zero: none yet
	SeenAt    time.Time  // of its newest word; never ahead of the agent's clock

	// FreedAt says when the device was taken out for being unseen. Its next word
	// proves that it is there.
	FreedAt *time.Time
}

// seenAt gives when a fact that came in at now shows the device. That is when it
// happened, so that a repeated event shows nothing new.
func (f Fact) seenAt(now time.Time) time.Time {
	if f.At.IsZero() || f.At.After(now) {
		return now
	}
	return stored(f.At)
}

// later gives the later of two instants: what was seen stays seen.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// after gives the sighting after a fact that came in at now, and whether the
// fact was news. One that is dated by its source and not newer than the newest
// known changes nothing, so neither a repeated event nor a replayed CheckOut does.
func (s Sighting) after(f Fact, now time.Time) (Sighting, bool) {
	next := Sighting{DeviceID: s.DeviceID, Source: f.Source, State: f.Claim, EventAt: stored(f.At), SeenAt: later(s.SeenAt, f.seenAt(now))}
	switch {
	case f.At.IsZero():
		// Our own word leaves the source's clock alone, which may go otherwise.
		next.EventAt = s.EventAt
	case s.completedBy(f):
		next.EventAt = s.EventAt
	case !next.EventAt.After(s.EventAt):
		return s, false
	}
	if s.State == Managed && f.Claim == Enrolling {
		// A device that enrolls anew is not gone in between: only a CheckOut
		// says so, and the count must not flicker.
		next.State = Managed
	}
	if next.State == Managed {
		next.ManagedAt = s.ManagedAt
		if s.State != Managed {
			next.ManagedAt = &now
		}
	}
	return next, true
}

// disorder is by how much two events of one enrollment may be dated the wrong way
// round: NanoMDM dates an event when it gets to post it, each in a goroutine of
// its own, and not when the device sent the message.
const disorder = time.Second

// completedBy reports whether a fact completes the enrollment that the newest
// fact began, although it is dated a little before it.
func (s Sighting) completedBy(f Fact) bool {
	early := s.EventAt.Sub(stored(f.At))
	return s.State == Enrolling && f.Claim == Managed && early >= 0 && early < disorder
}

// standing gives what several sources together say about a device: whether any
// manages it, and from which of them it takes its site: the one that began to
// manage it last, for that is where it was enrolled last.
func standing(sightings []Sighting) (managed bool, source string) {
	var since time.Time
	for _, s := range sightings {
		if s.State != Managed || s.ManagedAt == nil {
			continue
		}
		newer := s.ManagedAt.After(since)
		tie := s.ManagedAt.Equal(since) && s.Source < source
		if !managed || newer || tie {
			managed, source, since = true, s.Source, *s.ManagedAt
		}
	}
	return managed, source
}

// joined gives one list of sightings for two devices that are one: of two by
// the same source the one heard of last counts.
func joined(into, absorbed []Sighting) []Sighting {
	all := append([]Sighting(nil), into...)
	for _, s := range absorbed {
		found := false
		for i, have := range all {
			if have.Source != s.Source {
				continue
			}
			found = true
			if s.SeenAt.After(have.SeenAt) {
				all[i] = s
			}
		}
		if !found {
			all = append(all, s)
		}
	}
	return all
}

// stored gives an instant as precisely as the database keeps it, so that the
// same event is never newer than itself.
func stored(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }
