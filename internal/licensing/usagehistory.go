package licensing

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// UsageHistory is what a subscription, a key or a row has used, day by day, and
// where that leads (P14).
type UsageHistory struct {
	Metric  string
	Days    []DayUsage
	Maximum *int64 // as of now; nil is unlimited

	// Reaches is the day on which the trend of the days reaches the maximum;
	// empty when it leads elsewhere, or further away than the days tell of.
	Reaches licensefile.Date
}

// DayUsage is a calendar day in the publisher's zone.
type DayUsage struct {
	Day  licensefile.Date
	Used int64 // at its end, or as last reported: the sum of all rows
	Peak int64 // the sum of each row's highest on that day; all need not have been at once
}

// UsageFilter says whose usage is asked for: exactly one of the ids is given.
type UsageFilter struct {
	SubscriptionID string
	KeyID          string
	ActivationID   string

	From, To licensefile.Date // inclusive; empty are the last days up to today
}

// Bounds of a history, in days.
const (
	usualHistory   = 90
	longestHistory = 3 * 366
)

// Usage gives a history of usage to staff, to account administrators, and to
// license administrators whose keys it is of. Errors: validation_failed,
// not_found, forbidden.
func (s *Service) Usage(ctx context.Context, actor identity.Actor, f UsageFilter) (UsageHistory, error) {
	current, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return UsageHistory{}, err
	}
	today := dayIn(current.Zone, s.now())
	if err := f.complete(today); err != nil {
		return UsageHistory{}, err
	}
	var h UsageHistory
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		of, err := s.usageOf(q, actor, f, today)
		if err != nil {
			return err
		}
		reports, err := listUsage(q, f, of.metric, f.From.StartIn(current.Zone), f.To.EndIn(current.Zone))
		if err != nil {
			return err
		}
		h = UsageHistory{Metric: of.metric, Maximum: of.maximum, Days: byDay(reports, f.From, f.To, current.Zone)}
		if h.Maximum != nil {
			h.Reaches = reaches(h.Days, *h.Maximum)
		}
		return nil
	})
	return h, err
}

// complete fills in the usual days and checks those that were given.
func (f *UsageFilter) complete(today licensefile.Date) error {
	var faults problem.Faults
	for _, given := range []struct {
		pointer string
		day     licensefile.Date
	}{{"query.from", f.From}, {"query.to", f.To}} {
		_, err := licensefile.ParseDate(string(given.day))
		faults.Check(given.day == "" || err == nil, given.pointer, "must be a calendar day such as 2027-01-31")
	}
	if err := faults.Err(); err != nil {
		return err
	}
	if f.To == "" || f.To > today {
		f.To = today
	}
	if f.From == "" {
		f.From = daysBefore(f.To, usualHistory-1)
	}
	faults.Check(f.From <= f.To, "query.from", "must not lie after the last day")
	faults.Check(f.From >= daysBefore(f.To, longestHistory), "query.from", "must lie within three years before the last day")
	return faults.Err()
}

func daysBefore(day licensefile.Date, n int) licensefile.Date {
	return dayIn(time.UTC, day.StartIn(time.UTC).AddDate(0, 0, -n))
}

// measured is what a history is of.
type measured struct {
	metric  string
	maximum *int64
}

// usageOf finds what a history is asked of, and asks whether the actor may see it.
func (s *Service) usageOf(q database.Querier, actor identity.Actor, f UsageFilter, today licensefile.Date) (measured, error) {
	t, keyID, err := s.termsFor(q, f, today)
	if err != nil {
		return measured{}, err
	}
	if keyID == "" {
		err = actor.RequireIn(t.Subscription.OrganizationID, identity.AccountAdministrator, identity.AnyStaff...)
	} else {
		err = actor.RequireKey(t.Subscription.OrganizationID, keyID, identity.AnyStaff...)
	}
	if err != nil {
		return measured{}, err
	}
	_, _, metric := t.Offer.Policy.LicenseType()
	m := measured{metric: metric, maximum: t.Subscription.Quantity}
	if keyID != "" {
		m.maximum = t.maximum(t.Pool, t.KeyUsed)
	}
	return m, nil
}

// usageReport is a stored period of one activation.
type usageReport struct {
	activation string
	from, to   time.Time
	used, peak int64
	ended      *time.Time // of the activation
}

// byDay sums up what each activation used on each day. reports are ordered by
// activation and then by the end of their period. An activation uses what it
// last reported until it reports anew or ends.
func byDay(reports []usageReport, from, to licensefile.Date, zone *time.Location) []DayUsage {
	var days []DayUsage
	for day := from; day <= to; day = daysBefore(day, -1) {
		days = append(days, DayUsage{Day: day})
	}
	for len(reports) > 0 {
		n := 1
		for n < len(reports) && reports[n].activation == reports[0].activation {
			n++
		}
		addDays(days, reports[:n], zone)
		reports = reports[n:]
	}
	return days
}

// addDays adds one activation's reports to the days.
func addDays(days []DayUsage, reports []usageReport, zone *time.Location) {
	next, known, used := 0, false, int64(0)
	for i := range days {
		start, end := days[i].Day.StartIn(zone), days[i].Day.EndIn(zone)
		if ended := reports[0].ended; ended != nil && !ended.After(start) {
			return
		}
		peak := used // what it had at midnight
		for next < len(reports) && !reports[next].to.After(end) {
			r := reports[next]
			if r.to.After(start) {
				peak = max(peak, r.peak, r.used)
			} else {
				peak = r.used
			}
			known, used = true, r.used
			next++
		}
		// A period that goes on beyond the day tells of it too.
		if next < len(reports) && reports[next].from.Before(end) {
			peak = max(peak, reports[next].peak)
			known = true
		}
		if !known {
			continue
		}
		days[i].Peak += max(peak, used)
		if ended := reports[0].ended; ended == nil || ended.After(end) {
			days[i].Used += used
		}
	}
}

// reaches gives the first day on which the straight line that fits the days best
// reaches the maximum; empty when it falls or is level, is there already, or
// would take longer than ten times the days. Days before the first use tell
// nothing.
func reaches(days []DayUsage, maximum int64) licensefile.Date {
	for len(days) > 0 && days[0].Used == 0 {
		days = days[1:]
	}
	n := float64(len(days))
	if n < 2 {
		return ""
	}
	var sumX, sumY, sumXY, sumXX float64
	for i, d := range days {
		x, y := float64(i), float64(d.Used)
		sumX, sumY, sumXY, sumXX = sumX+x, sumY+y, sumXY+x*y, sumXX+x*x
	}
	slope := (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
	last := days[len(days)-1]
	if slope <= 0 || last.Used >= maximum {
		return ""
	}
	const horizon = 10
	more := (float64(maximum) - float64(last.Used)) / slope // from where it is now
	if more > horizon*n {
		return ""
	}
	whole := int(more)
	if float64(whole) < more {
		whole++
	}
	return daysBefore(last.Day, -whole)
}
