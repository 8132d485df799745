package agent

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFactIsAboutTheDeviceThatItsStrongestIdentifierNames(t *testing.T) {
	cases := []struct {
		name  string
		told  Identity
		known []Identity
		want  placing
	}{
		{
			"nobody is known by it",
			Identity{SerialNumber: "S1"},
			nil,
			placing{into: -1, identity: Identity{SerialNumber: "S1"}},
		},
		{
			"the serial number decides",
			Identity{SerialNumber: "S1", UDID: "U1"},
			[]Identity{{SerialNumber: "S1"}},
			placing{into: 0, identity: Identity{SerialNumber: "S1", UDID: "U1"}},
		},
		{
			"a UDID links what a list and a webhook told",
			Identity{SerialNumber: "S1", UDID: "U1"},
			[]Identity{{SerialNumber: "S1"}, {UDID: "U1"}},
			placing{into: 0, absorb: []int{1}, identity: Identity{SerialNumber: "S1", UDID: "U1"}},
		},
		{
			"a fact that only names the UDID finds the device",
			Identity{UDID: "U1"},
			[]Identity{{SerialNumber: "S1", UDID: "U1"}},
			placing{into: 0, identity: Identity{SerialNumber: "S1", UDID: "U1"}},
		},
		{
			"another serial number is another device, which keeps only what is its own",
			Identity{SerialNumber: "S2", UDID: "U1"},
			[]Identity{{SerialNumber: "S1", UDID: "U1"}},
			placing{into: -1, strip: []int{0}, identity: Identity{SerialNumber: "S2", UDID: "U1"}},
		},
		{
			"a new UDID of a known serial number replaces the old one",
			Identity{SerialNumber: "S1", UDID: "U2"},
			[]Identity{{SerialNumber: "S1", UDID: "U1"}},
			placing{into: 0, identity: Identity{SerialNumber: "S1", UDID: "U2"}},
		},
		{
			"an enrollment id moves with the stronger identifier",
			Identity{UDID: "U1", EnrollmentID: "E1"},
			[]Identity{{UDID: "U1"}, {UDID: "U2", EnrollmentID: "E1"}},
			placing{into: 0, strip: []int{1}, identity: Identity{UDID: "U1", EnrollmentID: "E1"}},
		},
		{
			"three devices turn out to be one",
			Identity{SerialNumber: "S1", UDID: "U1", EnrollmentID: "E1"},
			[]Identity{{SerialNumber: "S1"}, {UDID: "U1"}, {EnrollmentID: "E1"}},
			placing{into: 0, absorb: []int{1, 2}, identity: Identity{SerialNumber: "S1", UDID: "U1", EnrollmentID: "E1"}},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := place(c.told, c.known)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(placing{})); diff != "" {
				t.Errorf("place(%v, %v) (-want +got):\n%s", c.told, c.known, diff)
			}
		})
	}
}

func TestPlaceholdersAreNoIdentifiers(t *testing.T) {
	for _, s := range []string{"", "  ", "0", "000000", "none", "N/A", "System Serial Number", "00000000-0000-0000"} {
		id := Identity{SerialNumber: s, UDID: s, EnrollmentID: s}.normalized()
		if !id.empty() {
			t.Errorf("%q counts as an identifier: %+v", s, id)
		}
	}
}

// world applies place to devices in memory, as the store does.
type world struct{ devices []Identity }

func (w *world) tell(told Identity) {
	var known []Identity
	var at []int
	seen := map[int]bool{}
	match := func(pick func(Identity) string) {
		for i, d := range w.devices {
			if !seen[i] && pick(told) != "" && pick(d) == pick(told) {
				seen[i] = true
				known, at = append(known, d), append(at, i)
			}
		}
	}
	match(func(d Identity) string { return d.SerialNumber })
	match(func(d Identity) string { return d.UDID })
	match(func(d Identity) string { return d.EnrollmentID })
	p := place(told, known)
	gone := map[int]bool{}
	for _, i := range p.strip {
		w.devices[at[i]] = w.devices[at[i]].without(told)
	}
	for _, i := range p.absorb {
		gone[at[i]] = true
	}
	if p.into >= 0 {
		w.devices[at[p.into]] = p.identity
	} else {
		w.devices = append(w.devices, p.identity)
	}
	var left []Identity
	for i, d := range w.devices {
		if !gone[i] {
			left = append(left, d)
		}
	}
	w.devices = left
}

func drawIdentity(t *rapid.T) Identity {
	draw := func(prefix string) string {
		n := rapid.IntRange(0, 3).Draw(t, prefix)
		return map[bool]string{true: "", false: fmt.Sprintf("%s%d", prefix, n)}[n == 0]
	}
	return Identity{SerialNumber: draw("S"), UDID: draw("U"), EnrollmentID: draw("E")}
}

func TestNoIdentifierEverNamesTwoDevices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{}
		for range rapid.IntRange(1, 20).Draw(t, "facts") {
			told := drawIdentity(t)
			if told.empty() {
				continue
			}
			w.tell(told)
			count := map[string]int{}
			for _, d := range w.devices {
				if d.empty() {
					t.Fatalf("a device without identifiers is left: %v", w.devices)
				}
				for _, id := range []string{d.SerialNumber, d.UDID, d.EnrollmentID} {
					count[id]++
					if id != "" && count[id] > 1 {
						t.Fatalf("%s names two devices: %v", id, w.devices)
					}
				}
			}
			before := fmt.Sprint(w.devices)
			w.tell(told)
			if after := fmt.Sprint(w.devices); after != before {
				t.Fatalf("telling %v again changed %s to %s", told, before, after)
			}
		}
	})
}

func TestConsistentFactsInAnyOrderMakeTheSameDevices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var facts []Identity
		for i := range rapid.IntRange(1, 4).Draw(t, "devices") {
			whole := Identity{SerialNumber: fmt.Sprintf("S%d", i), UDID: fmt.Sprintf("U%d", i), EnrollmentID: fmt.Sprintf("E%d", i)}
			facts = append(facts, whole, Identity{UDID: whole.UDID}, Identity{SerialNumber: whole.SerialNumber},
				Identity{UDID: whole.UDID, EnrollmentID: whole.EnrollmentID})
		}
		want := len(facts) / 4
		w := &world{}
		for _, told := range rapid.Permutation(facts).Draw(t, "order") {
			w.tell(told)
		}
		if len(w.devices) != want {
			t.Fatalf("%d devices came out of facts about %d: %v", len(w.devices), want, w.devices)
		}
	})
}
