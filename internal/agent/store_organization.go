package agent

import (
	"github.com/licethq/licet/internal/database"
)

// organizationOf gives whom the agent belongs to; the zero value for nobody yet.
func organizationOf(q database.Querier) (Organization, error) {
	o, err := database.One(q, func(r database.Row) (Organization, error) {
		var o Organization
		var signedIn database.NullInstant
		err := r.Scan(&o.ID, &o.Name, &o.Release, &signedIn)
		o.SignedInAt = signedIn.Ptr()
		return o, err
	}, `SELECT organization_id, name, release, signed_in_at FROM organization WHERE id = 1`)
	if isNoRows(err) {
		return Organization{}, nil
	}
	return o, err
}

// insertOrganization notes an organization where none is noted yet.
func insertOrganization(tx *database.Tx, o Organization) error {
	_, err := tx.Exec(`INSERT INTO organization (id, organization_id, name, release, signed_in_at) VALUES (1, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, o.ID, o.Name, o.Release, database.NullMicros(o.SignedInAt))
	return err
}

// saveOrganization replaces the organization.
func saveOrganization(tx *database.Tx, o Organization) error {
	_, err := tx.Exec(`INSERT INTO organization (id, organization_id, name, release, signed_in_at) VALUES (1, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET organization_id = excluded.organization_id, name = excluded.name,
			release = excluded.release, signed_in_at = excluded.signed_in_at`,
		o.ID, o.Name, o.Release, database.NullMicros(o.SignedInAt))
	return err
}
