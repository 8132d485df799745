package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// Once is a request with an Idempotency-Key: it has its effect once, however
// often it arrives. Kept are digests and the id of what it made, never a body.
type Once struct {
	actor     string
	keyHash   []byte
	operation string
	digest    []byte
	at        time.Time
}

// Once looks for an earlier request of the actor with the same key. It gives the
// actor to act as, and the id of what the earlier request made, or "". Another
// request under the same key is idempotency_key_reused. Nobody's requests are not
// told apart, so a key of theirs means nothing.
func (s *Service) Once(ctx context.Context, actor Actor, operation, key string, request []byte) (Actor, string, error) {
	if !actor.known() {
		return actor, "", nil
	}
	keyHash, digest := sha256.Sum256([]byte(key)), sha256.Sum256(request)
	o := &Once{actor: actor.ID, keyHash: keyHash[:], operation: operation, digest: digest[:], at: s.now()}
	made, err := o.find(s.DB.Read(ctx))
	actor.Once = o
	return actor, made, err
}

func (o *Once) find(q database.Querier) (string, error) {
	type kept struct {
		operation, resource string
		digest              []byte
	}
	found, err := database.One(q, func(r database.Row) (k kept, err error) {
		err = r.Scan(&k.operation, &k.digest, &k.resource)
		return k, err
	}, `SELECT operation, digest, resource_id FROM idempotency WHERE actor = ? AND hash = ?`, o.actor, o.keyHash)
	switch {
	case errors.Is(err, database.ErrNoRows):
		return "", nil
	case err != nil:
		return "", err
	case found.operation != o.operation || !bytes.Equal(found.digest, o.digest):
		return "", problem.New(problem.IdempotencyKeyReused)
	}
	return found.resource, nil
}

// Keep notes what a request with an Idempotency-Key made or changed, in the
// transaction that does it. Without a key it does nothing. Every verb that
// creates, or whose repetition would change more, calls it.
func (a Actor) Keep(tx *database.Tx, resourceID string) error {
	if a.Once == nil {
		return nil
	}
	o := a.Once
	n, err := tx.Exec(`INSERT INTO idempotency (actor, hash, operation, digest, resource_id, created_at)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		o.actor, o.keyHash, o.operation, o.digest, resourceID, database.Micros(o.at))
	if err == nil && n == 0 { // the same request was faster; the caller looks again
		return problem.New(problem.RequestInProgress)
	}
	return err
}

// ForgetKeys removes what requests with old Idempotency-Keys made.
func (s *Service) ForgetKeys(ctx context.Context) error {
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		settings, _, err := SettingsOf(tx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM idempotency WHERE created_at < ?`, database.Micros(s.now().Add(-hours(settings.IdempotencyHours))))
		return err
	})
}
