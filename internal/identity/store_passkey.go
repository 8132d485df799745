package identity

import (
	"database/sql"
	"encoding/json"
	"time"

	"github.com/licethq/licet/internal/database"
)

const passkeyColumns = `id, person_id, name, credential, created_at, last_used_at` //nolint:gosec // columns, not a credential

func scanPasskey(r database.Row) (k Passkey, err error) {
	var data string
	var created int64
	var used database.NullInstant
	if err := r.Scan(&k.ID, &k.PersonID, &k.Name, &data, &created, &used); err != nil {
		return k, err
	}
	k.CreatedAt, k.LastUsedAt = database.Instant(created), used.Ptr()
	return k, json.Unmarshal([]byte(data), &k.credential)
}

func passkeysOf(q database.Querier, personID string) ([]Passkey, error) {
	return database.All(q, scanPasskey, `SELECT `+passkeyColumns+` FROM passkey WHERE person_id = ? ORDER BY id`, personID)
}

func listPasskeys(q database.Querier, personID string, l database.Listing) (database.Page[Passkey], error) {
	return database.List(q, scanPasskey, `SELECT `+passkeyColumns+` FROM passkey WHERE person_id = ?`, []any{personID}, passkeyOrders, l)
}

func countPasskeys(q database.Querier, personID string) (int64, error) {
	return database.One(q, database.Value[int64], `SELECT COUNT(*) FROM passkey WHERE person_id = ?`, personID)
}

func insertPasskey(tx *database.Tx, k Passkey, data string) error {
	_, err := tx.Exec(`INSERT INTO passkey (id, person_id, credential_id, name, credential, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		k.ID, k.PersonID, k.credential.ID, k.Name, data, database.Micros(k.CreatedAt))
	return err
}

func updatePasskey(tx *database.Tx, id, data string, at time.Time) error {
	_, err := tx.Exec(`UPDATE passkey SET credential = ?, last_used_at = ? WHERE id = ?`, data, database.Micros(at), id)
	return err
}

func renamePasskey(tx *database.Tx, personID, id, name string) (Passkey, error) {
	return database.One(tx, scanPasskey, `UPDATE passkey SET name = ? WHERE person_id = ? AND id = ? RETURNING `+passkeyColumns, name, personID, id)
}

func deletePasskey(tx *database.Tx, personID, id string) (bool, error) {
	n, err := tx.Exec(`DELETE FROM passkey WHERE person_id = ? AND id = ?`, personID, id)
	return n == 1, err
}

func insertCeremony(tx *database.Tx, c ceremony, data string) error {
	_, err := tx.Exec(`INSERT INTO ceremony (id, person_id, kind, data, expires_at) VALUES (?, ?, ?, ?, ?)`,
		c.ID, nullText(c.PersonID), c.Kind, data, database.Micros(c.ExpiresAt))
	return err
}

// useCeremony takes a ceremony away and gives it; ErrNoRows when it is not there,
// is somebody else's or is too old.
func useCeremony(tx *database.Tx, kind, id, personID string, now time.Time) (ceremony, error) {
	return database.One(tx, scanCeremony, `DELETE FROM ceremony
		WHERE id = ? AND kind = ? AND COALESCE(person_id, '') = ? AND expires_at > ? RETURNING id, person_id, kind, data, expires_at`,
		id, kind, personID, database.Micros(now))
}

func scanCeremony(r database.Row) (c ceremony, err error) {
	var person sql.NullString
	var data string
	var expires int64
	if err := r.Scan(&c.ID, &person, &c.Kind, &data, &expires); err != nil {
		return c, err
	}
	c.PersonID, c.ExpiresAt = person.String, database.Instant(expires)
	return c, json.Unmarshal([]byte(data), &c.Session)
}
