package licensing

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// example is the pool of P11: 100 owned, 30 reserved of which 10 are used, a
// dynamic sublicense that uses 20, and 15 used by the primary key.
var example = Pool{Total: 100, Used: 45, Reserved: 30, ReservedInUse: 10}

func TestRuleOfASublicense(t *testing.T) {
	reserved := func(quota int64) *Sublicense { return &Sublicense{Quota: quota, Reserved: true} }
	dynamic := func(quota int64) *Sublicense { return &Sublicense{Quota: quota} }
	hundred := int64(100)
	for _, c := range []struct {
		name     string
		before   *Sublicense
		after    *Sublicense
		used     int64
		force    bool
		block    bool
		infinite bool
		want     problem.Code
		main     int64 // afterwards
	}{
		{name: "reserve all of the main pool", after: reserved(35)},
		{name: "reserve one more than it has", after: reserved(36), want: problem.PoolExhausted, main: -1},
		{name: "reserve nothing", after: reserved(0), main: 35},
		{name: "a dynamic one takes nothing from the pool", after: dynamic(100), main: 35},
		{name: "a dynamic one where the plan blocks", after: dynamic(1), block: true, want: problem.DynamicNotAllowed, main: 35},
		{name: "a reserved one where the plan blocks", after: reserved(1), block: true, main: 34},
		{name: "grow within the pool", before: reserved(30), after: reserved(65), used: 10},
		{name: "grow beyond the pool", before: reserved(30), after: reserved(66), used: 10, want: problem.PoolExhausted, main: -1},
		{name: "shrink to what is used", before: reserved(30), after: reserved(10), used: 10, main: 55},
		{name: "shrink below what is used", before: reserved(30), after: reserved(9), used: 10, want: problem.QuotaTooSmall, main: 56},
		{name: "shrink below what is used by force", before: reserved(30), after: reserved(9), used: 10, force: true, main: 56},
		{name: "shrink a dynamic one below what is used", before: dynamic(50), after: dynamic(19), used: 20, want: problem.QuotaTooSmall, main: 35},
		{name: "grow one that is over by force", before: dynamic(10), after: dynamic(15), used: 20, main: 35},
		{name: "reserve a dynamic one", before: dynamic(50), after: reserved(50), used: 20, main: 5},
		{name: "reserve a dynamic one beyond the pool", before: dynamic(56), after: reserved(56), used: 20, want: problem.PoolExhausted, main: -1},
		{name: "free a reserved one", before: reserved(30), after: dynamic(30), used: 10, main: 55},
		{name: "free a reserved one where the plan blocks", before: reserved(30), after: dynamic(30), used: 10, block: true, want: problem.DynamicNotAllowed, main: 55},
		{name: "rename a dynamic one where the plan blocks now", before: dynamic(30), after: &Sublicense{Name: "x", Quota: 30}, used: 10, block: true, main: 35},
		{name: "reserve more than anybody has of an unlimited one", after: reserved(1_000_000), infinite: true, main: -999_965},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := division{
				Pool: example, Before: c.before, After: *c.after, Used: c.used, Force: c.force,
				Subscription: Subscription{Quantity: map[bool]*int64{false: &hundred, true: nil}[c.infinite]},
				Policy:       catalog.Policy{OverLimit: map[bool]licensefile.OverLimit{true: licensefile.OverLimitBlock}[c.block]},
			}
			after, err := r.rule()
			got := problem.Code("")
			if p := problem.From(err); p != nil {
				got = p.Code
			}
			if got != c.want || after.Main() != c.main {
				t.Errorf("got %q (%v) and a main pool of %d, want %q and %d", got, err, after.Main(), c.want, c.main)
			}
		})
	}
}

