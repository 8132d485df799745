package licensing

import (
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
	SuspendedAt       *time.Time       // by staff; nil while it runs
	CanceledOn        licensefile.Date // the last day, whatever EndsOn says; empty for not canceled
	Version           int64
	CreatedAt         time.Time
}

// End is the instant at which the subscription stops: the end of its last day in
// the publisher's zone and then the plan's grace (P18); nil for ever.
func (s Subscription) End(policy catalog.Policy, zone *time.Location) *time.Time {
	if s.EndsOn == "" {
		return nil
	}
	end := s.EndsOn.EndIn(zone).Add(policy.ExpiryGrace())
	return &end
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
	OfflineAllowed    *bool // nil takes the plan's
}

// maxQuantity keeps sums of licenses exact in every JSON reader.
const maxQuantity = 1_000_000_000

// Validate reports every fault of a new subscription under a plan's policy.
func (n NewSubscription) Validate(policy catalog.Policy) error {
	var faults []problem.Field
	fault := func(pointer, message string) {
		faults = append(faults, problem.Field{Pointer: pointer, Message: message})
	}
	if n.Quantity != nil && (*n.Quantity < 1 || *n.Quantity > maxQuantity) {
		fault("/quantity", "Give a number from 1 to 1000000000, or leave it out for unlimited.")
	}
	for pointer, day := range map[string]licensefile.Date{
		"/starts_on": n.StartsOn, "/ends_on": n.EndsOn, "/maintenance_ends_on": n.MaintenanceEndsOn,
	} {
		if _, err := licensefile.ParseDate(string(day)); day != "" && err != nil {
			fault(pointer, "Give a calendar day such as 2027-01-31.")
		}
	}
	if n.EndsOn != "" && n.EndsOn < n.StartsOn {
		fault("/ends_on", "The end date lies before the start date.")
	}
	if n.EndsOn == "" && (policy.Model == catalog.Subscription || policy.Model == catalog.Trial) {
		fault("/ends_on", "Subscriptions of this plan need an end date.")
	}
	if n.MaintenanceEndsOn != "" && !policy.Maintenance {
		fault("/maintenance_ends_on", "This plan has no maintenance.")
	}
	return problem.Invalid(faults)
}
