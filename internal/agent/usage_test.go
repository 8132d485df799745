package agent

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestOldestPeriodsAreJoinedWithoutLosingAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var periods []Period
		highest := int64(0)
		for i := range rapid.IntRange(1, 30).Draw(t, "periods") {
			used := rapid.Int64Range(0, 9).Draw(t, "used")
			peak := used + rapid.Int64Range(0, 9).Draw(t, "more")
			highest = max(highest, peak)
			periods = append(periods, Period{
				ID: string(rune('a' + i)), From: start.Add(time.Duration(i) * time.Hour), To: start.Add(time.Duration(i+1) * time.Hour),
				Used: used, Peak: peak,
			})
		}
		most := rapid.IntRange(1, 30).Draw(t, "most")
		last := periods[len(periods)-1]
		kept, dropped := merged(periods, most)
		if len(kept) > most || len(kept)+len(dropped) != len(periods) {
			t.Fatalf("%d kept and %d dropped of %d, at most %d", len(kept), len(dropped), len(periods), most)
		}
		got := kept[len(kept)-1]
		if got.Used != last.Used || !got.To.Equal(last.To) || !kept[0].From.Equal(start) {
			t.Fatalf("the newest count or an end was lost: %+v", kept)
		}
		at, peak := start, int64(0)
		for _, p := range kept {
			if !p.From.Equal(at) {
				t.Fatalf("a gap before %v", p.From)
			}
			at, peak = p.To, max(peak, p.Peak)
		}
		if peak != highest {
			t.Fatalf("the peak is %d, was %d", peak, highest)
		}
	})
}

func TestPeriodShrinksWhenTheClockWasSetBack(t *testing.T) {
	future := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p, next := Count{Used: 3, Peak: 5, PeriodFrom: future}.closed("id", now)
	want := Period{ID: "id", From: now, To: now, Used: 3, Peak: 5}
	if diff := cmp.Diff(want, p); diff != "" || !next.PeriodFrom.Equal(now) || next.Peak != 3 {
		t.Errorf("period (-want +got):\n%s\nnext %+v", diff, next)
	}
}

func TestRetriesWaitLongerUpToTheLimitAndAtLeastAsLongAsAsked(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	pace := Pace{RetryFirst: time.Minute, RetryMost: time.Hour}
	cases := []struct {
		name         string
		failures     int64
		every, asked time.Duration
		random       float64
		want         time.Duration
	}{
		{"the first, at its earliest", 1, 24 * time.Hour, 0, 0, 30 * time.Second},
		{"the first, at its latest", 1, 24 * time.Hour, 0, 1, time.Minute},
		{"the third", 3, 24 * time.Hour, 0, 0, 2 * time.Minute},
		{"the limit", 50, 24 * time.Hour, 0, 1, time.Hour},
		{"never longer than the interval", 50, 10 * time.Minute, 0, 1, 10 * time.Minute},
		{"as the server asked", 1, 24 * time.Hour, 5 * time.Hour, 0, 5 * time.Hour},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := pace.retry(now, c.failures, c.every, c.asked, c.random).Sub(now); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
