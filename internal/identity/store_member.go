package identity

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

func insertMembership(tx *database.Tx, m Membership) error {
	_, err := tx.Exec(`INSERT INTO membership (organization_id, person_id, role, volume_purchasing, every_site, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		m.OrganizationID, m.PersonID, string(m.Role), m.VolumePurchasing, m.EverySite, m.Version, database.Micros(m.Since))
	return err
}

// updateMembership stores what can be changed; the version grows by one.
func updateMembership(tx *database.Tx, m Membership) error {
	_, err := tx.Exec(`UPDATE membership SET role = ?, volume_purchasing = ?, every_site = ?, blocked_at = ?, version = version + 1
		WHERE organization_id = ? AND person_id = ?`,
		string(m.Role), m.VolumePurchasing, m.EverySite, database.NullMicros(m.BlockedAt), m.OrganizationID, m.PersonID)
	return err
}

// deleteMembership takes grants and sites along.
func deleteMembership(tx *database.Tx, m Membership) error {
	_, err := tx.Exec(`DELETE FROM membership WHERE organization_id = ? AND person_id = ?`, m.OrganizationID, m.PersonID)
	return err
}

// lockOrganization keeps others from changing who is in an organization, without
// changing it: a change of its profile that waits finds the version it knows.
func lockOrganization(tx *database.Tx, id string) (bool, error) {
	n, err := tx.Exec(`UPDATE organization SET version = version WHERE id = ?`, id)
	return n == 1, err
}

func membershipsIn(q database.Querier, organizationID string) ([]Membership, error) {
	return database.All(q, scanMembership, selectMembership+`WHERE m.organization_id = ? ORDER BY m.person_id`, organizationID)
}

func membershipOf(q database.Querier, organizationID, personID string) (Membership, error) {
	return database.One(q, scanMembership, selectMembership+`WHERE m.organization_id = ? AND m.person_id = ?`, organizationID, personID)
}

// What lists of people and members show and sort by.
const (
	fullName   = `TRIM(p.first_name || ' ' || p.last_name)`
	grantCount = `(SELECT COUNT(*) FROM key_grant g WHERE g.organization_id = m.organization_id AND g.person_id = m.person_id)`
)

const selectColleague = `SELECT m.organization_id, o.name, m.person_id, m.role, m.volume_purchasing, m.every_site, m.blocked_at, m.version, m.created_at,
	p.email, p.first_name, p.last_name, ` + grantCount + `
	FROM membership m JOIN organization o ON o.id = m.organization_id JOIN person p ON p.id = m.person_id `

func scanColleague(r database.Row) (c Colleague, err error) {
	var blocked database.NullInstant
	var since int64
	err = r.Scan(&c.OrganizationID, &c.OrganizationName, &c.PersonID, &c.Role, &c.VolumePurchasing, &c.EverySite, &blocked, &c.Version, &since,
		&c.Email, &c.FirstName, &c.LastName, &c.KeyCount)
	c.BlockedAt, c.Since = blocked.Ptr(), database.Instant(since)
	return c, err
}

func colleagues(q database.Querier, organizationID string, f ColleagueFilter, l database.Listing) (database.Page[Colleague], error) {
	query := selectColleague + `WHERE m.organization_id = ? AND (? = '' OR m.role = ?)
		AND (LOWER(` + fullName + `) LIKE ? ESCAPE '\' OR p.email_key LIKE ? ESCAPE '\')`
	if f.Blocked != nil {
		query += map[bool]string{true: " AND m.blocked_at IS NOT NULL", false: " AND m.blocked_at IS NULL"}[*f.Blocked]
	}
	search := database.Contains(f.Search)
	return database.List(q, scanColleague, query, []any{organizationID, string(f.Role), string(f.Role), search, search}, colleagueOrders, l)
}

// colleague gives a member with the sites and keys that they are limited to.
func colleague(q database.Querier, organizationID, personID string) (Colleague, error) {
	c, err := database.One(q, scanColleague, selectColleague+`WHERE m.organization_id = ? AND m.person_id = ?`, organizationID, personID)
	if err == nil {
		c.Sites, err = sitesOf(q, c.Membership)
	}
	if err == nil {
		c.Keys, err = grantsOf(q, c.Membership)
	}
	return c, err
}

func sitesOf(q database.Querier, m Membership) ([]string, error) {
	return database.All(q, database.Value[string],
		`SELECT site_id FROM membership_site WHERE organization_id = ? AND person_id = ? ORDER BY site_id`, m.OrganizationID, m.PersonID)
}

func storeSites(tx *database.Tx, m Membership) error {
	if _, err := tx.Exec(`DELETE FROM membership_site WHERE organization_id = ? AND person_id = ?`, m.OrganizationID, m.PersonID); err != nil {
		return err
	}
	for _, site := range m.Sites {
		_, err := tx.Exec(`INSERT INTO membership_site (organization_id, person_id, site_id) VALUES (?, ?, ?)`, m.OrganizationID, m.PersonID, site)
		if err != nil {
			return err
		}
	}
	return nil
}

func hasSite(q database.Querier, organizationID, siteID string) (bool, error) {
	n, err := database.One(q, database.Value[int64], `SELECT COUNT(*) FROM site WHERE organization_id = ? AND id = ?`, organizationID, siteID)
	return n == 1, err
}

func grantsOf(q database.Querier, m Membership) ([]string, error) {
	return database.All(q, database.Value[string],
		`SELECT key_id FROM key_grant WHERE organization_id = ? AND person_id = ? ORDER BY key_id`, m.OrganizationID, m.PersonID)
}

// storeGrants replaces the keys that a member looks after.
func storeGrants(tx *database.Tx, m Membership, keys []string, now time.Time) error {
	if _, err := tx.Exec(`DELETE FROM key_grant WHERE organization_id = ? AND person_id = ?`, m.OrganizationID, m.PersonID); err != nil {
		return err
	}
	for _, key := range keys {
		_, err := tx.Exec(`INSERT INTO key_grant (organization_id, person_id, key_id, created_at) VALUES (?, ?, ?, ?)`,
			m.OrganizationID, m.PersonID, key, database.Micros(now))
		if err != nil {
			return err
		}
	}
	return nil
}

func hasKey(q database.Querier, organizationID, keyID string) (bool, error) {
	n, err := database.One(q, database.Value[int64],
		`SELECT COUNT(*) FROM license_key WHERE organization_id = ? AND id = ? AND deleted_at IS NULL`, organizationID, keyID)
	return n == 1, err
}

// lookAway makes the sessions of a former member look at no organization.
func lookAway(tx *database.Tx, m Membership) error {
	_, err := tx.Exec(`UPDATE session SET organization_id = NULL WHERE person_id = ? AND organization_id = ?`, m.PersonID, m.OrganizationID)
	return err
}

// tokensIn lists the tokens of a person that act in an organization.
func tokensIn(q database.Querier, organizationID, personID string) ([]string, error) {
	return database.All(q, database.Value[string],
		`SELECT id FROM api_token WHERE organization_id = ? AND person_id = ? AND revoked_at IS NULL ORDER BY id`, organizationID, personID)
}
