package licensefile_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/licethq/licet/licensefile"
)

func TestTrustedTime(t *testing.T) {
	const day = 24 * time.Hour
	y2040 := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		known licensefile.TrustedTime
		clock time.Time
		want  time.Time
	}{
		{"nothing known", licensefile.TrustedTime{}, issued, issued},
		{"clock right", licensefile.TrustedTime{Accepted: issued, HighWater: issued}, issued.Add(time.Hour), issued.Add(time.Hour)},
		{"clock before the publisher's answer", licensefile.TrustedTime{Accepted: issued, HighWater: issued}, issued.Add(-9 * day), issued},
		{"clock set back by an hour", licensefile.TrustedTime{Accepted: issued, HighWater: issued.Add(9 * day)}, issued.Add(9*day - time.Hour), issued.Add(9*day - time.Hour)},
		{"clock set back by a day", licensefile.TrustedTime{Accepted: issued, HighWater: issued.Add(9 * day)}, issued.Add(8 * day), issued.Add(8 * day)},
		{"clock set back by a week", licensefile.TrustedTime{Accepted: issued, HighWater: issued.Add(9 * day)}, issued.Add(2 * day), issued.Add(8 * day)},
		{"clock was in 2040", licensefile.TrustedTime{Accepted: issued}.Observe(y2040), issued, y2040.Add(-day)},
		{"clock was in 2040, then came news", licensefile.TrustedTime{Accepted: issued}.Observe(y2040).Accept(issued.Add(day), true), issued.Add(2 * day), issued.Add(2 * day)},
		{"clock was in 2040, then came a mere receipt", licensefile.TrustedTime{Accepted: issued}.Observe(y2040).Accept(issued.Add(day), false), issued, y2040.Add(-day)},
		{"an older answer does not turn time back", licensefile.TrustedTime{Accepted: issued}.Accept(issued.Add(-day), false), issued.Add(-day), issued},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.known.Now(c.clock); !got.Equal(c.want) {
				t.Errorf("%+v with the clock at %v: got %v, want %v", c.known, c.clock, got, c.want)
			}
		})
	}
}

func TestTrustedTimeIsNeverBeforeTheClockNorTheAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var known licensefile.TrustedTime
		instant := rapid.Custom(func(t *rapid.T) time.Time {
			return issued.Add(time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "s")) * time.Second)
		})
		var accepted, highest time.Time
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			at := instant.Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				known = known.Observe(at)
			case 1:
				known = known.Accept(at, false)
				accepted = later(accepted, at)
			default:
				known = known.Accept(at, true)
				accepted = later(accepted, at)
			}
			highest = later(highest, at)
		}
		clock := instant.Draw(t, "clock")
		now := known.Now(clock)
		if now.Before(clock) || now.Before(accepted) || now.After(later(clock, highest)) {
			t.Errorf("%+v with the clock at %v: got %v", known, clock, now)
		}
	})
}

// later gives the later of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
