package licensefile_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/licethq/licet/licensefile"
)

func TestEndDateIsInclusiveInItsZone(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	for _, c := range []struct {
		date licensefile.Date
		zone *time.Location
		want string
	}{
		{"2027-02-28", time.UTC, "2027-03-01T00:00:00Z"},
		{"2027-12-31", tokyo, "2027-12-31T15:00:00Z"},
		{"nonsense", time.UTC, "0001-01-01T00:00:00Z"},
	} {
		if got := c.date.EndIn(c.zone).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("end of %s in %s: got %s, want %s", c.date, c.zone, got, c.want)
		}
	}
}

func TestDateIsACalendarDayOrNothing(t *testing.T) {
	for _, c := range []struct {
		json string
		ok   bool
	}{
		{`"2028-02-29"`, true},
		{`""`, true},
		{`"2027-02-29"`, false},
		{`"2027-2-1"`, false},
		{`"2027-02-01T00:00:00Z"`, false},
		{`20270201`, false},
	} {
		var d licensefile.Date
		if err := json.Unmarshal([]byte(c.json), &d); (err == nil) != c.ok {
			t.Errorf("%s: got %q, %v, want accepted: %v", c.json, d, err, c.ok)
		}
	}
}

func TestSecondsNeverOverflowADuration(t *testing.T) {
	for _, c := range []struct {
		seconds licensefile.Seconds
		want    time.Duration
	}{
		{90, 90 * time.Second},
		{0, 0},
		{-1, 0},
		{math.MinInt64, 0},
		{math.MaxInt64, math.MaxInt64 / time.Second * time.Second},
	} {
		if got := c.seconds.Duration(); got != c.want {
			t.Errorf("%d s: got %v, want %v", c.seconds, got, c.want)
		}
	}
	if got := licensefile.SecondsOf(1999 * time.Millisecond); got != 1 {
		t.Errorf("1.999 s: got %d, want 1", got)
	}
}

func TestEveryCodeHasASentence(t *testing.T) {
	codes := licensefile.RefusalCodes()
	if len(codes) < 25 {
		t.Fatalf("got %d codes: %v", len(codes), codes)
	}
	for _, code := range codes {
		if licensefile.Sentence(code) == "" {
			t.Errorf("code %s has no sentence", code)
		}
	}
}
