package identity

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

func scanTOTP(r database.Row) (t totp, err error) {
	var confirmed database.NullInstant
	err = r.Scan(&t.Sealed, &confirmed)
	t.ConfirmedAt = confirmed.Ptr()
	return t, err
}

const selectTOTP = `SELECT secret, confirmed_at FROM totp WHERE person_id = ?`

func totpOf(q database.Querier, personID string) (totp, error) {
	return database.One(q, scanTOTP, selectTOTP, personID)
}

// confirmedTOTP gives the authenticator app that counts; ErrNoRows when there is
// none.
func confirmedTOTP(q database.Querier, personID string) (totp, error) {
	return database.One(q, scanTOTP, selectTOTP+` AND confirmed_at IS NOT NULL`, personID)
}

// storeTOTP stores a secret that is not confirmed yet, in place of another such;
// false when one is confirmed.
func storeTOTP(tx *database.Tx, personID string, sealed []byte) (bool, error) {
	n, err := tx.Exec(`INSERT INTO totp (person_id, secret) VALUES (?, ?)
		ON CONFLICT (person_id) DO UPDATE SET secret = excluded.secret WHERE totp.confirmed_at IS NULL`, personID, sealed)
	return n == 1, err
}

func confirmTOTP(tx *database.Tx, personID string, step int64, at time.Time) error {
	_, err := tx.Exec(`UPDATE totp SET confirmed_at = ?, last_step = ? WHERE person_id = ? AND confirmed_at IS NULL`,
		database.Micros(at), step, personID)
	return err
}

// takeStep takes the code of a time step; false when it, or a later one, was
// taken.
func takeStep(tx *database.Tx, personID string, step int64) (bool, error) {
	n, err := tx.Exec(`UPDATE totp SET last_step = ? WHERE person_id = ? AND confirmed_at IS NOT NULL AND last_step < ?`, step, personID, step)
	return n == 1, err
}

func deleteTOTP(tx *database.Tx, personID string) (bool, error) {
	n, err := tx.Exec(`DELETE FROM totp WHERE person_id = ?`, personID)
	return n == 1, err
}

func insertRecoveryCode(tx *database.Tx, personID string, hash []byte) error {
	_, err := tx.Exec(`INSERT INTO recovery_code (person_id, hash) VALUES (?, ?)`, personID, hash)
	return err
}

// useRecoveryCode uses a code up; false when there is none such, or it was used.
func useRecoveryCode(tx *database.Tx, personID string, hash []byte, at time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE recovery_code SET used_at = ? WHERE person_id = ? AND hash = ? AND used_at IS NULL`, database.Micros(at), personID, hash)
	return n == 1, err
}

func deleteRecoveryCodes(tx *database.Tx, personID string) error {
	_, err := tx.Exec(`DELETE FROM recovery_code WHERE person_id = ?`, personID)
	return err
}

func recoveryCodesLeft(q database.Querier, personID string) (int64, error) {
	return database.One(q, database.Value[int64], `SELECT COUNT(*) FROM recovery_code WHERE person_id = ? AND used_at IS NULL`, personID)
}
