package agent

import (
	"testing"
	"time"
)

func TestOnlyANewerFactChangesASighting(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	before := noon.Add(-time.Hour)
	managed := Sighting{Source: "mdm", State: Managed, ManagedAt: &before, EventAt: noon, SeenAt: noon}
	enrolling := Sighting{Source: "mdm", State: Enrolling, EventAt: noon, SeenAt: noon}
	cases := []struct {
		name    string
		have    Sighting
		claim   Claim
		at      time.Time
		want    Claim
		news    bool
		managed bool // since when it was before
	}{
		{"the first word", Sighting{}, Managed, noon, Managed, true, false},
		{"authenticate alone does not count", Sighting{}, Enrolling, noon, Enrolling, true, false},
		{"a check-out", managed, Gone, noon.Add(time.Second), Gone, true, false},
		{"a replayed check-out", managed, Gone, noon.Add(-time.Second), Managed, false, true},
		{"the same event again", managed, Gone, noon, Managed, false, true},
		{"a token renewed goes on as before", managed, Managed, noon.Add(time.Second), Managed, true, true},
		{"a device that enrolls anew stays counted", managed, Enrolling, noon.Add(time.Second), Managed, true, true},
		{"a token dated just before its authenticate", enrolling, Managed, noon.Add(-time.Millisecond), Managed, true, false},
		{"a token of an enrollment before", enrolling, Managed, noon.Add(-time.Second), Enrolling, false, false},
		{"a check-out dated just before an authenticate", enrolling, Gone, noon.Add(-time.Millisecond), Enrolling, false, false},
		{"our own word has no date and counts", managed, Gone, time.Time{}, Gone, true, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			next, news := c.have.after(Fact{Source: "mdm", Claim: c.claim, At: c.at}, noon.Add(time.Minute))
			if next.State != c.want || news != c.news {
				t.Errorf("got %s (news %v), want %s (news %v)", next.State, news, c.want, c.news)
			}
			if kept := next.ManagedAt != nil && next.ManagedAt.Equal(before); kept != c.managed {
				t.Errorf("managed since %v", next.ManagedAt)
			}
		})
	}
}

func TestEventIsNotNewerThanItselfAtTheDatabasesPrecision(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 123456789, time.UTC)
	first, _ := Sighting{}.after(Fact{Source: "mdm", Claim: Managed, At: at}, at)
	if _, news := first.after(Fact{Source: "mdm", Claim: Gone, At: at}, at); news {
		t.Error("an event counts as newer than itself")
	}
}

func TestOurOwnWordLeavesTheSourcesClockAlone(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s, _ := Sighting{}.after(Fact{Source: "mdm", Claim: Managed, At: noon}, noon)
	s, _ = s.after(Fact{Source: "mdm", Claim: Gone}, noon.Add(time.Hour))
	if s, news := s.after(Fact{Source: "mdm", Claim: Managed, At: noon.Add(time.Minute)}, noon.Add(2*time.Hour)); !news || s.State != Managed {
		t.Error("a source whose clock is behind ours cannot enroll a device that was removed by hand")
	}
}

func TestDeviceIsAtTheSiteThatBeganToManageItLast(t *testing.T) {
	early := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	late := early.Add(time.Hour)
	cases := []struct {
		name      string
		sightings []Sighting
		managed   bool
		source    string
	}{
		{"nobody knows it", nil, false, ""},
		{"gone everywhere", []Sighting{{Source: "a", State: Gone}}, false, ""},
		{"enrolling only", []Sighting{{Source: "a", State: Enrolling}}, false, ""},
		{"the later one", []Sighting{{Source: "a", State: Managed, ManagedAt: &late}, {Source: "b", State: Managed, ManagedAt: &early}}, true, "a"},
		{"at the same time, by name", []Sighting{{Source: "b", State: Managed, ManagedAt: &early}, {Source: "a", State: Managed, ManagedAt: &early}}, true, "a"},
		{"the one that still does", []Sighting{{Source: "a", State: Gone}, {Source: "b", State: Managed, ManagedAt: &early}}, true, "b"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			managed, source := standing(c.sightings)
			if managed != c.managed || source != c.source {
				t.Errorf("got %v at %q, want %v at %q", managed, source, c.managed, c.source)
			}
		})
	}
}
