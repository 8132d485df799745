package licensefile

import (
	"encoding/json"
	"fmt"
	"time"
)

// NumericDate is an instant in whole seconds since 1970 UTC (RFC 7519).
type NumericDate int64

// At gives the NumericDate of an instant, rounded down to the second.
func At(t time.Time) NumericDate { return NumericDate(t.Unix()) }

// Time gives the instant, in UTC.
func (d NumericDate) Time() time.Time { return time.Unix(int64(d), 0).UTC() }

// Seconds is a length of time in whole seconds.
type Seconds int64

// SecondsOf gives d in whole seconds, rounded down.
func SecondsOf(d time.Duration) Seconds { return Seconds(d / time.Second) }

// Duration gives the length as Go counts it.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// Date is a calendar day, YYYY-MM-DD, in the publisher's zone; empty is none.
type Date string

// ParseDate checks that s is a calendar day.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("%q is not a calendar day such as 2027-01-31", s)
	}
	return Date(s), nil
}

// EndIn gives the instant at which the day is over in a zone: the start of the
// next day, since an end date is inclusive. The date must be valid.
func (d Date) EndIn(zone *time.Location) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
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
