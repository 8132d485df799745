package licensing

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/licethq/licet/licensefile"
)

func TestMonthsAfterStayInTheCalendar(t *testing.T) {
	for _, c := range []struct {
		name   string
		day    licensefile.Date
		months int64
		want   licensefile.Date
	}{
		{"a year", "2027-03-31", 12, "2028-03-31"},
		{"into a short month", "2027-01-31", 1, "2027-02-28"},
		{"into a leap February", "2028-01-31", 1, "2028-02-29"},
		{"out of a short month", "2027-02-28", 1, "2027-03-28"},
		{"from a leap day", "2028-02-29", 12, "2029-02-28"},
		{"from leap day to leap day", "2028-02-29", 48, "2032-02-29"},
		{"a leap day that a century lacks", "2096-02-29", 48, "2100-02-28"},
		{"over the end of a year", "2027-11-30", 3, "2028-02-29"},
		{"31 into 30", "2027-05-31", 6, "2027-11-30"},
		{"many years", "2027-12-31", 1200, "2127-12-31"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := monthsAfter(c.day, c.months); got != c.want {
				t.Errorf("%s and %d months: got %s, want %s", c.day, c.months, got, c.want)
			}
		})
	}
}

func TestATermEndsTheDayBeforeItsAnniversary(t *testing.T) {
	for _, c := range []struct {
		name   string
		starts licensefile.Date
		months int64
		want   licensefile.Date
	}{
		{"a year", "2027-04-01", 12, "2028-03-31"},
		{"a calendar year", "2027-01-01", 12, "2027-12-31"},
		{"in the middle of a month", "2027-04-16", 1, "2027-05-15"},
		{"before a leap day", "2027-03-01", 12, "2028-02-29"},
		{"where the month has no such day", "2027-01-31", 1, "2027-02-28"},
		{"from a leap day", "2028-02-29", 12, "2029-02-28"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := endOfTerm(c.starts, c.months); got != c.want {
				t.Errorf("%d months from %s: got %s, want %s", c.months, c.starts, got, c.want)
			}
		})
	}
}

// someDay draws a day of two centuries.
func someDay(t *rapid.T, label string) licensefile.Date {
	return daysAfter("2000-01-01", rapid.Int64Range(0, 73_000).Draw(t, label))
}

func TestMonthsAreCountedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day, months := someDay(t, "day"), rapid.Int64Range(1, maxTerm).Draw(t, "months")
		from, to := day.StartIn(time.UTC), monthsAfter(day, months).StartIn(time.UTC)
		crossed := int64(to.Year()-from.Year())*12 + int64(to.Month()) - int64(from.Month())
		if crossed != months {
			t.Fatalf("%s and %d months is %s, which crosses %d", day, months, to.Format(time.DateOnly), crossed)
		}
		lastOfMonth := to.AddDate(0, 0, 1).Month() != to.Month()
		if to.Day() != from.Day() && (to.Day() > from.Day() || !lastOfMonth) {
			t.Fatalf("%s and %d months is %s: another day, and not the month's last", day, months, to.Format(time.DateOnly))
		}
	})
}

func TestDaysAreCountedWithoutHours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day, n := someDay(t, "day"), rapid.Int64Range(-4000, 4000).Draw(t, "n")
		if got := daysBetween(day, daysAfter(day, n)); got != n {
			t.Fatalf("%d days after %s are %d days away", n, day, got)
		}
	})
}
