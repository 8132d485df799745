package licensefile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/licensefile"
)

const day = 24 * time.Hour

// prepaid is a row of a prepaid plan: a lease of 30 days, an end in a year.
func prepaid() licensefile.Row {
	return licensefile.Row{
		End: ptr(issued.Add(365 * day)), Expires: issued.Add(30 * day), LastContact: issued,
		KeyKind: licensefile.KeyKindPrimary, Maximum: ptr(int64(10)),
		Policy: licensefile.Policy{OverLimit: licensefile.OverLimitNotify, WarnPercent: 90},
	}
}

// metered is a row of a metered plan: M6's 7, 14 and 30 days, no end.
func metered() licensefile.Row {
	r := prepaid()
	r.End, r.Maximum = nil, nil
	r.Policy.WarnAfter, r.Policy.DisableAfter = licensefile.SecondsOf(7*day), licensefile.SecondsOf(14*day)
	return r
}

func TestStanding(t *testing.T) {
	in := func(d time.Duration) *time.Time { return ptr(issued.Add(d)) }
	for _, c := range []struct {
		name  string
		row   licensefile.Row
		after time.Duration // since the last contact
		state licensefile.State
		until *time.Time // nil is never
	}{
		{"prepaid, just activated", prepaid(), 0, licensefile.StateOK, in(30 * day)},
		{"prepaid is silent without harm", prepaid(), 29 * day, licensefile.StateOK, in(30 * day)},
		{"prepaid, just before the lease ends", prepaid(), 30*day - 1, licensefile.StateOK, in(30 * day)},
		{"prepaid, at the lease's end", prepaid(), 30 * day, licensefile.StateLapsed, in(365 * day)},
		{"prepaid, just before the end", prepaid(), 365*day - 1, licensefile.StateLapsed, in(365 * day)},
		{"prepaid, at the end", prepaid(), 365 * day, licensefile.StateExpired, nil},
		{"prepaid, end before the lease's", withEnd(prepaid(), 10*day), 10 * day, licensefile.StateExpired, nil},
		{"perpetual without end", withEnd(prepaid(), 0), 40 * day, licensefile.StateLapsed, nil},
		{"metered, at seven days", metered(), 7 * day, licensefile.StateOK, in(7 * day)},
		{"metered, after seven days", metered(), 7*day + 1, licensefile.StateWarning, in(14 * day)},
		{"metered, at fourteen days", metered(), 14 * day, licensefile.StateWarning, in(14 * day)},
		{"metered, after fourteen days", metered(), 14*day + 1, licensefile.StateDisabled, in(30 * day)},
		{"metered, at thirty days", metered(), 30 * day, licensefile.StateLapsed, nil},
		{"metered with an end, disabled", withEnd(metered(), 20*day), 15 * day, licensefile.StateDisabled, in(20 * day)},
		{"metered with an end, ended", withEnd(metered(), 20*day), 20 * day, licensefile.StateExpired, nil},
		{"deactivated", deactivated(prepaid()), 0, licensefile.StateDeactivated, nil},
		{"never activated", licensefile.Row{}, 0, licensefile.StateDeactivated, nil},
		{"clock before the last contact", prepaid(), -day, licensefile.StateOK, in(30 * day)},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := licensefile.Rung{State: c.state, Until: c.until}
			if diff := cmp.Diff(want, licensefile.Standing(c.row, issued.Add(c.after))); diff != "" {
				t.Errorf("standing after %v (-want +got):\n%s", c.after, diff)
			}
		})
	}
}

// withEnd gives a row with its end so long after the last contact; 0 is no end.
func withEnd(r licensefile.Row, after time.Duration) licensefile.Row {
	r.End = nil
	if after > 0 {
		r.End = ptr(issued.Add(after))
	}
	return r
}

// deactivated gives a row that was ended.
func deactivated(r licensefile.Row) licensefile.Row {
	r.Deactivated = true
	return r
}

