package identity

import (
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
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

const selectStaff = `SELECT s.person_id, p.email, s.role, s.created_at FROM staff s JOIN person p ON p.id = s.person_id `

func scanStaff(r database.Row) (s Staff, err error) {
	var at int64
	err = r.Scan(&s.PersonID, &s.Email, &s.Role, &at)
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
	_, err := tx.Exec(`INSERT INTO api_token (id, person_id, name, hash, created_at) VALUES (?, ?, ?, ?, ?)`,
		t.ID, t.PersonID, t.Name, hash, database.Micros(t.CreatedAt))
	return err
}

const selectToken = `SELECT id, person_id, name, created_at, revoked_at FROM api_token ` //nolint:gosec // a query, not a credential

func tokenByID(q database.Querier, id string) (Token, error) {
	return database.One(q, scanToken, selectToken+`WHERE id = ?`, id)
}

func listTokens(q database.Querier) ([]Token, error) {
	return database.All(q, scanToken, selectToken+`ORDER BY id`)
}

func scanToken(r database.Row) (t Token, err error) {
	var at int64
	var revoked database.NullInstant
	err = r.Scan(&t.ID, &t.PersonID, &t.Name, &at, &revoked)
	t.CreatedAt, t.RevokedAt = database.Instant(at), revoked.Ptr()
	return t, err
}

func revokeToken(tx *database.Tx, id string, at time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE api_token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, database.Micros(at), id)
	return n == 1, err
}

func actorByToken(q database.Querier, hash []byte) (Actor, error) {
	return database.One(q, func(r database.Row) (Actor, error) {
		a := Actor{Actor: event.Actor{Kind: event.Token}}
		err := r.Scan(&a.ID, &a.OnBehalfOf, &a.Role)
		return a, err
	}, `SELECT t.id, t.person_id, s.role FROM api_token t JOIN staff s ON s.person_id = t.person_id
		WHERE t.hash = ? AND t.revoked_at IS NULL`, hash)
}

func insertOrganization(tx *database.Tx, o Organization) error {
	_, err := tx.Exec(`INSERT INTO organization (id, kind, name, version, created_at) VALUES (?, ?, ?, ?, ?)`,
		o.ID, string(o.Kind), o.Name, o.Version, database.Micros(o.CreatedAt))
	return err
}

const selectOrganization = `SELECT id, kind, name, version, created_at FROM organization `

func scanOrganization(r database.Row) (o Organization, err error) {
	var at int64
	err = r.Scan(&o.ID, &o.Kind, &o.Name, &o.Version, &at)
	o.CreatedAt = database.Instant(at)
	return o, err
}

func organizationByID(q database.Querier, id string) (Organization, error) {
	return database.One(q, scanOrganization, selectOrganization+`WHERE id = ?`, id)
}

func listOrganizations(q database.Querier, after string, limit int) ([]Organization, error) {
	return database.All(q, scanOrganization, selectOrganization+`WHERE (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`,
		after, after, limit)
}

func upsertSite(tx *database.Tx, organizationID, siteID, name string, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO site (organization_id, id, name, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (organization_id, id) DO UPDATE SET name = excluded.name
		WHERE excluded.name <> '' AND site.name <> excluded.name`,
		organizationID, siteID, name, database.Micros(at))
	return err
}
