package database

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Micros gives an instant as it is stored: microseconds since 1970, UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Instant gives a stored instant as a time in UTC.
func Instant(us int64) time.Time { return time.UnixMicro(us).UTC() }

// NullMicros gives an instant that may be missing as an argument.
func NullMicros(t *time.Time) any {
	if t == nil {
		return nil
	}
	return Micros(*t)
}

// NullInstant scans an instant that may be NULL.
type NullInstant struct {
	Time  time.Time
	Valid bool
}

// Scan implements sql.Scanner.
func (n *NullInstant) Scan(src any) error {
	switch us := src.(type) {
	case nil:
		*n = NullInstant{}
	case int64:
		*n = NullInstant{Time: Instant(us), Valid: true}
	default:
		return fmt.Errorf("a %T is not an instant", src)
	}
	return nil
}

// Value implements driver.Valuer.
func (n NullInstant) Value() (driver.Value, error) {
	if !n.Valid {
		return nil, nil
	}
	return Micros(n.Time), nil
}

// Ptr gives the instant, or nil for NULL.
func (n NullInstant) Ptr() *time.Time {
	if !n.Valid {
		return nil
	}
	return &n.Time
}