func TestRowOfALicense(t *testing.T) {
	l := aLicense(publisherA)
	l.Grant.Suspended = true
	got := licensefile.RowOf(l, 7, time.Time{}, &issued)
	want := licensefile.Row{
		End: &ends, Expires: ends, LastContact: issued, Policy: l.Grant.Policy, KeyKind: licensefile.KeyKindPrimary,
		Maximum: ptr(int64(10)), Unused: ptr(int64(6)), Used: 7, OverSince: &issued, Suspended: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if later := licensefile.RowOf(l, 7, ends, nil); !later.LastContact.Equal(ends) {
		t.Errorf("last contact: got %v, want %v", later.LastContact, ends)
	}
}

func TestStatusIsTheFirstThatApplies(t *testing.T) {
	over := func(r *licensefile.Row) { r.Used = 11 }
	grace := func(r *licensefile.Row) {
		r.Policy.OverLimit, r.Policy.OverLimitGrace, r.OverSince = licensefile.OverLimitGrace, 60, ptr(issued.Add(-time.Hour))
	}
	suspended := func(r *licensefile.Row) { r.Suspended = true }
	expired := func(r *licensefile.Row) { r.End = &issued }
	ended := func(r *licensefile.Row) { r.Deactivated = true }
	for _, c := range []struct {
		name  string
		edits []func(*licensefile.Row)
		want  string
	}{
		{"nothing", nil, licensefile.RowActive},
		{"at the maximum", []func(*licensefile.Row){func(r *licensefile.Row) { r.Used = 10 }}, licensefile.RowActive},
		{"over", []func(*licensefile.Row){over}, licensefile.RowOverLimit},
		{"grace ended, not over", []func(*licensefile.Row){grace}, licensefile.RowActive},
		{"grace ended, over", []func(*licensefile.Row){grace, over}, licensefile.RowSuspended},
		{"suspended and over", []func(*licensefile.Row){suspended, over}, licensefile.RowSuspended},
		{"expired and suspended", []func(*licensefile.Row){expired, suspended}, licensefile.RowExpired},
		{"deactivated and expired", []func(*licensefile.Row){ended, expired}, licensefile.RowDeactivated},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := prepaid()
			for _, edit := range c.edits {
				edit(&row)
			}
			if got := licensefile.Status(row, issued); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNearLimit(t *testing.T) {
	for _, c := range []struct {
		name    string
		maximum *int64
		percent int64
		used    int64
		want    bool
	}{
		{"below", ptr(int64(10)), 90, 8, false},
		{"at the percentage", ptr(int64(10)), 90, 9, true},
		{"at the maximum", ptr(int64(10)), 90, 10, true},
		{"over is more than near", ptr(int64(10)), 90, 11, false},
		{"rounds up", ptr(int64(7)), 90, 6, false},
		{"no percentage", ptr(int64(10)), 0, 10, false},
		{"unlimited", nil, 90, 1 << 40, false},
		{"nothing owned", ptr(int64(0)), 90, 0, false},
		{"greatest numbers", ptr(int64(licensefile.MaxSequence)), 100, licensefile.MaxSequence, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := licensefile.Row{Maximum: c.maximum, Used: c.used, Policy: licensefile.Policy{WarnPercent: c.percent}}
			if got := licensefile.NearLimit(row); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestOverClockStartsOnceAndIsResetByBuying(t *testing.T) {
	ten := ptr(int64(10))
	if got := licensefile.OverClock(nil, 10, ten, issued); got != nil {
		t.Errorf("at the maximum: got %v, want no clock", got)
	}
	since := licensefile.OverClock(nil, 11, ten, issued)
	if since == nil || !since.Equal(issued) {
		t.Fatalf("over: got %v, want %v", since, issued)
	}
	for _, used := range []int64{11, 3, 12} {
		if got := licensefile.OverClock(since, used, ten, issued.Add(day)); !got.Equal(issued) {
			t.Errorf("then %d used: got %v, want the clock to go on", used, got)
		}
	}
	if got := licensefile.OverClock(nil, 1<<40, nil, issued); got != nil {
		t.Errorf("unlimited: got %v, want no clock", got)
	}
	for _, c := range []struct {
		before, after *int64
		want          bool
	}{
		{ten, ptr(int64(11)), true},
		{ten, ten, false},
		{ten, ptr(int64(9)), false},
		{ten, nil, true},
		{nil, nil, false},
		{nil, ten, false},
	} {
		if got := licensefile.RaisedMaximum(c.before, c.after); got != c.want {
			t.Errorf("raised from %v to %v: got %v, want %v", c.before, c.after, got, c.want)
		}
	}
}

// anyRow draws a row of any plan.
func anyRow(t *rapid.T) licensefile.Row {
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		return issued.Add(time.Duration(rapid.Int64Range(-100, 100).Draw(t, "hours")) * time.Hour)
	})
	count := rapid.Int64Range(0, 20)
	seconds := rapid.Custom(func(t *rapid.T) licensefile.Seconds {
		return licensefile.Seconds(rapid.Int64Range(-1, 100).Draw(t, "hours") * 3600)
	})
	return licensefile.Row{
		End: rapid.Ptr(instant, true).Draw(t, "end"), Expires: instant.Draw(t, "expires"), LastContact: instant.Draw(t, "contact"),
		Maximum: rapid.Ptr(count, true).Draw(t, "maximum"), Used: count.Draw(t, "used"),
		OverSince: rapid.Ptr(instant, true).Draw(t, "over"),
		Suspended: rapid.Bool().Draw(t, "suspended"), Deactivated: rapid.Bool().Draw(t, "deactivated"),
		KeyKind: rapid.SampledFrom([]string{licensefile.KeyKindPrimary, licensefile.KeyKindSublicense, ""}).Draw(t, "kind"),
		Unused:  rapid.Ptr(count, true).Draw(t, "unused"),
		Policy: licensefile.Policy{
			OverLimit:      rapid.SampledFrom([]licensefile.OverLimit{licensefile.OverLimitNotify, licensefile.OverLimitGrace, licensefile.OverLimitBlock, "later"}).Draw(t, "policy"),
			OverLimitGrace: seconds.Draw(t, "grace"), WarnAfter: seconds.Draw(t, "warn"), DisableAfter: seconds.Draw(t, "disable"),
		},
	}
}

// depth orders the rungs.
func depth(s licensefile.State) int {
	return map[licensefile.State]int{
		licensefile.StateOK: 0, licensefile.StateWarning: 1, licensefile.StateDisabled: 2,
		licensefile.StateLapsed: 3, licensefile.StateExpired: 4, licensefile.StateDeactivated: 5,
	}[s]
}

func TestARowOnlyGoesDownAsTimePasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := anyRow(t)
		at := issued.Add(time.Duration(rapid.Int64Range(-300, 300).Draw(t, "at")) * time.Hour)
		then := at.Add(time.Duration(rapid.Int64Range(0, 300).Draw(t, "later")) * time.Hour)
		first, second := licensefile.Standing(row, at), licensefile.Standing(row, then)
		if depth(second.State) < depth(first.State) {
			t.Errorf("%s at %v, %s at %v", first.State, at, second.State, then)
		}
		if first.Until == nil {
			if second.State != first.State {
				t.Errorf("%s for ever at %v, but %s at %v", first.State, at, second.State, then)
			}
			return
		}
		before, after := licensefile.Standing(row, first.Until.Add(-1)), licensefile.Standing(row, first.Until.Add(1))
		if before.State != first.State || depth(after.State) <= depth(first.State) {
			t.Errorf("%s until %v: got %s just before and %s just after", first.State, first.Until, before.State, after.State)
		}
	})
}
