package licensing

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// inZone gives an instant of a zone.
func inZone(t testing.TB, zone, text string) (time.Time, *time.Location) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	instant, err := time.ParseInLocation("2006-01-02 15:04", text, location)
	if err != nil {
		t.Fatal(err)
	}
	return instant.UTC(), location
}

// year is a subscription from 2026-04-01 to 2027-03-31.
var year = Subscription{StartsOn: "2026-04-01", EndsOn: "2027-03-31"}

func (s Subscription) canceledOn(day licensefile.Date) Subscription {
	s.CanceledOn = day
	return s
}

func (s Subscription) suspended() Subscription {
	s.SuspendedAt = &time.Time{}
	return s
}

func TestStateFollowsFromDates(t *testing.T) {
	policy := catalog.Policy{Model: catalog.Subscription, ExpiringWithinDays: 60, ExpiryGraceDays: 10, RenewalWindowDays: 30}
	perpetual := Subscription{StartsOn: "2026-04-01", MaintenanceEndsOn: "2027-03-31"}
	for _, c := range []struct {
		name         string
		subscription Subscription
		now          string
		want         State
		next         string // when time may bring something else; empty for never
	}{
		{"before its first day", year, "2026-03-31 23:59", NotStarted, "2026-04-01 00:00"},
		{"from the first instant of its first day", year, "2026-04-01 00:00", Active, "2027-01-30 00:00"},
		{"sixty-one days before the end", year, "2027-01-29 23:59", Active, "2027-01-30 00:00"},
		{"sixty days before the end", year, "2027-01-30 00:00", ExpiringSoon, "2027-04-01 00:00"},
		{"on its last day", year, "2027-03-31 23:59", ExpiringSoon, "2027-04-01 00:00"},
		{"in its grace", year, "2027-04-01 00:00", ExpiringSoon, "2027-04-11 00:00"},
		{"after its grace", year, "2027-04-11 00:00", Expired, ""},
		{"long after", year, "2040-01-01 00:00", Expired, ""},
		{"suspended", year.suspended(), "2026-06-01 12:00", Suspended, "2027-01-30 00:00"},
		{"suspended before it starts", year.suspended(), "2026-01-01 12:00", Suspended, "2026-04-01 00:00"},
		{"suspended and expired", year.suspended(), "2027-06-01 12:00", Expired, ""},
		{"canceled, on the last day", year.canceledOn("2026-09-30"), "2026-09-30 23:59", ExpiringSoon, "2026-10-01 00:00"},
		{"canceled, when that is far away", year.canceledOn("2026-09-30"), "2026-06-01 12:00", Active, "2026-08-01 00:00"},
		{"canceled, after the last day", year.canceledOn("2026-09-30"), "2026-10-01 00:00", Canceled, ""},
		{"canceled and long over", year.canceledOn("2026-09-30"), "2028-01-01 00:00", Canceled, ""},
		{"canceled in its grace", year.canceledOn("2027-04-05"), "2027-04-06 00:00", Canceled, ""},
		{"canceled and suspended", year.suspended().canceledOn("2026-09-30"), "2026-10-01 00:00", Canceled, ""},
		{"for ever", perpetual, "2026-06-01 12:00", Active, "2027-04-01 00:00"},
		{"for ever, maintenance over", perpetual, "2030-06-01 12:00", Active, ""},
		{"shorter than the warning", Subscription{StartsOn: "2026-04-01", EndsOn: "2026-04-14"}, "2026-04-01 00:00", ExpiringSoon, "2026-04-15 00:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, zone := inZone(t, "Asia/Tokyo", c.now)
			if got := c.subscription.State(policy, zone, now); got != c.want {
				t.Errorf("at %s: got %s, want %s", c.now, got, c.want)
			}
			next := ""
			if due := c.subscription.brought(policy, zone, now).Due; due != nil {
				next = due.In(zone).Format("2006-01-02 15:04")
			}
			if next != c.next {
				t.Errorf("at %s: looked at again at %q, want %q", c.now, next, c.next)
			}
		})
	}
}

// TestNothingHappensBetweenTurns draws subscriptions and instants: until the
// instant that brought names, time brings nothing, and then it does or names
// another.
func TestNothingHappensBetweenTurns(t *testing.T) {
	zones := []string{"UTC", "Europe/Zurich", "America/Santiago", "Asia/Beirut", "Pacific/Kiritimati", "America/Los_Angeles"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		s, policy := someSubscription(t), somePolicy(t)
		now := s.StartsOn.StartIn(zone).Add(time.Duration(rapid.Int64Range(-200*24*60, 900*24*60).Draw(t, "minutes")) * time.Minute)
		for range 10 {
			is := s.brought(policy, zone, now)
			if is.Due == nil {
				return
			}
			if !is.Due.After(now) {
				t.Fatalf("at %s it is due at %s", now, is.Due)
			}
			before := s.brought(policy, zone, is.Due.Add(-time.Microsecond))
			if diff := cmp.Diff(is, before); diff != "" {
				t.Fatalf("between %s and %s (-then +before the turn):\n%s", now, is.Due, diff)
			}
			end := s.End(policy, zone)
			over := end != nil && !is.Due.Before(*end)
			state := s.State(policy, zone, *is.Due)
			if ended := state == Expired || state == Canceled; ended != over {
				t.Fatalf("at %s the state is %s, and the end %v", is.Due, state, end)
			}
			now = *is.Due
		}
		t.Fatalf("time goes on bringing something: %+v", s)
	})
}

