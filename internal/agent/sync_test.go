package agent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/problem"
)

func serials(devices []agent.Device) []string {
	list := []string{}
	for _, d := range devices {
		list = append(list, d.SerialNumber)
	}
	return list
}

// take takes a list and gives added, removed and kept serial numbers.
func (s *setup) take(t *testing.T, list string) [3][]string {
	t.Helper()
	d, err := s.Sync(t.Context(), "", []byte(list), "")
	must(t, err)
	return [3][]string{serials(d.Added), serials(d.Removed), serials(d.Kept)}
}

func TestListReplacesTheOneBefore(t *testing.T) {
	s := newSetup(t)
	s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\n")
	got := s.take(t, "\ufeffPlatform,Serial Number\r\nmac,C02B\r\nmac,C02C\r\nmac, c02c \r\n")
	if diff := cmp.Diff([3][]string{{"C02C"}, {"C02A"}, {}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if used := s.used(t, "desktop"); used != 2 {
		t.Errorf("used %d, want 2", used)
	}
}

func TestListRemovesOnlyWhatNobodyElseKnows(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 10)
	_, err := s.enroll(t, "C02API")
	must(t, err)
	_, err = s.enroll(t, "C02BOTH")
	must(t, err)
	s.take(t, "serial_number,platform\nC02BOTH,mac\nC02CSV,mac\n")
	got := s.take(t, "serial_number,platform\nC02NEW,mac\n")
	if diff := cmp.Diff([3][]string{{"C02NEW"}, {"C02CSV"}, {"C02BOTH"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	devices, _, err := s.Devices(t.Context(), agent.DeviceFilter{})
	must(t, err)
	if used := s.used(t, "desktop"); used != 3 || len(devices) != 3 {
		t.Errorf("used %d, managed %v", used, serials(devices))
	}
}

func TestListThatLinksTwoDevicesMakesThemOne(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 10)
	_, err := s.enroll(t, "C02A")
	must(t, err)
	_, err = s.Enroll(t.Context(), agent.Enrollment{Identity: agent.Identity{UDID: "U-1"}, Platform: agent.Mac})
	must(t, err)
	if used := s.used(t, "desktop"); used != 2 {
		t.Fatalf("used %d before, want 2", used)
	}
	s.take(t, "serial_number,udid,platform\nC02A,u-1,mac\n")
	d, err := s.FindDevice(t.Context(), agent.Identity{UDID: "U-1"})
	must(t, err)
	if used := s.used(t, "desktop"); used != 1 || d.SerialNumber != "C02A" || len(d.Sightings) != 2 {
		t.Errorf("used %d, device %+v", used, d)
	}
}

func TestPreviewOfAListChangesNothing(t *testing.T) {
	s := newSetup(t)
	d, err := s.PreviewSync(t.Context(), "", []byte("serial_number,platform\nC02A,mac\n"))
	must(t, err)
	if diff := cmp.Diff([]string{"C02A"}, serials(d.Added)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	devices, _, err := s.Devices(t.Context(), agent.DeviceFilter{Gone: true})
	must(t, err)
	if len(devices) != 0 || s.used(t, "desktop") != 0 {
		t.Errorf("the preview stored %v", serials(devices))
	}
}

func TestDifferenceIsTakenAsItWasShown(t *testing.T) {
	s := newSetup(t)
	list := []byte("serial_number,platform\nC02A,mac\nC02B,mac\n")
	shown, err := s.PreviewSync(t.Context(), "", list)
	must(t, err)
	s.take(t, "serial_number,platform\nC02A,mac\n")
	_, err = s.Sync(t.Context(), "", list, shown.Digest)
	if code(err) != problem.DifferenceChanged || s.used(t, "desktop") != 1 {
		t.Errorf("got %v, used %d", err, s.used(t, "desktop"))
	}
	shown, err = s.PreviewSync(t.Context(), "", list)
	must(t, err)
	_, err = s.Sync(t.Context(), "", list, shown.Digest)
	must(t, err)
}

func TestListsAreNeverRefusedForTheLimit(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1, block)
	s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\nC02C,mac\n")
	if used := s.used(t, "desktop"); used != 3 {
		t.Errorf("used %d, want 3", used)
	}
}

func TestFaultyListIsRefusedWithItsLines(t *testing.T) {
	cases := []struct {
		name, list string
		want       []string
	}{
		{"empty", "", []string{"line 1"}},
		{"semicolons", "serial_number;platform\nC02A;mac\n", []string{"line 1"}},
		{"unknown column", "serial_number,shelf\n", []string{"line 1"}},
		{"column twice", "serial_number,serial number\n", []string{"line 1"}},
		{"no identifier column", "platform,name\n", []string{"line 1"}},
		{"no identifier", "serial_number,platform\nC02A,mac\n,mac\nN/A,mac\n", []string{"line 3", "line 4"}},
		{"no platform", "serial_number,model\nC02A,\n", []string{"line 2"}},
		{"odd platform", "serial_number,platform\nC02A,linux\n", []string{"line 2"}},
		{"missing field", "serial_number,platform\nC02A\nC02B,mac\nC02C,mac,x\n", []string{"line 2", "line 4"}},
		{"stray quote", "serial_number,platform\nC0\"2A,mac\n", []string{"line 2"}},
		{"control character", "serial_number,platform\nC02\x01A,mac\n", []string{"line 2"}},
		{"too long", "serial_number,platform\n" + strings.Repeat("A", 200) + ",mac\n", []string{"line 2"}},
		{"not UTF-8", "serial_number,platform\nC02A,mac\nC02\xff,mac\n", []string{"line 3"}},
		{"UTF-16", "\xff\xfes\x00", []string{"line 1"}},
		{"NUL", "serial_number,platform\nC02\x00,mac\n", []string{"line 2"}},
	}
	s := newSetup(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Sync(t.Context(), "", []byte(c.list), "")
			p := problem.From(err)
			if err == nil || p.Code != problem.ValidationFailed {
				t.Fatalf("got %v, want validation_failed", err)
			}
			var lines []string
			for _, f := range p.Fields {
				lines = append(lines, f.Pointer)
			}
			if diff := cmp.Diff(c.want, lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s\n%v", diff, p.Fields)
			}
			if used := s.used(t, "desktop"); used != 0 {
				t.Errorf("something of the list was taken: %d", used)
			}
		})
	}
}

func TestListIsForCSVSourcesOnly(t *testing.T) {
	s := newSetup(t)
	for _, source := range []string{"api", "nobody"} {
		if _, err := s.PreviewSync(t.Context(), source, []byte("serial_number,platform\n")); code(err) != problem.NotFound {
			t.Errorf("source %s gives %v", source, err)
		}
	}
}

func TestSearchAndPagesOfDevices(t *testing.T) {
	s := newSetup(t)
	s.take(t, "serial_number,platform,name\nC02A,mac,50%_off\nC02B,mac,Lab\nDMPC,mobile,Lab\n")
	find := func(f agent.DeviceFilter) []string {
		devices, _, err := s.Devices(t.Context(), f)
		must(t, err)
		return serials(devices)
	}
	cases := []struct {
		name   string
		filter agent.DeviceFilter
		want   []string
	}{
		{"all", agent.DeviceFilter{}, []string{"C02A", "C02B", "DMPC"}},
		{"by part of the serial number", agent.DeviceFilter{Search: "c02"}, []string{"C02A", "C02B"}},
		{"by name", agent.DeviceFilter{Search: "lab"}, []string{"C02B", "DMPC"}},
		{"wildcards mean themselves", agent.DeviceFilter{Search: "%_"}, []string{"C02A"}},
		{"by platform", agent.DeviceFilter{Platform: agent.Mobile}, []string{"DMPC"}},
		{"by source", agent.DeviceFilter{Source: "api"}, []string{}},
		{"by identifier", agent.DeviceFilter{Identifier: "dmpc"}, []string{"DMPC"}},
		{"a placeholder identifies nothing", agent.DeviceFilter{Identifier: "0"}, []string{}},
		{"by site", agent.DeviceFilter{Site: "default"}, []string{"C02A", "C02B", "DMPC"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, find(c.filter)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	first, more, err := s.Devices(t.Context(), agent.DeviceFilter{Limit: 2})
	must(t, err)
	rest, last, err := s.Devices(t.Context(), agent.DeviceFilter{Limit: 2, After: first[1].ID})
	must(t, err)
	if !more || last || len(rest) != 1 {
		t.Errorf("pages of %d and %d, more %v and %v", len(first), len(rest), more, last)
	}
}
