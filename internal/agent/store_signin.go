package agent

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/seal"
)

// purposeSignIn is the purpose under which sign-ins are sealed.
const purposeSignIn = "agent sign-in"

// saveSignIn replaces the sign-in of a row. The zero due is that it has ended.
func saveSignIn(tx *database.Tx, k *seal.Keyring, s SignIn, due time.Time) error {
	sealed, at, err := sealSignIn(k, s, due)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO sign_in (site_id, license_type, id, record, due_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (site_id, license_type) DO UPDATE SET id = excluded.id, record = excluded.record, due_at = excluded.due_at`,
		s.SiteID, s.LicenseType, s.ID, sealed, at)
	return err
}

// updateSignIn brings a sign-in further, and tells whether it is still the row's:
// a person may have started over, or called it off.
func updateSignIn(tx *database.Tx, k *seal.Keyring, s SignIn, due time.Time) (bool, error) {
	sealed, at, err := sealSignIn(k, s, due)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`UPDATE sign_in SET record = ?, due_at = ? WHERE site_id = ? AND license_type = ? AND id = ?`,
		sealed, at, s.SiteID, s.LicenseType, s.ID)
	return n == 1, err
}

func sealSignIn(k *seal.Keyring, s SignIn, due time.Time) (sealed []byte, at any, err error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, nil, err
	}
	if !due.IsZero() {
		at = database.Micros(due)
	}
	return k.Seal(purposeSignIn, plain, []byte(s.ID)), at, nil
}

func signInOf(q database.Querier, k *seal.Keyring, row RowKey) (SignIn, error) {
	return database.One(q, scanSignIn(k), `SELECT id, record FROM sign_in WHERE site_id = ? AND license_type = ?`, row.SiteID, row.LicenseType)
}

// signInsDue gives the sign-ins that go on until an instant.
func signInsDue(q database.Querier, k *seal.Keyring, until time.Time) ([]SignIn, error) {
	return database.All(q, scanSignIn(k), `SELECT id, record FROM sign_in WHERE due_at <= ? ORDER BY due_at`, database.Micros(until))
}

// nextSignIn gives when the next sign-in goes on; ErrNoRows when none does.
func nextSignIn(q database.Querier) (time.Time, error) {
	return database.One(q, func(r database.Row) (time.Time, error) {
		var at int64
		err := r.Scan(&at)
		return database.Instant(at), err
	}, `SELECT due_at FROM sign_in WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1`)
}

func deleteSignIn(tx *database.Tx, row RowKey) (bool, error) {
	n, err := tx.Exec(`DELETE FROM sign_in WHERE site_id = ? AND license_type = ?`, row.SiteID, row.LicenseType)
	return n == 1, err
}

func scanSignIn(k *seal.Keyring) func(database.Row) (SignIn, error) {
	return func(r database.Row) (SignIn, error) {
		var id string
		var sealed []byte
		if err := r.Scan(&id, &sealed); err != nil {
			return SignIn{}, err
		}
		plain, err := k.Open(purposeSignIn, sealed, []byte(id))
		if err != nil {
			return SignIn{}, err
		}
		var s SignIn
		if err := json.Unmarshal(plain, &s); err != nil {
			return SignIn{}, fmt.Errorf("read a sign-in: %w", err)
		}
		return s, nil
	}
}
