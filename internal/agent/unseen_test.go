package agent_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/problem"
)

// enrolled is a webhook that has told of a Mac.
func enrolled(t *testing.T) *webhook {
	t.Helper()
	w := newWebhook(t)
	w.tell(t, authenticate("U-1", "C02A", "Mac14,2", w.clock.now()))
	w.tell(t, tokenUpdate("U-1", w.clock.now().Add(time.Second)))
	return w
}

func (s *setup) device(t *testing.T, serial string) agent.Device {
	t.Helper()
	d, err := s.FindDevice(t.Context(), identity(serial))
	must(t, err)
	return d
}

func (s *setup) unseen(t *testing.T, days int) []string {
	t.Helper()
	devices, _, err := s.Devices(t.Context(), agent.DeviceFilter{UnseenDays: days})
	must(t, err)
	return serials(devices)
}

// shown gives the ids of the devices that a preview shows.
func (s *setup) shown(t *testing.T, days int) []string {
	t.Helper()
	freed, err := s.PreviewFree(t.Context(), agent.Freeing{UnseenDays: days})
	must(t, err)
	ids := []string{}
	for _, d := range freed.Devices {
		ids = append(ids, d.ID)
	}
	return ids
}

func TestConnectMovesWhenADeviceWasSeenAndNothingElse(t *testing.T) {
	w := enrolled(t)
	w.clock.move(5 * day)
	before := w.device(t, "C02A")
	w.tell(t, connect("Device", "U-1", w.clock.now()))
	want := before
	want.LastSeenAt = w.clock.now()
	want.Sightings[0].SeenAt = w.clock.now()
	if diff := cmp.Diff(want, w.device(t, "C02A")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReplayedAndOlderEventsDoNotMoveWhenADeviceWasSeen(t *testing.T) {
	at := newClock().now()
	cases := []struct {
		name string
		body []byte
	}{
		{"the same connect", connect("Device", "U-1", at.Add(5*day))},
		{"an older connect", connect("Device", "U-1", at.Add(4*day))},
		{"a replayed token", tokenUpdate("U-1", at.Add(time.Second))},
		{"the connect of a user", connect("User", "U-1", at.Add(9*day))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := enrolled(t)
			w.clock.move(5 * day)
			w.tell(t, connect("Device", "U-1", w.clock.now()))
			want := w.device(t, "C02A").LastSeenAt
			w.clock.move(5 * day)
			w.tell(t, c.body)
			if got := w.device(t, "C02A").LastSeenAt; !got.Equal(want) {
				t.Errorf("last seen %v, want %v", got, want)
			}
		})
	}
}

func TestCheckOutThatAConnectOvertookStillEndsTheDevice(t *testing.T) {
	w := enrolled(t)
	at := w.clock.now().Add(time.Minute)
	w.tell(t, connect("Device", "U-1", at.Add(time.Millisecond)))
	w.tell(t, checkOut("U-1", at))
	w.tell(t, connect("Device", "U-1", at.Add(time.Hour)))
	if used := w.used(t, "desktop"); used != 0 {
		t.Errorf("used %d, want 0", used)
	}
}

func TestDeviceIsUnseenAfterMoreThanSoManyDays(t *testing.T) {
	s := newSetup(t)
	s.take(t, "serial_number,platform\nC02A,mac\n")
	s.clock.move(30 * day)
	if diff := cmp.Diff([]string{}, s.unseen(t, 30)); diff != "" {
		t.Errorf("after 30 days (-want +got):\n%s", diff)
	}
	s.clock.move(time.Second)
	if diff := cmp.Diff([]string{"C02A"}, s.unseen(t, 30)); diff != "" {
		t.Errorf("after more than 30 days (-want +got):\n%s", diff)
	}
}

func TestFreedDeviceCountsNoLongerUntilItsNextWord(t *testing.T) {
	words := []struct {
		name string
		body func(at time.Time) []byte
	}{
		{"a token", func(at time.Time) []byte { return tokenUpdate("U-1", at) }},
		{"an answer", func(at time.Time) []byte { return connect("Device", "U-1", at) }},
	}
	for _, word := range words {
		t.Run(word.name, func(t *testing.T) {
			w := enrolled(t)
			enrolledAt := w.clock.now()
			for range 4 {
				w.clock.move(10 * day)
				w.tell(t, tokenUpdate("U-2", w.clock.now()))
			}
			freed, err := w.Free(t.Context(), agent.Freeing{UnseenDays: 30, Devices: w.shown(t, 30), Force: true})
			must(t, err)
			if diff := cmp.Diff([]string{"C02A"}, serials(freed.Devices)); diff != "" || w.used(t, "desktop") != 0 {
				t.Fatalf("used %d, freed (-want +got):\n%s", w.used(t, "desktop"), diff)
			}
			w.tell(t, word.body(enrolledAt.Add(time.Second))) // replayed
			if used := w.used(t, "desktop"); used != 0 {
				t.Errorf("used %d after a replay, want 0", used)
			}
			w.clock.move(time.Hour)
			w.tell(t, word.body(w.clock.now()))
			if used := w.used(t, "desktop"); used != 1 {
				t.Errorf("used %d after its next word, want 1", used)
			}
		})
	}
}

func TestPreviewOfAFreeingChangesNothing(t *testing.T) {
	s := newSetup(t)
	s.take(t, "serial_number,platform\nC02A,mac\n")
	s.clock.move(31 * day)
	if ids := s.shown(t, 30); len(ids) != 1 || s.used(t, "desktop") != 1 {
		t.Errorf("shown %v, used %d, want one and 1", ids, s.used(t, "desktop"))
	}
}

func TestOnlyWhatIsStillUnseenIsFreed(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 10)
	s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\n")
	s.clock.move(31 * day)
	ids := s.shown(t, 30)
	_, err := s.enroll(t, "C02A")
	must(t, err)
	_, err = s.Free(t.Context(), agent.Freeing{UnseenDays: 30, Devices: ids, Force: true})
	if code(err) != problem.DifferenceChanged || s.used(t, "desktop") != 2 {
		t.Errorf("got %v, used %d, want difference_changed and 2", err, s.used(t, "desktop"))
	}
	_, err = s.Free(t.Context(), agent.Freeing{UnseenDays: 30, Force: true})
	if code(err) != problem.ValidationFailed {
		t.Errorf("freeing what nobody was shown gives %v", err)
	}
}

