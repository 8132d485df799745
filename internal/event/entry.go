package event

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"hash"
	"time"

	"github.com/licethq/licet/internal/database"
)

// Entry is an event as it stands in the log.
type Entry struct {
	Position       int64 // 0 while unsealed
	Hash           []byte
	ID             string
	At             time.Time
	Kind           string
	Actor          Actor
	OrganizationID string
	Subject        Subject
	Data           json.RawMessage // exactly as stored
}

const columns = `id, at, kind, actor_kind, actor_id, on_behalf_of, organization_id,
	subject_kind, subject_id, data, position, hash`

// row is an entry as the hash sees it: it tells NULL from an empty text.
type row struct {
	Entry
	onBehalfOf, organization sql.NullString
}

func scanRow(r database.Row) (row, error) {
	var e row
	var at int64
	var position sql.NullInt64
	var data string
	err := r.Scan(&e.ID, &at, &e.Kind, &e.Actor.Kind, &e.Actor.ID, &e.onBehalfOf, &e.organization,
		&e.Subject.Kind, &e.Subject.ID, &data, &position, &e.Hash)
	e.At = database.Instant(at)
	e.Actor.OnBehalfOf = e.onBehalfOf.String
	e.OrganizationID = e.organization.String
	e.Position = position.Int64
	e.Data = json.RawMessage(data)
	return e, err
}

// Read gives sealed events in the order of their positions: at most limit of those
// after a position. The last one's position is the cursor for the next call.
func Read(q database.Querier, after int64, limit int) ([]Entry, error) {
	return database.All(q, func(r database.Row) (Entry, error) {
		e, err := scanRow(r)
		return e.Entry, err
	}, selectSealed, after, limit)
}

const selectSealed = "SELECT " + columns + " FROM event WHERE position > ? ORDER BY position LIMIT ?"

// genesis is the hash before position 1, as the migration wrote it: 32 digits.
const genesis = "00000000000000000000000000000000"

// digest is the hash of an event at a position after an event with the hash
// previous. Every column is preceded by its length, and NULL has a length of -1, so
// that no two events give the same bytes.
func (e *row) digest(position int64, previous []byte) []byte {
	h := sha256.New()
	writeText(h, "licet event 1")
	writeText(h, string(previous))
	writeInteger(h, position)
	writeText(h, e.ID)
	writeInteger(h, database.Micros(e.At))
	writeText(h, e.Kind)
	writeText(h, e.Actor.Kind)
	writeText(h, e.Actor.ID)
	writeNullable(h, e.onBehalfOf)
	writeNullable(h, e.organization)
	writeText(h, e.Subject.Kind)
	writeText(h, e.Subject.ID)
	writeText(h, string(e.Data))
	return h.Sum(nil)
}

func writeNullable(h hash.Hash, s sql.NullString) {
	if !s.Valid {
		writeInteger(h, -1)
		return
	}
	writeText(h, s.String)
}

func writeText(h hash.Hash, s string) {
	writeInteger(h, int64(len(s)))
	h.Write([]byte(s))
}

func writeInteger(h hash.Hash, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}
