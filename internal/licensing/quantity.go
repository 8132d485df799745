package licensing

import (
	"context"
	"sort"

	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// Resizing changes how many licenses a subscription owns.
type Resizing struct {
	Change
	Quantity *int64 // nil is unlimited
	Force    bool   // also below what is in use; then it is over its limit
}

// Resize changes how many licenses a subscription owns (P8, P10). Buying more
// starts the clock of rows over their limit anew (R5). Errors: validation_failed,
// not_found, version_changed, quantity_too_small, forbidden.
func (s *Service) Resize(ctx context.Context, actor identity.Actor, n Resizing) (Contract, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Contract{}, err
	}
	var f problem.Faults
	checkQuantity(&f, "/quantity", n.Quantity)
	if err := f.Err(); err != nil {
		return Contract{}, err
	}
	return s.change(ctx, actor, n.Change, func(c *changing) error {
		if err := actor.Keep(c.tx, c.ID); err != nil {
			return err
		}
		_, err := c.resize(n.Quantity, n.Force)
		return err
	})
}

// refusesQuantity says why a subscription whose licenses are split as given
// cannot own another number of them; nil when it can. What is reserved can never
// be oversold (P11), so force does not help against it.
func (s Seats) refusesQuantity(to *int64, force bool) error {
	if to == nil {
		return nil
	}
	after := s.Pool
	after.Total = *to
	shrinks := !s.Limited || *to < s.Total
	switch {
	case *to < s.Reserved:
		return problem.Newf(problem.QuantityTooSmall,
			"Sublicenses of this subscription reserve %d licenses. Make them smaller first.", s.Reserved)
	case shrinks && !force && after.Main() < 0:
		return problem.Newf(problem.QuantityTooSmall,
			"%d licenses of this subscription are in use or reserved. Force it to make the subscription smaller all the same.", *to-after.Main())
	default:
		return nil
	}
}

// resize changes the number of licenses of the subscription that is being
// changed, and gives the line of an order that says so. The subscription is
// locked, so no sublicense is reserved meanwhile.
func (c *changing) resize(to *int64, force bool) (OrderLine, error) {
	around, err := loadAround(c.tx, []string{c.ID}, c.today())
	if err != nil {
		return OrderLine{}, err
	}
	seats := around[c.ID].seats
	if c.Quantity != nil {
		seats.Limited, seats.Total = true, *c.Quantity
	}
	if err := seats.refusesQuantity(to, force); err != nil {
		return OrderLine{}, err
	}
	line := OrderLine{
		SubscriptionID: c.ID, Action: LineQuantity, QuantityBefore: c.Quantity, Quantity: to, EndsBefore: c.renews(), EndsOn: c.renews(),
	}
	if sameNumber(c.Quantity, to) {
		return line, nil
	}
	grows := seats.Limited && (to == nil || *to > seats.Total)
	c.Quantity = to
	if err := c.save("subscription.quantity_changed", event.Data{"before": line.QuantityBefore, "quantity": to, "forced": force}); err != nil {
		return OrderLine{}, err
	}
	if !grows {
		return line, nil
	}
	if to != nil {
		seats.Total = *to
	}
	return line, c.restartClocks(seats.Pool)
}

func sameNumber(a, b *int64) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// restartClocks holds the rows that were over their limit against a larger pool:
// those that no longer are over forget it, for the others the clock starts anew
// (R5). Rows of reserved sublicenses have got nothing more.
func (c *changing) restartClocks(pool Pool) error {
	slots, err := slotsOver(c.tx, c.ID)
	if err != nil {
		return err
	}
	return c.restartSlots(slots, pool)
}

// restartSlots does so with some rows.
func (c *changing) restartSlots(slots []string, pool Pool) error {
	sort.Strings(slots)
	for _, slot := range slots {
		// A request that was judged on the smaller pool is judged again.
		if err := stirSlot(c.tx, slot); err != nil {
			return err
		}
		row, err := loadOver(c.tx, slot)
		if err != nil {
			return err
		}
		if row == nil {
			continue // it has ended, or is no longer over
		}
		if err := c.restartClock(*row, pool); err != nil {
			return err
		}
	}
	return nil
}

func (c *changing) restartClock(row overRow, pool Pool) error {
	maximum := row.key.Quota
	if c.Quantity != nil {
		most := pool.Maximum(row.key, row.activation.Used)
		maximum = &most
	}
	before, after := row.activation, row.activation
	after.OverSince, after.GraceDue = nil, nil
	after.OverRecorded = maximum != nil && after.Used > *maximum
	if after.OverRecorded {
		after.OverSince = &c.now
		after.GraceDue = graceDue(before, after, c.policy)
	}
	if err := updateClock(c.tx, after); err != nil {
		return err
	}
	kind := "activation.grace_restarted"
	switch {
	case before.OverRecorded && !after.OverRecorded:
		kind = "activation.limit_kept"
	case after.GraceDue == nil:
		return nil
	}
	return event.Record(c.tx, event.Event{
		At: c.now, Kind: kind, Actor: c.actor.Actor, OrganizationID: c.OrganizationID,
		Subject: event.Subject{Kind: "activation", ID: after.ID}, Data: event.Data{"used": after.Used, "maximum": maximum},
	})
}
