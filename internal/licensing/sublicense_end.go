package licensing

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
)

// endsAtOnce is how many sublicenses are looked for at a time.
const endsAtOnce = 100

// endSublicenses records the sublicenses whose end has come, once each: their
// activations end, and their installations learn it at their next contact (P10).
// What they used and reserved left the pool by itself when their last day was
// over. One that cannot be ended keeps no other from it.
func (s *Service) endSublicenses(ctx context.Context, now time.Time) error {
	var failures []error
	for after := ""; ; {
		due, err := dueSublicenses(s.DB.Read(ctx), now, after, endsAtOnce)
		if err != nil {
			return errors.Join(append(failures, err)...)
		}
		for _, keyID := range due {
			err := s.DB.InTx(ctx, func(tx *database.Tx) error { return endSublicense(tx, keyID, now) })
			failures = append(failures, err)
			after = keyID
		}
		if len(due) < endsAtOnce {
			return errors.Join(failures...)
		}
	}
}

// endSublicense ends a sublicense that is due, unless another server has.
func endSublicense(tx *database.Tx, keyID string, now time.Time) error {
	due, err := takeDue(tx, keyID, now)
	if err != nil || !due {
		return err
	}
	stored, err := findKey(tx, keyID, "") // whatever the day, the pool is not asked
	if err != nil {
		return err
	}
	key, of := stored.terms.take().Key, stored.terms.organization.String
	actor := identity.System("sublicense ends")
	rows, err := liveRows(tx, keyID)
	if err != nil {
		return err
	}
	for _, activationID := range rows {
		found, err := findRow(tx, activationID, "")
		if err != nil {
			return err
		}
		if err := endRow(tx, actor, found, EndSublicense, "", now); err != nil {
			return err
		}
	}
	return event.Record(tx, event.Event{
		At: now, Kind: "sublicense.ended", Actor: actor.Actor, OrganizationID: of, Subject: event.Subject{Kind: "key", ID: keyID},
		Data: map[string]any{"subscription": key.SubscriptionID, "quota": *key.Quota, "reserved": key.Reserved, "rows": len(rows)},
	})
}
