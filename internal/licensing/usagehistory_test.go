package licensing

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/licensefile"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

func TestUsageIsSummedByDayOfThePublishersZone(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	report := func(activation, from, to string, used, peak int64) usageReport {
		return usageReport{activation: activation, from: at(t, from), to: at(t, to), used: used, peak: peak}
	}
	ended := at(t, "2026-03-03T12:00:00Z")
	gone := report("b", "2026-03-01T00:00:00Z", "2026-03-02T12:00:00Z", 4, 4)
	gone.ended = &ended
	for _, c := range []struct {
		name    string
		reports []usageReport
		want    []DayUsage
	}{
		{"nobody reported", nil, []DayUsage{{Day: "2026-03-02"}, {Day: "2026-03-03"}, {Day: "2026-03-04"}}},
		{
			"what was reported last goes on",
			[]usageReport{report("a", "2026-02-20T00:00:00Z", "2026-02-27T00:00:00Z", 7, 9)},
			[]DayUsage{{"2026-03-02", 7, 7}, {"2026-03-03", 7, 7}, {"2026-03-04", 7, 7}},
		},
		{
			"a day has its own peak and its last value",
			[]usageReport{
				report("a", "2026-03-02T00:00:00Z", "2026-03-03T08:00:00Z", 3, 8),
				report("a", "2026-03-03T08:00:00Z", "2026-03-03T20:00:00Z", 5, 6),
			},
			[]DayUsage{{"2026-03-02", 0, 8}, {"2026-03-03", 5, 8}, {"2026-03-04", 5, 5}},
		},
		{
			"an instant late in the evening of UTC is of the next day",
			[]usageReport{report("a", "2026-03-02T23:30:00Z", "2026-03-02T23:30:00Z", 2, 2)},
			[]DayUsage{{Day: "2026-03-02"}, {"2026-03-03", 2, 2}, {"2026-03-04", 2, 2}},
		},
		{
			"an activation that ended counts no longer",
			[]usageReport{report("a", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", 1, 1), gone},
			[]DayUsage{{"2026-03-02", 5, 5}, {"2026-03-03", 1, 5}, {"2026-03-04", 1, 1}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := byDay(c.reports, "2026-03-02", "2026-03-04", zone)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// line makes days on which usage grows by a step from a start.
func line(start, step int64, n int) []DayUsage {
	days := make([]DayUsage, n)
	for i := range days {
		days[i] = DayUsage{Day: daysBefore("2026-01-01", -i), Used: start + int64(i)*step}
	}
	return days
}

func TestTrendSaysWhenTheMaximumIsReached(t *testing.T) {
	for _, c := range []struct {
		name    string
		days    []DayUsage
		maximum int64
		want    licensefile.Date
	}{
		{"one a day", line(1, 1, 10), 20, "2026-01-20"},
		{"two a day, in the middle of a day", line(2, 2, 10), 23, "2026-01-12"},
		{"nothing, then one a day", append(line(0, 0, 20), line(1, 1, 10)...), 19, "2026-01-19"},
		{"level", line(5, 0, 10), 19, ""},
		{"falling", line(50, -1, 10), 60, ""},
		{"there already", line(3, 3, 10), 20, ""},
		{"too far away to tell", line(1, 1, 10), 1000, ""},
		{"a single day", line(5, 1, 1), 19, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := reaches(c.days, c.maximum); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTrendOfAnyDaysLiesAheadOrNowhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := line(0, 0, rapid.IntRange(1, 60).Draw(t, "days"))
		for i := range days {
			days[i].Used = rapid.Int64Range(0, 1000).Draw(t, "used")
		}
		got := reaches(days, rapid.Int64Range(0, 1200).Draw(t, "maximum"))
		if got != "" && got <= days[len(days)-1].Day {
			t.Fatalf("the trend reaches the maximum on %s, which is past", got)
		}
	})
}
