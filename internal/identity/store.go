package identity

import (
	"database/sql"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
)

func insertStaff(tx *database.Tx, s Staff) error {
	at := database.Micros(s.CreatedAt)
	if _, err := tx.Exec(`INSERT INTO person (id, email, email_key, created_at) VALUES (?, ?, ?, ?)`,
		s.PersonID, s.Email, emailKey(s.Email), at); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO staff (person_id, role, created_at) VALUES (?, ?, ?)`, s.PersonID, string(s.Role), at)
	return err
}

const selectStaff = `SELECT s.person_id, p.email, p.first_name, p.last_name, s.role, s.created_at FROM staff s JOIN person p ON p.id = s.person_id `

func scanStaff(r database.Row) (s Staff, err error) {
	var at int64
	err = r.Scan(&s.PersonID, &s.Email, &s.FirstName, &s.LastName, &s.Role, &at)
	s.CreatedAt = database.Instant(at)
	return s, err
}

func staffByEmail(q database.Querier, key string) (Staff, error) {
	return database.One(q, scanStaff, selectStaff+`WHERE p.email_key = ?`, key)
}

func listStaff(q database.Querier) ([]Staff, error) {
	return database.All(q, scanStaff, selectStaff+`ORDER BY p.email_key`)
}

func insertToken(tx *database.Tx, t Token, hash []byte) error {
	_, err := tx.Exec(`INSERT INTO api_token (id, person_id, organization_id, name, hash, scopes, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID, t.PersonID, nullText(t.OrganizationID), t.Name, hash, t.Scopes.String(), database.Micros(t.CreatedAt), database.NullMicros(t.ExpiresAt))
	return err
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

const selectToken = `SELECT id, person_id, organization_id, name, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_token ` //nolint:gosec // a query, not a credential

func tokenByID(q database.Querier, id string) (Token, error) {
	return database.One(q, scanToken, selectToken+`WHERE id = ?`, id)
}

func listTokens(q database.Querier) ([]Token, error) {
	return database.All(q, scanToken, selectToken+`ORDER BY id`)
}

func scanToken(r database.Row) (t Token, err error) {
	var at int64
	var organization sql.NullString
	var scopes string
	var expires, used, revoked database.NullInstant
	err = r.Scan(&t.ID, &t.PersonID, &organization, &t.Name, &scopes, &at, &expires, &used, &revoked)
	t.OrganizationID, t.Scopes, t.CreatedAt = organization.String, parseScopes(scopes), database.Instant(at)
	t.ExpiresAt, t.LastUsedAt, t.RevokedAt = expires.Ptr(), used.Ptr(), revoked.Ptr()
	return t, err
}

func revokeToken(tx *database.Tx, id string, at time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE api_token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, database.Micros(at), id)
	return n == 1, err
}

// tokenByHash gives a token that works now; ErrNoRows otherwise.
func tokenByHash(q database.Querier, hash []byte, now time.Time) (Token, error) {
	return database.One(q, scanToken, selectToken+`WHERE hash = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`,
		hash, database.Micros(now))
}

// roleOf gives a person's staff role, or "".
func roleOf(q database.Querier, personID string) (Role, error) {
	role, err := database.One(q, database.Value[Role], `SELECT role FROM staff WHERE person_id = ?`, personID)
	if errors.Is(err, database.ErrNoRows) {
		return "", nil
	}
	return role, err
}

const selectMembership = `SELECT m.organization_id, o.name, m.person_id, m.role, m.volume_purchasing, m.every_site, m.blocked_at, m.version, m.created_at
	FROM membership m JOIN organization o ON o.id = m.organization_id `

func scanMembership(r database.Row) (m Membership, err error) {
	var blocked database.NullInstant
	var since int64
	err = r.Scan(&m.OrganizationID, &m.OrganizationName, &m.PersonID, &m.Role, &m.VolumePurchasing, &m.EverySite, &blocked, &m.Version, &since)
	m.BlockedAt, m.Since = blocked.Ptr(), database.Instant(since)
	return m, err
}

// activeMemberships gives a person's memberships that count now, with the keys
// and sites that they are limited to; of one organization when it is named.
func activeMemberships(q database.Querier, personID, organizationID string) ([]Membership, error) {
	found, err := database.All(q, scanMembership, selectMembership+
		`WHERE m.person_id = ? AND m.blocked_at IS NULL AND (? = '' OR m.organization_id = ?) ORDER BY o.name, o.id`,
		personID, organizationID, organizationID)
	for i := range found {
		if err == nil && found[i].Role == LicenseAdministrator {
			found[i].Keys, err = database.All(q, database.Value[string],
				`SELECT key_id FROM key_grant WHERE organization_id = ? AND person_id = ? ORDER BY key_id`, found[i].OrganizationID, personID)
		}
		if err == nil && !found[i].EverySite {
			found[i].Sites, err = database.All(q, database.Value[string],
				`SELECT site_id FROM membership_site WHERE organization_id = ? AND person_id = ? ORDER BY site_id`, found[i].OrganizationID, personID)
		}
	}
	return found, err
}

func insertOrganization(tx *database.Tx, o Organization) error {
	_, err := tx.Exec(`INSERT INTO organization (id, kind, name, address, phone, country, reference, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.ID, string(o.Kind), o.Name, o.Address, o.Phone, o.Country, nullText(o.Reference), o.Version, database.Micros(o.CreatedAt))
	return err
}

// updateOrganization stores a profile; the version grows by one.
func updateOrganization(tx *database.Tx, o Organization) error {
	_, err := tx.Exec(`UPDATE organization SET kind = ?, name = ?, address = ?, phone = ?, country = ?, reference = ?, version = version + 1 WHERE id = ?`,
		string(o.Kind), o.Name, o.Address, o.Phone, o.Country, nullText(o.Reference), o.ID)
	return err
}

const selectOrganization = `SELECT id, kind, name, address, phone, country, reference, version, created_at FROM organization `

func scanOrganization(r database.Row) (o Organization, err error) {
	var at int64
	var reference sql.NullString
	err = r.Scan(&o.ID, &o.Kind, &o.Name, &o.Address, &o.Phone, &o.Country, &reference, &o.Version, &at)
	o.Reference, o.CreatedAt = reference.String, database.Instant(at)
	return o, err
}

func organizationByID(q database.Querier, id string) (Organization, error) {
	return database.One(q, scanOrganization, selectOrganization+`WHERE id = ?`, id)
}

func upsertSite(tx *database.Tx, organizationID, siteID, name string, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO site (organization_id, id, name, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (organization_id, id) DO UPDATE SET name = excluded.name
		WHERE excluded.name <> '' AND site.name <> excluded.name`,
		organizationID, siteID, name, database.Micros(at))
	return err
}
