package identity

import (
	"database/sql"
	"time"

	"github.com/licethq/licet/internal/database"
)

func insertDevice(tx *database.Tx, d DeviceAuthorization, deviceHash, sealed []byte) error {
	_, err := tx.Exec(`INSERT INTO device_authorization (id, device_hash, user_code, sealed, state, poll_seconds, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		d.ID, deviceHash, d.UserCode, sealed, string(d.State), int64(d.Interval/time.Second), database.Micros(d.CreatedAt), database.Micros(d.ExpiresAt))
	return err
}

// deleteExpiredDevices forgets what nobody can approve any more, and frees its
// user codes.
func deleteExpiredDevices(tx *database.Tx, now time.Time) error {
	_, err := tx.Exec(`DELETE FROM device_authorization WHERE expires_at <= ?`, database.Micros(now))
	return err
}

// sealedDevice is an authorization as it is stored.
type sealedDevice struct {
	DeviceAuthorization
	sealed []byte
}

const selectDevice = `SELECT id, user_code, sealed, state, person_id, organization_id, poll_seconds, polled_at, created_at, expires_at
	FROM device_authorization `

func scanDevice(r database.Row) (d sealedDevice, err error) {
	var person, organization sql.NullString
	var seconds, created, expires int64
	var polled database.NullInstant
	err = r.Scan(&d.ID, &d.UserCode, &d.sealed, &d.State, &person, &organization, &seconds, &polled, &created, &expires)
	d.PersonID, d.OrganizationID = person.String, organization.String
	d.Interval, d.PolledAt = time.Duration(seconds)*time.Second, polled.Ptr()
	d.CreatedAt, d.ExpiresAt = database.Instant(created), database.Instant(expires)
	return d, err
}

func deviceByID(q database.Querier, id string) (sealedDevice, error) {
	return database.One(q, scanDevice, selectDevice+`WHERE id = ?`, id)
}

func deviceByUserCode(q database.Querier, code string) (sealedDevice, error) {
	return database.One(q, scanDevice, selectDevice+`WHERE user_code = ?`, code)
}

func deviceByHash(q database.Querier, hash []byte) (sealedDevice, error) {
	return database.One(q, scanDevice, selectDevice+`WHERE device_hash = ?`, hash)
}

// decideDevice moves a pending authorization on, and tells whether it was still
// pending: of two people who decide at once, one does.
func decideDevice(tx *database.Tx, id string, to DeviceState, personID, organizationID string) (bool, error) {
	n, err := tx.Exec(`UPDATE device_authorization SET state = ?, person_id = ?, organization_id = ? WHERE id = ? AND state = 'pending'`,
		string(to), personID, nullText(organizationID), id)
	return n == 1, err
}

// useDevice takes the token of an approved authorization, and tells whether
// nobody was faster.
func useDevice(tx *database.Tx, id string) (bool, error) {
	n, err := tx.Exec(`UPDATE device_authorization SET state = 'used' WHERE id = ? AND state = 'approved'`, id)
	return n == 1, err
}

func notePoll(tx *database.Tx, d DeviceAuthorization) error {
	_, err := tx.Exec(`UPDATE device_authorization SET polled_at = ?, poll_seconds = ? WHERE id = ?`,
		database.NullMicros(d.PolledAt), int64(d.Interval/time.Second), d.ID)
	return err
}