func TestARefusalSaysHowManyLicensesAreMissing(t *testing.T) {
	hundred := int64(100)
	_, err := division{Pool: example, Subscription: Subscription{Quantity: &hundred}, After: Sublicense{Quota: 40, Reserved: true}}.rule()
	want := "The main pool has 35 unused licenses, 5 too few for this."
	if p := problem.From(err); p == nil || p.Message != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestFaultsOfASublicense(t *testing.T) {
	hundred := int64(100)
	of := Subscription{Quantity: &hundred, EndsOn: "2027-03-31", CanceledOn: "2027-01-31"}
	good := Sublicense{Name: "Branch", Quota: 10, EndsOn: "2026-12-31"}
	with := func(alter func(*Sublicense)) Sublicense {
		n := good
		alter(&n)
		return n
	}
	for name, c := range map[string]struct {
		before *Sublicense
		after  Sublicense
		want   []string
	}{
		"none":                       {nil, good, nil},
		"no name":                    {nil, with(func(n *Sublicense) { n.Name = "" }), []string{"/name"}},
		"a quota below nothing":      {nil, with(func(n *Sublicense) { n.Quota = -1 }), []string{"/quota"}},
		"a cap above everything":     {nil, with(func(n *Sublicense) { n.Quota = 101 }), []string{"/quota"}},
		"an end that is no day":      {nil, with(func(n *Sublicense) { n.EndsOn = "2026-13-01" }), []string{"/ends_on"}},
		"an end that is over":        {nil, with(func(n *Sublicense) { n.EndsOn = "2026-03-31" }), []string{"/ends_on"}},
		"an end today":               {nil, with(func(n *Sublicense) { n.EndsOn = "2026-04-01" }), nil},
		"an end after the last day":  {nil, with(func(n *Sublicense) { n.EndsOn = "2027-02-01" }), []string{"/ends_on"}},
		"an end on the last day":     {nil, with(func(n *Sublicense) { n.EndsOn = "2027-01-31" }), nil},
		"several at once":            {nil, Sublicense{Quota: -1, EndsOn: "x"}, []string{"/name", "/quota", "/ends_on"}},
		"what was there is kept":     {&Sublicense{Name: "Old", Quota: 200, EndsOn: "2030-01-01"}, Sublicense{Name: "New", Quota: 200, EndsOn: "2030-01-01"}, nil},
		"what is changed is checked": {&Sublicense{Name: "Old", Quota: 200}, Sublicense{Name: "Old", Quota: 201}, []string{"/quota"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			if p := problem.From(division{Subscription: of, Today: "2026-04-01", Before: c.before, After: c.after}.Validate()); p != nil {
				for _, f := range p.Fields {
					got = append(got, f.Pointer)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReservedQuotasNeverExceedWhatIsOwned lives random lives of a subscription:
// sublicenses are made, resized and deleted, and all rows report what they like.
func TestReservedQuotasNeverExceedWhatIsOwned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 200).Draw(t, "total")
		world := Pool{Total: total}
		type living struct {
			Sublicense
			used int64
		}
		var all []living
		quota := rapid.Int64Range(0, 250)
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch act := rapid.IntRange(0, 3).Draw(t, "act"); {
			case act == 0 || len(all) == 0:
				n := Sublicense{Quota: quota.Draw(t, "quota"), Reserved: rapid.Bool().Draw(t, "reserved")}
				r := division{Pool: world, Subscription: Subscription{Quantity: &total}, After: n}
				if after, err := r.rule(); err == nil {
					world, all = after, append(all, living{n, 0})
				}
			case act == 1:
				one := &all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
				r := division{
					Pool: world, Subscription: Subscription{Quantity: &total}, Before: &Sublicense{Quota: one.Quota, Reserved: one.Reserved},
					After: Sublicense{Quota: quota.Draw(t, "quota"), Reserved: rapid.Bool().Draw(t, "reserved")}, Used: one.used,
					Force: rapid.Bool().Draw(t, "force"),
				}
				if after, err := r.rule(); err == nil {
					world, one.Sublicense = after, r.After
				}
			case act == 2: // a row reports, of a sublicense or of the primary key
				which, used := rapid.IntRange(-1, len(all)-1).Draw(t, "which"), quota.Draw(t, "used")
				if which < 0 {
					world = world.after(Key{}, 0, used-min(used, world.Used))
					break
				}
				one := &all[which]
				world = world.after(Key{Reserved: one.Reserved}, one.used, used)
				one.used = used
			default: // what is not activated is deleted
				which := rapid.IntRange(0, len(all)-1).Draw(t, "which")
				if all[which].used == 0 {
					before := all[which].Sublicense
					world = world.with(&before, Sublicense{}, 0)
					all = append(all[:which], all[which+1:]...)
				}
			}
			var reserved, inUse int64
			for _, one := range all {
				if one.Reserved {
					reserved, inUse = reserved+one.Quota, inUse+one.used
				}
			}
			if world.Reserved != reserved || world.ReservedInUse != inUse {
				t.Fatalf("step %d: the pool says %d reserved and %d in use, they are %d and %d", step, world.Reserved, world.ReservedInUse, reserved, inUse)
			}
			if reserved > total {
				t.Fatalf("step %d: %d reserved of %d", step, reserved, total)
			}
		}
	})
}
