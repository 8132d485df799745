package licensing

import (
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/licensefile"
)

// dropGrants takes a subscription's keys from the license administrators who
// look after them.
func dropGrants(tx *database.Tx, subscriptionID string) (int64, error) {
	return tx.Exec(`DELETE FROM key_grant WHERE key_id IN (SELECT id FROM license_key WHERE subscription_id = ?)`, subscriptionID)
}

// moveSubscription gives a subscription to another organization; its keys follow
// by their foreign key, and it tells how many.
func moveSubscription(tx *database.Tx, id, to string) (int64, error) {
	if _, err := tx.Exec(`UPDATE subscription SET organization_id = ? WHERE id = ?`, to, id); err != nil {
		return 0, err
	}
	return database.One(tx, database.Value[int64], `SELECT COUNT(*) FROM license_key WHERE subscription_id = ?`, id)
}

// user is a live row of a subscription.
type user struct {
	installation string
	method       licensefile.Method
	expires      time.Time
}

func usersOf(q database.Querier, subscriptionID string) ([]user, error) {
	return database.All(q, func(r database.Row) (u user, err error) {
		var expires int64
		err = r.Scan(&u.installation, &u.method, &expires)
		u.expires = database.Instant(expires)
		return u, err
	}, `SELECT l.installation_id, a.method, a.expires_at FROM activation a JOIN slot l ON l.id = a.slot_id
		WHERE a.subscription_id = ? AND a.ended_at IS NULL ORDER BY l.installation_id, a.id`, subscriptionID)
}

// moveInstallation gives an installation to another organization, which learns
// of its sites first; its rows follow by their foreign keys. Serials of live rows
// grow, so that a request which was judged before is judged again.
func moveInstallation(tx *database.Tx, id, from, to string) error {
	if _, err := tx.Exec(`INSERT INTO site (organization_id, id, name, created_at)
		SELECT ?, t.id, t.name, t.created_at FROM site t
		WHERE t.organization_id = ? AND t.id IN (SELECT site_id FROM slot WHERE installation_id = ?) ON CONFLICT DO NOTHING`,
		to, from, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE slot SET serial = serial + 1 WHERE installation_id = ? AND `+hasLive, id); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE installation SET organization_id = ?, version = version + 1 WHERE id = ?`, to, id)
	return err
}

func usedByOthers(q database.Querier, installationID, subscriptionID string) (bool, error) {
	n, err := database.One(q, database.Value[int64], `SELECT COUNT(*) FROM activation a JOIN slot l ON l.id = a.slot_id
		WHERE l.installation_id = ? AND a.ended_at IS NULL AND a.subscription_id <> ?`, installationID, subscriptionID)
	return n > 0, err
}

// keyIsOf reports whether a key still belongs to an organization.
func keyIsOf(q database.Querier, keyID, organizationID string) (bool, error) {
	n, err := database.One(q, database.Value[int64],
		`SELECT COUNT(*) FROM license_key WHERE id = ? AND organization_id = ?`, keyID, organizationID)
	return n == 1, err
}

func transferEvent(q database.Querier, id string) (t Transfer, data string, err error) {
	t.ID = id
	_, err = database.One(q, func(r database.Row) (bool, error) {
		return true, r.Scan(&t.SubscriptionID, &t.From, &data)
	}, `SELECT subject_id, organization_id, data FROM event WHERE id = ? AND kind = 'subscription.transferred'`, id)
	return t, data, err
}
