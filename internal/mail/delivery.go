package mail

import (
	"context"
	"errors"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// ErrNotSent says that a mail could not be sent now; the text says why, without
// the recipient. Trying again makes sense.
var ErrNotSent = errors.New("mail: not sent")

// Deliver sends a mail that waits: one conversation with the mail server. A
// mail that is sent, failed, erased or absent is left alone. When the recipient
// is refused for good the mail has failed, and that is no error. Errors:
// ErrNotSent when it makes sense to try again, those of the database.
func (o *Outbox) Deliver(ctx context.Context, mailID string) error {
	if o.Transport == nil {
		return errors.Join(ErrNotSent, errors.New("there is no mail server"))
	}
	var m stored
	waits := false
	err := o.DB.InTx(ctx, func(tx *database.Tx) (err error) {
		if waits, err = markTried(tx, mailID); err != nil || !waits {
			return err
		}
		m, err = mailByID(tx, mailID)
		return err
	})
	if err != nil || !waits {
		return err
	}
	l, err := o.open(m.ID, m.sealed)
	if err != nil {
		return err
	}
	err = o.Transport.converse(ctx, m.ID, l, m.CreatedAt)
	// The mail server's word counts, even when the caller leaves at this moment.
	return o.note(context.WithoutCancel(ctx), m.ID, l, err)
}

// note stores what came of a conversation.
func (o *Outbox) note(ctx context.Context, id string, l letter, outcome error) error {
	if outcome == nil {
		// The text served its purpose, and holds what signs people in.
		kept, err := o.seal(id, letter{To: l.To, Subject: l.Subject})
		if err != nil {
			return err
		}
		return o.DB.InTx(ctx, func(tx *database.Tx) error { return markSent(tx, id, kept, o.now()) })
	}
	var refused *refusal
	permanent := errors.As(outcome, &refused) && refused.permanent
	err := o.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := markError(tx, id, outcome.Error()); err != nil || !permanent {
			return err
		}
		return markFailed(tx, id, o.now())
	})
	if err != nil || permanent {
		return err
	}
	return errors.Join(ErrNotSent, outcome)
}

// GiveUp marks a mail as failed that could not be sent for too long.
func (o *Outbox) GiveUp(tx *database.Tx, mailID string) error {
	return markFailed(tx, mailID, o.now())
}

// Retry queues a mail that failed again. Errors: not_found; conflict when it did
// not fail, or is erased.
func (o *Outbox) Retry(tx *database.Tx, mailID string) error {
	queued, err := markQueued(tx, mailID)
	if err != nil {
		return err
	}
	if queued {
		return o.queue(tx, mailID)
	}
	if _, err := mailByID(tx, mailID); err != nil {
		return notFound(err)
	}
	return problem.Newf(problem.Conflict, "Only a mail that failed, and that has not been erased, can be sent again.")
}

// notFound turns a missing row into not_found.
func notFound(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return problem.New(problem.NotFound)
	}
	return err
}
