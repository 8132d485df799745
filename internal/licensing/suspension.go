package licensing

import (
	"context"
	"unicode/utf8"

	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Suspend stops a subscription: its rows learn at their next contact and refuse
// every operation; managed devices stay. Suspending a suspended one changes
// nothing. Errors: not_found, version_changed, forbidden.
func (s *Service) Suspend(ctx context.Context, actor identity.Actor, c Change) (Contract, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Contract{}, err
	}
	return s.change(ctx, actor, c, func(c *changing) error {
		if c.SuspendedAt != nil {
			return nil
		}
		c.SuspendedAt = &c.now
		return c.save("subscription.suspended", nil)
	})
}

// Resume lets a suspended subscription run again. Errors: not_found,
// version_changed, forbidden.
func (s *Service) Resume(ctx context.Context, actor identity.Actor, c Change) (Contract, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Contract{}, err
	}
	return s.change(ctx, actor, c, func(c *changing) error {
		if c.SuspendedAt == nil {
			return nil
		}
		c.SuspendedAt = nil
		return c.save("subscription.resumed", nil)
	})
}

// Cancellation ends a subscription before its time.
type Cancellation struct {
	Change
	On     licensefile.Date // the last day; empty is today
	Reason string           // in staff's words, for staff
}

// Cancel ends a subscription with the end of a day, without grace. Its rows learn
// at their next contact. Until that day is over it may be canceled for another
// day, or reinstated. Errors: validation_failed, not_found, version_changed,
// subscription_canceled when the day is over, subscription_expired, forbidden.
func (s *Service) Cancel(ctx context.Context, actor identity.Actor, n Cancellation) (Contract, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Contract{}, err
	}
	return s.change(ctx, actor, n.Change, func(c *changing) error {
		if n.On == "" {
			n.On = c.today()
		}
		if err := c.refusesCancellation(n); err != nil {
			return err
		}
		c.CanceledOn, c.CancelNote = n.On, n.Reason
		return c.saveDates("subscription.canceled", event.Data{"on": n.On, "ends_on": c.EndsOn})
	})
}

// refusesCancellation says why a subscription cannot be canceled for a day.
func (c *changing) refusesCancellation(n Cancellation) error {
	switch c.brought(c.policy, c.zone, c.now).State {
	case Canceled:
		return problem.New(problem.SubscriptionCanceled)
	case Expired:
		return problem.New(problem.SubscriptionExpired)
	}
	var f problem.Faults
	checkDay(&f, "/on", n.On)
	f.Check(n.On >= c.today(), "/on", "must not lie before today")
	end := c.EndsOn
	if end != "" && end < c.today() { // in its grace, which a cancellation shortens
		end = c.today()
	}
	f.Check(end == "" || n.On <= end, "/on", "must not lie after the end date")
	f.Check(utf8.RuneCountInString(n.Reason) <= maxNote, "/reason", "must be at most 500 characters")
	return f.Err()
}

// Reinstate takes back the cancellation of a subscription whose last day is not
// over. Errors: not_found, version_changed, subscription_canceled, forbidden.
func (s *Service) Reinstate(ctx context.Context, actor identity.Actor, c Change) (Contract, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Contract{}, err
	}
	return s.change(ctx, actor, c, func(c *changing) error {
		switch {
		case c.CanceledOn == "":
			return nil
		case c.canceled(c.zone, c.now):
			return problem.New(problem.SubscriptionCanceled)
		}
		c.CanceledOn, c.CancelNote = "", ""
		return c.saveDates("subscription.reinstated", nil)
	})
}
