package licensing

import (
	"fmt"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Subscription is what an organization owns: a number of licenses of a plan for
// a period. Calendar days are in the publisher's zone; an end date is inclusive.
type Subscription struct {
	ID                string
	OrganizationID    string // empty until its key is registered
	OrganizationName  string
	PlanID            string
	Quantity          *int64 // licenses owned; nil is unlimited
	StartsOn          licensefile.Date
	EndsOn            licensefile.Date // empty for ever
	MaintenanceEndsOn licensefile.Date // empty for none
	OfflineAllowed    bool             // whether keys may be activated by file (P4)
	OfflineAskedAt    *time.Time       // an administrator asked for that; nil once answered
	SuspendedAt       *time.Time       // by staff; nil while it runs
	CanceledOn        licensefile.Date // the last day, whatever EndsOn says; empty for not canceled
	CancelNote        string           // why, in staff's words; only staff see it
	Reference         string           // its id in the publisher's other systems; only staff see it
	Recorded          Recorded         // what the log says that time has brought
	Version           int64
	CreatedAt         time.Time
}

// LastDay is the day on which the subscription ends by itself: that of its end,
// or of its cancellation when it comes first; empty for ever.
func (s Subscription) LastDay() licensefile.Date {
	if s.CanceledOn != "" && (s.EndsOn == "" || s.CanceledOn < s.EndsOn) {
		return s.CanceledOn
	}
	return s.EndsOn
}

// End is the instant at which the subscription stops: the end of its last day in
// the publisher's zone and then the plan's grace (P18), which a canceled one
// does not have; nil for ever.
func (s Subscription) End(policy catalog.Policy, zone *time.Location) *time.Time {
	var end *time.Time
	if s.EndsOn != "" {
		at := s.EndsOn.EndIn(zone).Add(policy.ExpiryGrace())
		end = &at
	}
	if s.CanceledOn != "" {
		if at := s.CanceledOn.EndIn(zone); end == nil || at.Before(*end) {
			end = &at
		}
	}
	return end
}

// canceled reports whether the last day of a canceled subscription is over.
func (s Subscription) canceled(zone *time.Location, now time.Time) bool {
	return s.CanceledOn != "" && !now.Before(s.CanceledOn.EndIn(zone))
}

// Start is the instant at which the subscription begins.
func (s Subscription) Start(zone *time.Location) time.Time {
	return s.StartsOn.StartIn(zone)
}

// refusesActivation says why the subscription lets nobody activate at an
// instant; nil when it does. Whether a key is registered is asked first, since
// a stranger learns no more than that.
func (s Subscription) refusesActivation(policy catalog.Policy, zone *time.Location, now time.Time) error {
	end := s.End(policy, zone)
	switch {
	case s.OrganizationID == "":
		return problem.New(problem.KeyNotRegistered)
	case s.SuspendedAt != nil:
		return problem.New(problem.SubscriptionSuspended)
	case s.canceled(zone, now):
		return problem.New(problem.SubscriptionCanceled)
	case end != nil && !now.Before(*end):
		return problem.New(problem.SubscriptionExpired)
	case now.Before(s.Start(zone)):
		return problem.Newf(problem.SubscriptionNotStarted, "The subscription starts on %s. Activate from then on.", s.StartsOn)
	}
	return nil
}

// NewSubscription is what staff give to issue a subscription.
type NewSubscription struct {
	PlanID            string
	OrganizationID    string // empty leaves the key to be registered later
	Quantity          *int64 // nil is unlimited
	StartsOn          licensefile.Date
	EndsOn            licensefile.Date
	MaintenanceEndsOn licensefile.Date
	TermMonths        int64  // instead of the end, or of that of maintenance on a perpetual plan; 0 for none
	OfflineAllowed    *bool  // nil takes the plan's
	Reference         string // its id in the publisher's other systems, which no other has; or empty
}

// maxQuantity keeps sums of licenses exact in every JSON reader.
const maxQuantity = 1_000_000_000

// maxReference is the longest reference, in characters.
const maxReference = 200

// completed gives what follows from what was given: it starts today unless a day
// is named, and a term leads to its end.
func (n NewSubscription) completed(policy catalog.Policy, today licensefile.Date) NewSubscription {
	if n.StartsOn == "" {
		n.StartsOn = today
	}
	_, err := licensefile.ParseDate(string(n.StartsOn))
	if err != nil || n.TermMonths < 1 || n.TermMonths > maxTerm {
		return n
	}
	switch end := endOfTerm(n.StartsOn, n.TermMonths); {
	case policy.Model == catalog.Perpetual && n.MaintenanceEndsOn == "":
		n.MaintenanceEndsOn, n.TermMonths = end, 0
	case policy.Model != catalog.Perpetual && n.EndsOn == "":
		n.EndsOn, n.TermMonths = end, 0
	}
	return n
}

// Validate reports every fault of a new subscription under a plan's policy.
func (n NewSubscription) Validate(policy catalog.Policy) error {
	var f problem.Faults
	n.check(&f, "", policy)
	return f.Err()
}

// check notes faults with pointers below at.
func (n NewSubscription) check(f *problem.Faults, at string, policy catalog.Policy) {
	checkQuantity(f, at+"/quantity", n.Quantity)
	checkDay(f, at+"/starts_on", n.StartsOn)
	checkDay(f, at+"/ends_on", n.EndsOn)
	checkDay(f, at+"/maintenance_ends_on", n.MaintenanceEndsOn)
	// A term that has led to an end is gone by now.
	f.Check(n.TermMonths == 0, at+"/term_months", fmt.Sprintf("must be 1 to %d months, and be left out where the end is given", maxTerm))
	f.Text(at+"/reference", n.Reference, 0, maxReference)
	f.Check(n.EndsOn == "" || n.EndsOn >= n.StartsOn, at+"/ends_on", "must not lie before the start date")
	prepaid := policy.Model == catalog.Subscription || policy.Model == catalog.Trial
	f.Check(n.EndsOn != "" || !prepaid, at+"/ends_on", "must be given: subscriptions of this plan have an end date")
	f.Check(n.EndsOn == "" || policy.Model != catalog.Perpetual, at+"/ends_on", "must be left out: subscriptions of this plan are for ever")
	f.Check(n.MaintenanceEndsOn == "" || policy.Maintenance, at+"/maintenance_ends_on", "must be left out: this plan has no maintenance")
	f.Check(n.MaintenanceEndsOn == "" || n.MaintenanceEndsOn >= n.StartsOn, at+"/maintenance_ends_on", "must not lie before the start date")
}

func checkQuantity(f *problem.Faults, pointer string, quantity *int64) {
	f.Check(quantity == nil || *quantity >= 1 && *quantity <= maxQuantity, pointer,
		fmt.Sprintf("must be 1 to %d; leave it out for unlimited", int64(maxQuantity)))
}

func checkDay(f *problem.Faults, pointer string, day licensefile.Date) {
	_, err := licensefile.ParseDate(string(day))
	f.Check(day == "" || err == nil && day < never, pointer, "must be a calendar day such as 2027-01-31")
}