func someSubscription(t *rapid.T) Subscription {
	s := Subscription{StartsOn: someDay(t, "starts")}
	if rapid.Bool().Draw(t, "ends") {
		s.EndsOn = daysAfter(s.StartsOn, rapid.Int64Range(0, 800).Draw(t, "days"))
	}
	if rapid.Bool().Draw(t, "maintained") {
		s.MaintenanceEndsOn = daysAfter(s.StartsOn, rapid.Int64Range(0, 800).Draw(t, "maintenance"))
	}
	if rapid.Bool().Draw(t, "canceled") {
		s.CanceledOn = daysAfter(s.StartsOn, rapid.Int64Range(0, 800).Draw(t, "canceled after"))
	}
	return s
}

func somePolicy(t *rapid.T) catalog.Policy {
	return catalog.Policy{
		Model: catalog.Subscription, Maintenance: true, RenewalWindowDays: 60,
		ExpiringWithinDays: rapid.Int64Range(0, 90).Draw(t, "expiring"), ExpiryGraceDays: rapid.Int64Range(0, 40).Draw(t, "grace"),
	}
}

func TestWhatTheLogKnowsSurvivesStorage(t *testing.T) {
	due := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, want := range []Recorded{
		{State: Active}, {State: inGrace, Due: &due}, {State: Active, MaintenanceEnded: true}, {State: Canceled, MaintenanceEnded: true, Due: &due},
	} {
		if diff := cmp.Diff(want, recordedFrom(want.text(), want.Due)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestArrivalsAreToldOnce(t *testing.T) {
	for _, c := range []struct {
		name       string
		before, is Recorded
		want       []string
	}{
		{"nothing", Recorded{State: Active}, Recorded{State: Active}, nil},
		{"it starts", Recorded{State: NotStarted}, Recorded{State: Active}, []string{"subscription.started"}},
		{"it nears its end", Recorded{State: Active}, Recorded{State: ExpiringSoon}, []string{"subscription.expiring"}},
		{"its end date passes", Recorded{State: ExpiringSoon}, Recorded{State: inGrace}, []string{"subscription.grace_started"}},
		{"its grace ends", Recorded{State: inGrace}, Recorded{State: Expired}, []string{"subscription.expired"}},
		{"weeks were missed", Recorded{State: Active}, Recorded{State: Expired}, []string{"subscription.expired"}},
		{
			"everything was missed",
			Recorded{State: NotStarted},
			Recorded{State: Expired, MaintenanceEnded: true},
			[]string{"subscription.expired", "subscription.maintenance_ended"},
		},
		{"its cancellation comes true", Recorded{State: Active}, Recorded{State: Canceled}, []string{"subscription.ended"}},
		{"a plan got a longer grace", Recorded{State: Expired}, Recorded{State: inGrace}, []string{"subscription.prolonged"}},
		{"a plan warns later", Recorded{State: ExpiringSoon}, Recorded{State: Active}, []string{"subscription.prolonged"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, changesOf(c.before, c.is)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRenewalBeginsWhereTheOldEndOrTodayIs(t *testing.T) {
	prepaid := catalog.Policy{Model: catalog.Subscription, RenewalWindowDays: 60, Maintenance: true}
	forEver := catalog.Policy{Model: catalog.Perpetual, RenewalWindowDays: 60, Maintenance: true}
	maintained := year
	maintained.MaintenanceEndsOn = "2027-03-31"
	for _, c := range []struct {
		name         string
		subscription Subscription
		policy       catalog.Policy
		today        licensefile.Date
		months       int64
		code         problem.Code
		ends         licensefile.Date
		maintenance  licensefile.Date
	}{
		{"on the day the window opens", year, prepaid, "2027-01-30", 12, "", "2028-03-31", ""},
		{"the day before", year, prepaid, "2027-01-29", 12, problem.RenewalTooEarly, "", ""},
		{"on the last day", year, prepaid, "2027-03-31", 12, "", "2028-03-31", ""},
		{"the day after", year, prepaid, "2027-04-01", 12, "", "2028-04-01", ""},
		{"long after", year, prepaid, "2030-02-28", 1, "", "2030-03-28", ""},
		{"with its maintenance", maintained, prepaid, "2027-03-01", 12, "", "2028-03-31", "2028-03-31"},
		{"of a trial", year, catalog.Policy{Model: catalog.Trial, RenewalWindowDays: 60}, "2027-03-31", 12, problem.NotRenewable, "", ""},
		{"without a window", year, catalog.Policy{Model: catalog.Subscription}, "2027-03-31", 12, problem.NotRenewable, "", ""},
		{"canceled", year.canceledOn("2027-03-01"), prepaid, "2027-03-31", 12, problem.SubscriptionCanceled, "", ""},
		{"for ever, in its window", Subscription{StartsOn: "2026-04-01", MaintenanceEndsOn: "2027-03-31"}, forEver, "2027-03-01", 24, "", "", "2029-03-31"},
		{"for ever, too early", Subscription{StartsOn: "2026-04-01", MaintenanceEndsOn: "2027-03-31"}, forEver, "2026-06-01", 24, problem.RenewalTooEarly, "", ""},
		{"for ever, without maintenance yet", Subscription{StartsOn: "2026-04-01"}, forEver, "2026-06-01", 12, "", "", "2027-06-01"},
		{
			"for ever, of a plan without maintenance",
			Subscription{StartsOn: "2026-04-01"},
			catalog.Policy{Model: catalog.Perpetual, RenewalWindowDays: 60},
			"2026-06-01", 12, problem.NotRenewable, "", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.subscription.refusesRenewal(c.policy, c.today)
			if got := refusal(err); got != c.code {
				t.Fatalf("refused with %q, want %q", got, c.code)
			}
			after := renewedUnless(err, c.subscription, c.policy, c.today, c.months)
			if after.EndsOn != c.ends || after.MaintenanceEndsOn != c.maintenance {
				t.Errorf("ends %q and maintenance %q, want %q and %q", after.EndsOn, after.MaintenanceEndsOn, c.ends, c.maintenance)
			}
		})
	}
}

func refusal(err error) problem.Code {
	if err == nil {
		return ""
	}
	return problem.From(err).Code
}

// renewedUnless renews a subscription that may be; else there is nothing to see.
func renewedUnless(refused error, s Subscription, policy catalog.Policy, today licensefile.Date, months int64) Subscription {
	if refused != nil {
		return Subscription{}
	}
	return s.renewed(policy, today, months)
}

func TestRenewalNeverShortensAndAlwaysReachesBeyondToday(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, policy := someSubscription(t), somePolicy(t)
		today, months := daysAfter(s.StartsOn, rapid.Int64Range(0, 3000).Draw(t, "age")), rapid.Int64Range(1, 120).Draw(t, "months")
		if s.EndsOn == "" {
			policy.Model = catalog.Perpetual
		}
		before, after := s.renews(), s.renewed(policy, today, months)
		if after.renews() <= before || after.renews() <= today {
			t.Fatalf("from %s, on %s for %d months: %s", before, today, months, after.renews())
		}
		if want := monthsAfter(max(before, today), months); after.renews() != want {
			t.Fatalf("from %s, on %s for %d months: got %s, want %s", before, today, months, after.renews(), want)
		}
		if err := after.refusesRenewal(policy, today); months >= 3 && s.CanceledOn == "" && !problem.Is(err, problem.RenewalTooEarly) {
			t.Fatalf("renewed until %s, and on %s it may be renewed again: %v", after.renews(), today, err)
		}
	})
}

func TestASubscriptionShrinksNoFurtherThanItIsReserved(t *testing.T) {
	pool := Pool{Total: 100, Used: 45, Reserved: 30, ReservedInUse: 10} // 35 used of the main pool
	n := func(v int64) *int64 { return &v }
	for _, c := range []struct {
		name    string
		limited bool
		pool    Pool
		to      *int64
		force   bool
		want    problem.Code
	}{
		{"more", true, pool, n(101), false, ""},
		{"unlimited", true, pool, nil, false, ""},
		{"what is in use and reserved", true, pool, n(65), false, ""},
		{"one less", true, pool, n(64), false, problem.QuantityTooSmall},
		{"one less, forced", true, pool, n(64), true, ""},
		{"what is reserved, forced", true, pool, n(30), true, ""},
		{"less than is reserved, forced", true, pool, n(29), true, problem.QuantityTooSmall},
		{"a number after unlimited", false, Pool{Used: 45, Reserved: 30, ReservedInUse: 10}, n(65), false, ""},
		{"a smaller number after unlimited", false, Pool{Used: 45, Reserved: 30, ReservedInUse: 10}, n(64), false, problem.QuantityTooSmall},
		{"more, and still over", true, Pool{Total: 10, Used: 45}, n(20), false, ""},
		{"overuse of a reserved key", true, Pool{Total: 100, Used: 50, Reserved: 30, ReservedInUse: 50}, n(30), false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := refusal(Seats{Pool: c.pool, Limited: c.limited}.refusesQuantity(c.to, c.force)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
