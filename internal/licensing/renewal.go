package licensing

import (
	"context"
	"fmt"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// maxTerm bounds a term, in months, so that days stay in the calendar.
const maxTerm = 1200

// renews gives the day that a renewal moves: the end, or that of maintenance
// where a subscription has no end.
func (s Subscription) renews() licensefile.Date {
	if s.EndsOn != "" {
		return s.EndsOn
	}
	return s.MaintenanceEndsOn
}

// renewable reports whether a plan's subscriptions can be renewed at all: a
// trial is bought anew, and what never ends needs no renewal.
func (s Subscription) renewable(policy catalog.Policy) bool {
	return policy.Model != catalog.Trial && policy.RenewalWindowDays > 0 && (s.EndsOn != "" || policy.Maintenance)
}

// renewableOn gives the day on which the plan's renewal window opens (P18); empty
// for never. Maintenance that was never bought can be bought at any time.
func (s Subscription) renewableOn(policy catalog.Policy) licensefile.Date {
	switch {
	case !s.renewable(policy):
		return ""
	case s.renews() == "":
		return s.StartsOn
	default:
		return daysAfter(s.renews(), -policy.RenewalWindowDays)
	}
}

// refusesRenewal says why a subscription cannot be renewed on a day; nil when it
// can.
func (s Subscription) refusesRenewal(policy catalog.Policy, today licensefile.Date) error {
	switch opens := s.renewableOn(policy); {
	case opens == "":
		return problem.New(problem.NotRenewable)
	case s.CanceledOn != "":
		return problem.New(problem.SubscriptionCanceled)
	case today < opens:
		return problem.Newf(problem.RenewalTooEarly, "It is too early: this subscription can be renewed from %s on.", opens)
	default:
		return nil
	}
}

// renewed gives the subscription after a renewal on a day: its new end is the
// later of the old one and today, plus the term (P18). Its maintenance, where it
// has any, goes with it.
func (s Subscription) renewed(policy catalog.Policy, today licensefile.Date, months int64) Subscription {
	if s.EndsOn != "" {
		s.EndsOn = monthsAfter(max(s.EndsOn, today), months)
	}
	if s.MaintenanceEndsOn != "" || s.EndsOn == "" && policy.Maintenance {
		s.MaintenanceEndsOn = monthsAfter(max(s.MaintenanceEndsOn, today), months)
	}
	return s
}

func checkTerm(f *problem.Faults, pointer string, months int64) {
	f.Check(months >= 1 && months <= maxTerm, pointer, fmt.Sprintf("must be 1 to %d months", maxTerm))
}

// inCalendar notes a term that leads past the last day there is.
func inCalendar(f *problem.Faults, pointer string, days ...licensefile.Date) {
	for _, day := range days {
		f.Check(len(day) <= len(never) && day < never, pointer, "must end before the year 9999 does")
	}
}

// Renewal extends a subscription. Order says what was agreed on; nil places no
// order.
type Renewal struct {
	Change
	TermMonths int64
	Order      *OrderFacts
}

// Renew extends a subscription, which keeps its key and its activations (P18).
// Errors: validation_failed, not_found, version_changed, renewal_too_early,
// not_renewable, subscription_canceled, forbidden.
func (s *Service) Renew(ctx context.Context, actor identity.Actor, n Renewal) (Contract, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Contract{}, err
	}
	var f problem.Faults
	checkTerm(&f, "/term_months", n.TermMonths)
	if n.Order != nil {
		n.Order.check(&f, "/order")
	}
	if err := f.Err(); err != nil {
		return Contract{}, err
	}
	orderID, err := newID()
	if err != nil {
		return Contract{}, err
	}
	return s.change(ctx, actor, n.Change, func(c *changing) error {
		if err := actor.Keep(c.tx, c.ID); err != nil {
			return err
		}
		if n.Order == nil {
			_, err := c.renew(n.TermMonths, "/term_months")
			return err
		}
		c.order = orderID
		line, err := c.renew(n.TermMonths, "/term_months")
		if err != nil {
			return err
		}
		return s.storeOrder(c.tx, actor, Order{
			ID: orderID, OrganizationID: c.OrganizationID, OrderFacts: *n.Order, PlacedOn: c.today(), CreatedAt: c.now,
			Lines: []OrderLine{line},
		})
	})
}

// renew extends the subscription that is being changed, and gives the line of an
// order that says so. The pointer is where the term was given.
func (c *changing) renew(months int64, pointer string) (OrderLine, error) {
	today := c.today()
	if err := c.refusesRenewal(c.policy, today); err != nil {
		return OrderLine{}, err
	}
	before := c.renews()
	after := c.renewed(c.policy, today, months)
	var f problem.Faults
	inCalendar(&f, pointer, after.EndsOn, after.MaintenanceEndsOn)
	if err := f.Err(); err != nil {
		return OrderLine{}, err
	}
	c.Subscription = after
	line := OrderLine{
		SubscriptionID: c.ID, Action: LineRenewal, QuantityBefore: c.Quantity, Quantity: c.Quantity, EndsBefore: before, EndsOn: c.renews(),
	}
	return line, c.saveDates("subscription.renewed", event.Data{"ends_before": before, "ends_on": line.EndsOn, "term_months": months})
}