func TestDevicesOfASilentSourceAreFreedByForceOnly(t *testing.T) {
	s := newSetup(t)
	s.take(t, "serial_number,platform\nC02A,mac\n")
	s.clock.move(31 * day)
	f := agent.Freeing{UnseenDays: 30, Devices: s.shown(t, 30)}
	_, err := s.Free(t.Context(), f)
	if code(err) != problem.SourceSilent || s.used(t, "desktop") != 1 {
		t.Errorf("got %v, used %d, want source_silent and 1", err, s.used(t, "desktop"))
	}
	f.Force = true
	_, err = s.Free(t.Context(), f)
	must(t, err)
	if used := s.used(t, "desktop"); used != 0 {
		t.Errorf("used %d by force, want 0", used)
	}
}

// ruled runs a test of the rule to free after 30 days, with a webhook that told of
// two Macs.
func ruled(t *testing.T, test func(t *testing.T, w *webhook)) {
	t.Helper()
	patiently(t, func(t *testing.T, s *setup) {
		must(t, s.Close())
		s.cfg.FreeUnseenDays = 30
		s.open(t)
		source, secret, err := s.CreateSource(t.Context(), agent.NewSource{Name: "mdm", Kind: agent.SourceNanoMDM})
		must(t, err)
		w := &webhook{setup: s, name: source.Name, secret: secret}
		for _, n := range []string{"1", "2"} {
			w.tell(t, authenticate("U-"+n, "C02"+n, "Mac14,2", time.Now()))
			w.tell(t, tokenUpdate("U-"+n, time.Now().Add(time.Millisecond)))
		}
		test(t, w)
	})
}

// connects lets time pass while the second Mac connects every day.
func (w *webhook) connects(t *testing.T, days int) {
	t.Helper()
	for range days {
		w.run(t, day)
		w.tell(t, connect("Device", "U-2", time.Now()))
	}
}

func TestRuleFreesWhatIsUnseenWithinTheHourAndLogsTheNumber(t *testing.T) {
	ruled(t, func(t *testing.T, w *webhook) {
		w.connects(t, 30)
		if used := w.used(t, "desktop"); used != 2 {
			t.Fatalf("used %d after 30 days, want 2", used)
		}
		w.run(t, time.Hour+time.Minute)
		if used := w.used(t, "desktop"); used != 1 {
			t.Errorf("used %d, want 1", used)
		}
		if n := w.said("unseen devices freed", "devices=1", "unseen_days=30"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})
}

func TestSilentSourceIsAProblemAndFreesNothing(t *testing.T) {
	ruled(t, func(t *testing.T, w *webhook) {
		w.run(t, 40*day)
		if diff := cmp.Diff([]string{"not_licensed", "source_silent"}, w.problems(t)); diff != "" || w.used(t, "desktop") != 2 {
			t.Fatalf("used %d, problems (-want +got):\n%s", w.used(t, "desktop"), diff)
		}
		// One word ends the problem, but says nothing of the other devices.
		w.connects(t, 29)
		if diff := cmp.Diff([]string{"not_licensed"}, w.problems(t)); diff != "" || w.used(t, "desktop") != 2 {
			t.Fatalf("used %d, problems (-want +got):\n%s", w.used(t, "desktop"), diff)
		}
		w.connects(t, 3)
		if used := w.used(t, "desktop"); used != 1 {
			t.Errorf("used %d when the source has spoken for long enough, want 1", used)
		}
	})
}

func TestNothingIsFreedWithoutTheRule(t *testing.T) {
	patiently(t, func(t *testing.T, s *setup) {
		s.take(t, "serial_number,platform\nC02A,mac\n")
		s.run(t, 100*day)
		if used := s.used(t, "desktop"); used != 1 {
			t.Errorf("used %d, want 1", used)
		}
	})
}

func TestFreedLicenseServesTheNextDeviceAtOnce(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1, block)
	_, err := s.enroll(t, "C02A")
	must(t, err)
	s.clock.move(2 * day)
	if _, err := s.enroll(t, "C02B"); code(err) != problem.LimitReached {
		t.Fatalf("got %v, want limit_reached", err)
	}
	_, err = s.Free(t.Context(), agent.Freeing{UnseenDays: 1, Devices: s.shown(t, 1), Force: true})
	must(t, err)
	_, err = s.enroll(t, "C02B")
	must(t, err)
	if _, err := s.enroll(t, "C02A"); code(err) != problem.LimitReached {
		t.Errorf("the freed device comes back with %v, want limit_reached", err)
	}
}
