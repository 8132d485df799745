package identity

import (
	"github.com/licethq/licet/internal/database"
)

func insertMembership(tx *database.Tx, m Membership) error {
	_, err := tx.Exec(`INSERT INTO membership (organization_id, person_id, role, volume_purchasing, every_site, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		m.OrganizationID, m.PersonID, string(m.Role), m.VolumePurchasing, m.EverySite, m.Version, database.Micros(m.Since))
	return err
}
