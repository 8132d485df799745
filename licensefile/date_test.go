package licensefile_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/licethq/licet/licensefile"
)

// TestADayBeginsAndEndsWithItsDate looks at zones whose clocks change at
// midnight, at other hours, by half an hour, or never.
func TestADayBeginsAndEndsWithItsDate(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Zurich", "America/New_York", "America/Santiago", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe",
		"Pacific/Kiritimati", "Asia/Tokyo",
	} {
		t.Run(name, func(t *testing.T) {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			for day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2029; day = day.AddDate(0, 0, 1) {
				text := day.Format(time.DateOnly)
				start, end := licensefile.Date(text).StartIn(zone), licensefile.Date(text).EndIn(zone)
				got := []string{
					start.Add(-1).In(zone).Format(time.DateOnly), start.In(zone).Format(time.DateOnly),
					end.Add(-1).In(zone).Format(time.DateOnly), end.In(zone).Format(time.DateOnly),
				}
				want := []string{day.AddDate(0, 0, -1).Format(time.DateOnly), text, text, day.AddDate(0, 0, 1).Format(time.DateOnly)}
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s from %s to %s: dates around it are %v, want %v", text, start, end, got, want)
					}
				}
			}
		})
	}
}
