package identity

import (
	"database/sql"
	"time"

	"github.com/licethq/licet/internal/database"
)

func insertLink(tx *database.Tx, l link) error {
	_, err := tx.Exec(`INSERT INTO link (id, purpose, hash, person_id, email_key, sealed, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		l.ID, l.Purpose, l.hash, nullText(l.PersonID), l.EmailKey, l.Sealed, database.Micros(l.CreatedAt), database.Micros(l.ExpiresAt))
	return err
}

const linkColumns = `id, purpose, person_id, email_key, sealed, created_at, expires_at`

func scanLink(r database.Row) (l link, err error) {
	var person sql.NullString
	var created, expires int64
	err = r.Scan(&l.ID, &l.Purpose, &person, &l.EmailKey, &l.Sealed, &created, &expires)
	l.PersonID, l.CreatedAt, l.ExpiresAt = person.String, database.Instant(created), database.Instant(expires)
	return l, err
}

const whereLive = ` WHERE purpose = ? AND hash = ? AND used_at IS NULL AND expires_at > ?`

// useLink marks a link used and gives it; ErrNoRows when it does not work.
func useLink(tx *database.Tx, purpose string, hash []byte, now time.Time) (link, error) {
	return database.One(tx, scanLink, `UPDATE link SET used_at = ?`+whereLive+` RETURNING `+linkColumns,
		database.Micros(now), purpose, hash, database.Micros(now))
}

func liveLink(q database.Querier, purpose string, hash []byte, now time.Time) (link, error) {
	return database.One(q, scanLink, `SELECT `+linkColumns+` FROM link`+whereLive, purpose, hash, database.Micros(now))
}

func isUnusedLink(q database.Querier, purpose string, hash []byte) (bool, error) {
	n, err := database.One(q, database.Value[int64], `SELECT COUNT(*) FROM link WHERE purpose = ? AND hash = ? AND used_at IS NULL`, purpose, hash)
	return n == 1, err
}

// endLinks uses up every other link of an address, and forgets what sign-ups gave.
func endLinks(tx *database.Tx, key string, now time.Time) error {
	_, err := tx.Exec(`UPDATE link SET used_at = COALESCE(used_at, ?), sealed = NULL WHERE email_key = ?`, database.Micros(now), key)
	return err
}

// lockMails makes those who count mails to an address wait for one another.
func lockMails(tx *database.Tx) error {
	_, err := tx.Exec(`UPDATE settings SET version = version WHERE id = 1`)
	return err
}

// invitedBy names the organization that invited an address last, if the
// invitation still stands; ErrNoRows otherwise.
func invitedBy(q database.Querier, key string, now time.Time) (string, error) {
	return database.One(q, database.Value[string], `SELECT o.name FROM invitation i JOIN organization o ON o.id = i.organization_id
		WHERE i.email_key = ? AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > ? ORDER BY i.sent_at DESC, i.id LIMIT 1`,
		key, database.Micros(now))
}
