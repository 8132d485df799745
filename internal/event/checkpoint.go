package event

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/licethq/licet/internal/database"
)

// Checkpoint is a signed statement that the chain had a hash at a position.
type Checkpoint struct {
	Position  int64
	At        time.Time
	Hash      []byte
	Signature string // compact JWS
	Reason    string // such as "daily" or "backup"
}

// statement is the signed payload.
type statement struct {
	Position int64     `json:"position"`
	Hash     []byte    `json:"hash"` // base64
	At       time.Time `json:"at"`
}

// Checkpoint seals what is committed and signs where the chain stands. The function
// sign gets the payload and gives a compact JWS; it runs outside any transaction and
// should use a typ of its own, so that the signature serves for nothing else. A
// position is signed once: when nothing has happened since, the checkpoint that
// stands there is given again.
func (s *Sealer) Checkpoint(ctx context.Context, reason string, sign func(payload []byte) (string, error)) (Checkpoint, error) {
	if _, err := s.SealOnce(ctx); err != nil {
		return Checkpoint{}, err
	}
	end, err := database.One(s.DB.Read(ctx), scanHead, "SELECT position, hash FROM event_chain WHERE id = 1")
	if err != nil {
		return Checkpoint{}, fmt.Errorf("event: read the chain: %w", err)
	}
	c := Checkpoint{Position: end.position, Hash: end.hash, At: s.Now().UTC().Truncate(time.Microsecond), Reason: reason}
	payload, err := json.Marshal(statement{Position: c.Position, Hash: c.Hash, At: c.At})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("event: checkpoint: %w", err)
	}
	if c.Signature, err = sign(payload); err != nil {
		return Checkpoint{}, fmt.Errorf("event: sign a checkpoint: %w", err)
	}
	var stored Checkpoint
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO event_checkpoint (position, at, hash, signature, reason)
			VALUES (?, ?, ?, ?, ?) ON CONFLICT (position) DO NOTHING`,
			c.Position, database.Micros(c.At), c.Hash, c.Signature, c.Reason)
		if err != nil {
			return err
		}
		stored, err = database.One(tx, scanCheckpoint, checkpoints+" WHERE position = ?", c.Position)
		return err
	})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("event: store a checkpoint: %w", err)
	}
	return stored, nil
}

const checkpoints = "SELECT position, at, hash, signature, reason FROM event_checkpoint"

func scanCheckpoint(r database.Row) (Checkpoint, error) {
	var c Checkpoint
	var at int64
	err := r.Scan(&c.Position, &at, &c.Hash, &c.Signature, &c.Reason)
	c.At = database.Instant(at)
	return c, err
}

// check compares the columns of a checkpoint with what was signed.
func (c *Checkpoint) check(open func(signature string) (payload []byte, err error)) error {
	payload, err := open(c.Signature)
	if err != nil {
		return fmt.Errorf("its signature does not verify: %w", err)
	}
	var signed statement
	if err := json.Unmarshal(payload, &signed); err != nil {
		return fmt.Errorf("its payload is not a checkpoint: %w", err)
	}
	if signed.Position != c.Position || !bytes.Equal(signed.Hash, c.Hash) || !signed.At.Equal(c.At) {
		return fmt.Errorf("it is not what was signed")
	}
	return nil
}
