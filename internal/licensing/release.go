package licensing

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// maxNote is the longest reason for a release, in characters.
const maxNote = 500

// Release ends a live row for staff, with a reason (P9). Its key is free at
// once. An online installation learns it at its next contact; a license file on
// an air-gapped server runs until its own end. Errors: validation_failed without
// a reason, not_found, already_ended, forbidden.
func (s *Service) Release(ctx context.Context, actor identity.Actor, activationID, reason string) (Row, error) {
	if err := actor.Require(identity.Helpers...); err != nil {
		return Row{}, err
	}
	if n := utf8.RuneCountInString(reason); n == 0 || n > maxNote {
		return Row{}, problem.Invalid([]problem.Field{{Pointer: "/reason", Message: "Say why the row is released, in at most 500 characters."}})
	}
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		found, err := findRow(tx, activationID, "") // whatever the day, the pool is not asked
		if err != nil {
			return err
		}
		return endRow(tx, actor, found, EndReleased, reason, s.now())
	})
	if err != nil {
		return Row{}, err
	}
	return s.Row(ctx, actor, activationID)
}

// Deactivate ends a live online row from the portal, for those who look after
// its key (P9). Its key is free at once, and the installation learns it at its
// next contact. An offline row is released by its request file, or by staff with
// a reason. Errors: release_needs_file, already_ended, not_found, forbidden.
func (s *Service) Deactivate(ctx context.Context, actor identity.Actor, activationID string) (Row, error) {
	if err := s.deactivate(ctx, actor, activationID); err != nil {
		return Row{}, err
	}
	return s.Row(ctx, actor, activationID)
}

func (s *Service) deactivate(ctx context.Context, actor identity.Actor, activationID string) error {
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		found, err := findRow(tx, activationID, "") // whatever the day, the pool is not asked
		if err != nil {
			return err
		}
		a := found.activation
		if err := actor.RequireKey(a.OrganizationID, a.KeyID, identity.Helpers...); err != nil {
			return err
		}
		if a.EndedAt == nil && a.Method == licensefile.Offline {
			return problem.New(problem.ReleaseNeedsFile)
		}
		return endRow(tx, actor, found, EndReleased, "", s.now())
	})
}

// Deactivated says what became of one of several rows.
type Deactivated struct {
	ID      string
	Refusal error // nil when it is deactivated
}

// MaxDeactivations is how many rows can be deactivated at once.
const MaxDeactivations = 200

// DeactivateAll deactivates rows, each by itself: what is refused keeps no other
// from being done. It gives an outcome for every id, in their order. Errors:
// validation_failed for none or too many.
func (s *Service) DeactivateAll(ctx context.Context, actor identity.Actor, ids []string) ([]Deactivated, error) {
	var f problem.Faults
	f.Range("/ids", int64(len(ids)), 1, MaxDeactivations)
	if err := f.Err(); err != nil {
		return nil, err
	}
	outcomes := make([]Deactivated, len(ids))
	for i, id := range ids {
		err := s.deactivate(ctx, actor, id)
		if problem.Is(err, problem.InternalError) || problem.Is(err, problem.RequestCanceled) || problem.Is(err, problem.Unauthenticated) {
			return nil, err
		}
		outcomes[i] = Deactivated{ID: id, Refusal: err}
	}
	return outcomes, nil
}

// endRow ends a live row: its key is free, its usage leaves the pool, and the next
// request of the installation is answered with a receipt that says why. Locks are
// taken in the order key, slot.
func endRow(tx *database.Tx, actor identity.Actor, found storedRow, reason EndReason, note string, now time.Time) error {
	if found.activation.EndedAt != nil {
		return problem.New(problem.AlreadyEnded)
	}
	if err := freeActivation(tx, found.activation.KeyID); err != nil {
		return err
	}
	slot := found.slot
	slot.Serial = slot.nextSerial(slot.Held)
	slot.Answer = Answer{Serial: slot.Serial, At: later(now.Truncate(time.Second), slot.Answer.At), Expires: now}
	slot.ForkedAt = nil
	if err := updateSlot(tx, found.slot, slot); err != nil {
		return err
	}
	ended := found.activation
	ended.EndedAt, ended.EndReason, ended.EndNote = &now, reason, note
	if err := updateActivation(tx, ended); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: now, Kind: "activation.ended", Actor: actor.Actor, OrganizationID: ended.OrganizationID,
		Subject: event.Subject{Kind: "activation", ID: ended.ID}, Data: ending(ended, reason),
	})
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
