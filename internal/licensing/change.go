package licensing

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/licensefile"
)

// changing is a subscription that a transaction has locked and may change.
type changing struct {
	tx    *database.Tx
	actor identity.Actor
	Subscription
	policy catalog.Policy
	zone   *time.Location
	now    time.Time
	order  string // id of the order that the change is of, or ""
}

// lock loads a subscription that the transaction then owns until it ends.
func (s *Service) lock(tx *database.Tx, actor identity.Actor, id string, zone *time.Location) (*changing, error) {
	found, err := lockSubscription(tx, id)
	if err != nil {
		return nil, absent(err)
	}
	// The plan is read after the lock: when it changes meanwhile, that change
	// waits for this transaction and then has the subscription looked at again.
	plan, err := catalog.PlanByID(tx, found.PlanID)
	return &changing{tx: tx, actor: actor, Subscription: found, policy: plan.Policy, zone: zone, now: s.now()}, err
}

// today is the calendar day in the publisher's zone.
func (c *changing) today() licensefile.Date { return dayIn(c.zone, c.now) }

// saveDates writes the subscription after a change of its days: what the change
// records tells where it stands now.
func (c *changing) saveDates(kind string, data event.Data) error {
	c.Subscription = c.settled(c.policy, c.zone, c.now)
	return c.save(kind, data)
}

// save writes the subscription and records what was done to it. What time has
// brought meanwhile is left for RecordStates to tell.
func (c *changing) save(kind string, data event.Data) error {
	if err := updateSubscription(c.tx, c.Subscription); err != nil {
		return err
	}
	if data == nil {
		data = event.Data{}
	}
	return recordChange(c.tx, c.actor, c.Subscription, kind, c.now, ofOrder(data, c.order))
}

// Change is a request to change a subscription. A version other than 0 has to be
// the current one.
type Change struct {
	ID      string
	Version int64
}

// change alters a subscription in a transaction of its own and gives it as it is
// then.
func (s *Service) change(ctx context.Context, actor identity.Actor, c Change, alter func(*changing) error) (Contract, error) {
	_, zone, err := s.today(ctx)
	if err != nil {
		return Contract{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		found, err := s.lock(tx, actor, c.ID, zone)
		if err != nil {
			return err
		}
		if err := identity.SameVersion(c.Version, found.Version-1); err != nil { // the lock added one
			return err
		}
		return alter(found)
	})
	if err != nil {
		return Contract{}, err
	}
	return s.contract(ctx, actor, c.ID)
}
