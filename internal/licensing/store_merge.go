package licensing

import (
	"github.com/licethq/licet/internal/database"
)

func countLicenses(q database.Querier, organizationID string) (MovedLicenses, error) {
	return database.One(q, func(r database.Row) (c MovedLicenses, err error) {
		err = r.Scan(&c.Subscriptions, &c.Keys, &c.Installations, &c.Activations, &c.Orders)
		return c, err
	}, `SELECT
		(SELECT COUNT(*) FROM subscription WHERE organization_id = ?),
		(SELECT COUNT(*) FROM license_key WHERE organization_id = ?),
		(SELECT COUNT(*) FROM installation WHERE organization_id = ?),
		(SELECT COUNT(*) FROM activation WHERE organization_id = ? AND ended_at IS NULL),
		(SELECT COUNT(*) FROM sales_order WHERE organization_id = ?)`,
		organizationID, organizationID, organizationID, organizationID, organizationID)
}

// moveLicenses gives subscriptions, installations and orders to another
// organization, which has the members and sites already that belong to them.
// Keys and grants follow their subscription, slots and activations their
// installation. Serials of live rows grow, so that a request which was judged
// before is judged again.
func moveLicenses(tx *database.Tx, from, into string) error {
	if _, err := tx.Exec(`UPDATE subscription SET organization_id = ?, version = version + 1 WHERE organization_id = ?`, into, from); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE sales_order SET organization_id = ? WHERE organization_id = ?`, into, from); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE slot SET serial = serial + 1 WHERE organization_id = ? AND `+hasLive, from); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE installation SET organization_id = ?, version = version + 1 WHERE organization_id = ?`, into, from)
	return err
}

// hasLive holds for slots with a live activation.
const hasLive = `EXISTS (SELECT 1 FROM activation x WHERE x.slot_id = slot.id AND x.ended_at IS NULL)`
