package licensing

import (
	"time"

	"github.com/licethq/licet/licensefile"
)

// daysAfter gives the day so many calendar days later, or before when negative. A
// day of a zone may have 23 or 25 hours, so days are counted without one.
func daysAfter(day licensefile.Date, n int64) licensefile.Date {
	return dayIn(time.UTC, day.StartIn(time.UTC).AddDate(0, 0, int(n)))
}

// daysBetween gives how many calendar days lie from one day to another; negative
// when to comes first.
func daysBetween(from, to licensefile.Date) int64 {
	const day = 24 * time.Hour
	return int64(to.StartIn(time.UTC).Sub(from.StartIn(time.UTC)) / day)
}

// monthsAfter gives the same day of the month so many months later, or that
// month's last day when it has no such day: a month after January 31 comes
// February 28 or 29.
func monthsAfter(day licensefile.Date, months int64) licensefile.Date {
	at := day.StartIn(time.UTC)
	first := time.Date(at.Year(), at.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return dayIn(time.UTC, first.AddDate(0, 0, min(at.Day(), last)-1))
}

// endOfTerm gives the last day of a term of months that begins with a day: the
// day before the same day of the month, or the month's last day when it has no
// such day.
func endOfTerm(starts licensefile.Date, months int64) licensefile.Date {
	end := monthsAfter(starts, months)
	if end[len("2006-01-"):] == starts[len("2006-01-"):] {
		return daysAfter(end, -1)
	}
	return end
}
