package licensefile

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// NumericDate is an instant in whole seconds since 1970 UTC (RFC 7519).
type NumericDate int64

// At gives the NumericDate of an instant, rounded down to the second.
func At(t time.Time) NumericDate { return NumericDate(t.Unix()) }

// The instants that a NumericDate may name: years 1 to 9999, so that every
// program can show them.
const (
	minNumericDate NumericDate = -62135596800
	maxNumericDate NumericDate = 253402300799
)

// valid reports whether the date is one that every program can show.
func (d NumericDate) valid() bool { return d >= minNumericDate && d <= maxNumericDate }

// Time gives the instant, in UTC.
func (d NumericDate) Time() time.Time { return time.Unix(int64(d), 0).UTC() }

// Seconds is a length of time in whole seconds.
type Seconds int64

// SecondsOf gives d in whole seconds, rounded down.
func SecondsOf(d time.Duration) Seconds { return Seconds(d / time.Second) }

// maxSeconds is the most that a Duration can hold: 292 years.
const maxSeconds = Seconds(math.MaxInt64 / int64(time.Second))

// Duration gives the length as Go counts it, at most 292 years; a negative
// length counts as none.
func (s Seconds) Duration() time.Duration {
	return time.Duration(min(max(s, 0), maxSeconds)) * time.Second
}

// Date is a calendar day, YYYY-MM-DD, in the publisher's zone; empty is none.
type Date string

// ParseDate checks that s is a calendar day.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("%q is not a calendar day such as 2027-01-31", s)
	}
	return Date(s), nil
}

// StartIn gives the first instant of the day in a zone. Where clocks go forward
// at midnight, the day begins at one o'clock. The date must be valid.
func (d Date) StartIn(zone *time.Location) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	if day.Format(time.DateOnly) < string(d) { // there is no midnight, and this is an hour before it
		_, day = day.ZoneBounds()
	}
	return day
}

// EndIn gives the instant at which the day is over in a zone: the start of the
// next day, since an end date is inclusive. The date must be valid.
func (d Date) EndIn(zone *time.Location) time.Time {
	day, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return Date(day.AddDate(0, 0, 1).Format(time.DateOnly)).StartIn(zone)
}

// UnmarshalJSON accepts a calendar day or an empty string, and nothing else.
func (d *Date) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if s == "" {
		*d = ""
		return nil
	}
	parsed, err := ParseDate(s)
	*d = parsed
	return err
}
