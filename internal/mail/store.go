package mail

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

func insertMail(tx *database.Tx, id string, m Message, hash, sealed []byte, at time.Time) error {
	var person any
	if m.PersonID != "" {
		person = m.PersonID
	}
	_, err := tx.Exec(`INSERT INTO mail (id, kind, recipient_hash, person_id, language, sealed, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, id, m.Kind, hash, person, string(m.Language), sealed, database.Micros(at))
	return err
}

func countSince(q database.Querier, hash []byte, since time.Time) (int64, error) {
	return database.One(q, database.Value[int64],
		`SELECT COUNT(*) FROM mail WHERE recipient_hash = ? AND created_at >= ?`, hash, database.Micros(since))
}

// erased is the last error of a mail that was not sent before it was erased.
const erased = "erased"

const erase = `UPDATE mail SET sealed = NULL,
	failed_at = CASE WHEN sent_at IS NULL AND failed_at IS NULL THEN CAST(? AS BIGINT) ELSE failed_at END,
	last_error = CASE WHEN sent_at IS NULL THEN '` + erased + `' ELSE last_error END
	WHERE sealed IS NOT NULL AND `

func eraseTo(tx *database.Tx, hash []byte, at time.Time) error {
	_, err := tx.Exec(erase+`recipient_hash = ?`, database.Micros(at), hash)
	return err
}

func erasePerson(tx *database.Tx, personID string, at time.Time) error {
	_, err := tx.Exec(erase+`person_id = ?`, database.Micros(at), personID)
	return err
}

// stored is a mail with what is sealed.
type stored struct {
	Mail
	sealed []byte
}

const columns = `id, kind, language, sealed, attempts, last_error, created_at, sent_at, failed_at`

func scanStored(r database.Row) (stored, error) {
	var m stored
	var created int64
	var sent, failed database.NullInstant
	err := r.Scan(&m.ID, &m.Kind, &m.Language, &m.sealed, &m.Attempts, &m.LastError, &created, &sent, &failed)
	m.CreatedAt, m.SentAt, m.FailedAt = database.Instant(created), sent.Ptr(), failed.Ptr()
	switch {
	case m.SentAt != nil:
		m.State = Sent
	case m.FailedAt != nil:
		m.State = Failed
	default:
		m.State = Queued
	}
	return m, err
}

func mailByID(q database.Querier, id string) (stored, error) {
	return database.One(q, scanStored, `SELECT `+columns+` FROM mail WHERE id = ?`, id)
}

// markTried counts an attempt; false when the mail does not wait any more.
func markTried(tx *database.Tx, id string) (bool, error) {
	n, err := tx.Exec(`UPDATE mail SET attempts = attempts + 1 WHERE id = ? AND sent_at IS NULL AND failed_at IS NULL AND sealed IS NOT NULL`, id)
	return n > 0, err
}

// markSent notes that a mail is sent and what is kept of it.
func markSent(tx *database.Tx, id string, sealed []byte, at time.Time) error {
	_, err := tx.Exec(`UPDATE mail SET sent_at = ?, failed_at = NULL, last_error = '',
		sealed = ? WHERE id = ?`, database.Micros(at), sealed, id)
	return err
}

func markError(tx *database.Tx, id, text string) error {
	_, err := tx.Exec(`UPDATE mail SET last_error = ? WHERE id = ? AND sent_at IS NULL AND sealed IS NOT NULL`, text, id)
	return err
}

func markFailed(tx *database.Tx, id string, at time.Time) error {
	_, err := tx.Exec(`UPDATE mail SET failed_at = ? WHERE id = ? AND sent_at IS NULL AND failed_at IS NULL`, database.Micros(at), id)
	return err
}

// markQueued makes a failed mail wait again; false when it is not one.
func markQueued(tx *database.Tx, id string) (bool, error) {
	n, err := tx.Exec(`UPDATE mail SET failed_at = NULL WHERE id = ? AND failed_at IS NOT NULL AND sealed IS NOT NULL`, id)
	return n > 0, err
}

// mailsAbout gives the mails to a person or an address, without what they hold.
func mailsAbout(q database.Querier, personID string, hash []byte) ([]Mail, error) {
	return database.All(q, func(r database.Row) (m Mail, err error) {
		var created int64
		var sent, failed database.NullInstant
		err = r.Scan(&m.ID, &m.Kind, &m.Language, &created, &sent, &failed)
		m.CreatedAt, m.SentAt, m.FailedAt = database.Instant(created), sent.Ptr(), failed.Ptr()
		return m, err
	}, `SELECT id, kind, language, created_at, sent_at, failed_at FROM mail WHERE person_id = ? OR recipient_hash = ? ORDER BY id`, personID, hash)
}

func listMails(q database.Querier, f Filter, hash []byte, l database.Listing) (database.Page[stored], error) {
	query := `SELECT ` + columns + ` FROM mail WHERE (? = '' OR kind = ?) AND (? = '' OR language = ?) AND ` + map[State]string{
		Queued: `sent_at IS NULL AND failed_at IS NULL`, Sent: `sent_at IS NOT NULL`, Failed: `failed_at IS NOT NULL`, "": `1 = 1`,
	}[f.State]
	args := []any{f.Kind, f.Kind, string(f.Language), string(f.Language)}
	if len(hash) > 0 {
		query, args = query+` AND recipient_hash = ?`, append(args, hash)
	}
	return database.List(q, scanStored, query, args, database.Orders[stored]{
		IDColumn: "id", ID: func(m stored) string { return m.ID },
		By: map[string]database.Order[stored]{
			"created_at": {Column: "created_at", Key: func(m stored) any { return database.Micros(m.CreatedAt) }},
			"attempts":   {Column: "attempts", Key: func(m stored) any { return m.Attempts }},
		},
	}, l)
}
