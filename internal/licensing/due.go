package licensing

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
)

// dueBatch is how many rows one transaction of the scan looks at.
const dueBatch = 100

// RecordStates records what time has brought to subscriptions, sublicenses and
// rows, each once, however many servers look. A server that was off for weeks records where
// things stand now, not what it missed. It is meant to be called every minute.
func (s *Service) RecordStates(ctx context.Context) error {
	now, zone, err := s.today(ctx)
	if err != nil {
		return err
	}
	// What keeps one of them from being recorded is no reason for the others.
	return errors.Join(s.recordSubscriptions(ctx, zone), s.endSublicenses(ctx, now), s.recordGraces(ctx, zone))
}

// recordSubscriptions goes through the subscriptions to look at by id, so that
// one which cannot be recorded does not hold up the others for ever.
func (s *Service) recordSubscriptions(ctx context.Context, zone *time.Location) error {
	after := ""
	for {
		now, last := s.now(), ""
		err := s.DB.InTx(ctx, func(tx *database.Tx) error {
			found, err := statesDue(tx, now, after, dueBatch)
			if err != nil {
				return err
			}
			last = ""
			for _, due := range found {
				if err := s.recordState(tx, due, zone, now); err != nil {
					return err
				}
				last = due.subscription.ID
			}
			return nil
		})
		if err != nil || last == "" {
			return err
		}
		after = last
	}
}

// recordState notes where a subscription stands, unless somebody has changed it
// since it was read: whoever did has noted it.
func (s *Service) recordState(tx *database.Tx, due storedContract, zone *time.Location, now time.Time) error {
	offer, err := s.Offers.Offer(tx, due.offer)
	if err != nil {
		return err
	}
	found := due.subscription
	is := found.brought(offer.Policy, zone, now)
	recorded, err := recordStand(tx, found, is)
	if err != nil || !recorded {
		return err
	}
	for _, kind := range changesOf(found.Recorded, is) {
		data := event.Data{"state": is.text(), "before": found.Recorded.text()}
		if err := recordChange(tx, identity.System("schedule"), found, kind, now, data); err != nil {
			return err
		}
	}
	return nil
}

// changesOf gives the kinds of the events that tell of a change that time, or
// another plan, has brought.
func changesOf(before, is Recorded) []string {
	var kinds []string
	if before.State != is.State {
		kinds = append(kinds, arrival(before.State, is.State))
	}
	switch {
	case is.MaintenanceEnded && !before.MaintenanceEnded:
		kinds = append(kinds, "subscription.maintenance_ended")
	case !is.MaintenanceEnded && before.MaintenanceEnded:
		kinds = append(kinds, "subscription.maintenance_resumed")
	}
	return kinds
}

func arrival(from, to State) string {
	switch {
	case to == ExpiringSoon && (from == Active || from == NotStarted):
		return "subscription.expiring"
	case to == inGrace && from != Expired:
		return "subscription.grace_started"
	case to == Expired:
		return "subscription.expired"
	case to == Canceled:
		return "subscription.ended"
	case to == Active && from == NotStarted:
		return "subscription.started"
	case to == NotStarted:
		return "subscription.postponed" // a clock was set back
	default:
		return "subscription.prolonged" // the plan's days became more
	}
}

// recordGraces records rows whose over-limit grace has ended (R5).
func (s *Service) recordGraces(ctx context.Context, zone *time.Location) error {
	after := ""
	for {
		now, last := s.now(), ""
		err := s.DB.InTx(ctx, func(tx *database.Tx) error {
			found, err := graceIsDue(tx, now, after, dueBatch)
			if err != nil {
				return err
			}
			last = ""
			for _, row := range found {
				if err := s.recordGrace(tx, row, zone, now); err != nil {
					return err
				}
				last = row.activation.ID
			}
			return nil
		})
		if err != nil || last == "" {
			return err
		}
		after = last
	}
}

// recordGrace records that a row is suspended, when it is: somebody may have
// removed devices or bought more meanwhile, or the plan has no grace any more.
func (s *Service) recordGrace(tx *database.Tx, row overRow, zone *time.Location, now time.Time) error {
	taken, err := takeGrace(tx, row.activation)
	if err != nil || !taken {
		return err
	}
	found, err := loadSubscription(tx, row.activation.SubscriptionID)
	if err != nil {
		return err
	}
	plan, err := catalog.PlanByID(tx, found.PlanID)
	if err != nil {
		return err
	}
	maximum := row.key.Quota
	if found.Quantity != nil {
		pool, err := loadPool(tx, found.ID, dayIn(zone, now))
		if err != nil {
			return err
		}
		most := pool.Maximum(row.key, row.activation.Used)
		maximum = &most
	}
	if plan.Policy.OverLimitGrace() == 0 || maximum == nil || row.activation.Used <= *maximum {
		return nil
	}
	return event.Record(tx, event.Event{
		At: now, Kind: "activation.suspended", Actor: identity.System("schedule").Actor, OrganizationID: row.activation.OrganizationID,
		Subject: event.Subject{Kind: "activation", ID: row.activation.ID},
		Data:    event.Data{"used": row.activation.Used, "maximum": *maximum, "subscription": found.ID},
	})
}
