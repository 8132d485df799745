package event

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/licethq/licet/internal/database"
)

// Sealing in small batches keeps writers from waiting: on SQLite a batch holds the
// only writer for a few milliseconds.
const batchSize = 250

// Sealer gives committed events their positions and hashes, and signs checkpoints.
// Several may run, in one process or in many; they take turns.
type Sealer struct {
	DB     *database.DB
	Now    func() time.Time
	Logger *slog.Logger

	// Every is how long Run waits between looking for new events; 0 means half a
	// second, so that an event is sealed within a second.
	Every time.Duration
}

// Run seals until ctx ends. It returns when its last batch is stored or given up.
func (s *Sealer) Run(ctx context.Context) {
	every := s.Every
	if every <= 0 {
		every = 500 * time.Millisecond
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if _, err := s.SealOnce(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("events were not sealed; trying again", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// SealOnce seals what is committed when it is called, and perhaps more, and tells
// how many events that were.
func (s *Sealer) SealOnce(ctx context.Context) (n int, err error) {
	for {
		// Looking costs no writer's turn, so that an idle server writes nothing.
		waiting, err := database.One(s.DB.Read(ctx), database.Value[bool],
			"SELECT CASE WHEN EXISTS (SELECT 1 FROM event WHERE position IS NULL) THEN 1 ELSE 0 END")
		if err != nil || !waiting {
			return n, err
		}
		sealed, err := s.sealBatch(ctx)
		n += sealed
		if err != nil || sealed < batchSize {
			return n, err
		}
	}
}

// head is the end of the chain.
type head struct {
	position int64
	hash     []byte
}

func scanHead(r database.Row) (head, error) {
	var h head
	err := r.Scan(&h.position, &h.hash)
	return h, err
}

// sealBatch seals the oldest events that have no position. Changing the one row of
// event_chain first makes other sealers wait until this batch is committed.
func (s *Sealer) sealBatch(ctx context.Context) (n int, err error) {
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		end, err := database.One(tx, scanHead,
			"UPDATE event_chain SET version = version + 1 WHERE id = 1 RETURNING position, hash")
		if err != nil {
			return fmt.Errorf("event: take the chain: %w", err)
		}
		batch, err := database.All(tx, scanRow,
			"SELECT "+columns+" FROM event WHERE position IS NULL ORDER BY id LIMIT ?", batchSize)
		if err != nil {
			return fmt.Errorf("event: find unsealed events: %w", err)
		}
		for i := range batch {
			end.hash = batch[i].digest(end.position+1, end.hash)
			end.position++
			batch[i].Position, batch[i].Hash = end.position, end.hash
		}
		if err := storeSeals(tx, s.DB.Engine(), batch); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE event_chain SET position = ?, hash = ? WHERE id = 1", end.position, end.hash)
		n = len(batch)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// storeSeals writes position and hash of each event.
func storeSeals(tx *database.Tx, engine database.Engine, batch []row) error {
	store := storeOneByOne
	if engine == database.PostgreSQL {
		store = storeTogether
	}
	n, err := store(tx, batch)
	if err != nil {
		return fmt.Errorf("event: seal: %w", err)
	}
	if n != int64(len(batch)) {
		return fmt.Errorf("event: sealing %d events changed %d rows", len(batch), n)
	}
	return nil
}

func storeOneByOne(tx *database.Tx, batch []row) (changed int64, err error) {
	for i := range batch {
		n, err := tx.Exec("UPDATE event SET position = ?, hash = ? WHERE id = ? AND position IS NULL",
			batch[i].Position, batch[i].Hash, batch[i].ID)
		if err != nil {
			return 0, err
		}
		changed += n
	}
	return changed, nil
}

// sealed is what storeTogether sends of an event.
type sealed struct {
	ID       string `json:"id"`
	Position int64  `json:"position"`
	Hash     string `json:"hash"`
}

// storeTogether saves a round trip an event. SQLite has none to save.
func storeTogether(tx *database.Tx, batch []row) (changed int64, err error) {
	seals := make([]sealed, len(batch))
	for i := range batch {
		seals[i] = sealed{ID: batch[i].ID, Position: batch[i].Position, Hash: hex.EncodeToString(batch[i].Hash)}
	}
	text, err := json.Marshal(seals)
	if err != nil {
		return 0, err
	}
	return tx.Exec(`UPDATE event SET position = s.position, hash = decode(s.hash, 'hex')
		FROM json_to_recordset(CAST(? AS json)) AS s (id text, position bigint, hash text)
		WHERE event.id = s.id COLLATE "C" AND event.position IS NULL`, string(text))
}
