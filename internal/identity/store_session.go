package identity

import (
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
)

func insertSession(tx *database.Tx, v Session, hash []byte) error {
	_, err := tx.Exec(`INSERT INTO session (id, person_id, hash, stage, organization_id, user_agent, address, created_at, last_seen_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.ID, v.PersonID, hash, string(v.Stage), nullText(v.OrganizationID), v.UserAgent, v.Address,
		database.Micros(v.CreatedAt), database.Micros(v.LastSeenAt), database.Micros(v.ExpiresAt))
	return err
}

func sessionByHash(q database.Querier, hash []byte) (Session, error) {
	return database.One(q, scanSession, selectSession+`WHERE hash = ? AND ended_at IS NULL`, hash)
}

func endSessionOf(tx *database.Tx, hash []byte, at time.Time) error {
	_, err := tx.Exec(`UPDATE session SET ended_at = ? WHERE hash = ? AND ended_at IS NULL`, database.Micros(at), hash)
	return err
}

func endSessionByID(tx *database.Tx, id string, at time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE session SET ended_at = ? WHERE id = ? AND ended_at IS NULL`, database.Micros(at), id)
	return n == 1, err
}

// endSessions ends a person's sessions but one; "" for all.
func endSessions(tx *database.Tx, personID, but string, at time.Time) error {
	_, err := tx.Exec(`UPDATE session SET ended_at = ? WHERE person_id = ? AND id <> ? AND ended_at IS NULL`, database.Micros(at), personID, but)
	return err
}

// listSessions lists a person's complete sessions that live: used after idle, and
// not over.
func listSessions(q database.Querier, personID string, now, idle time.Time, l database.Listing) (database.Page[Session], error) {
	return database.List(q, scanSession, selectSession+
		`WHERE person_id = ? AND stage = 'complete' AND ended_at IS NULL AND expires_at > ? AND last_seen_at > ?`,
		[]any{personID, database.Micros(now), database.Micros(idle)}, sessionOrders, l)
}

func ownSession(q database.Querier, personID, id string) (Session, error) {
	return database.One(q, scanSession, selectSession+`WHERE person_id = ? AND id = ? AND ended_at IS NULL`, personID, id)
}

// lastLookedAt gives the organization that a person's newest session showed, if
// they still are a member, else their first; "" for none.
func lastLookedAt(q database.Querier, personID string) (string, error) {
	found, err := database.One(q, database.Value[string], `SELECT m.organization_id FROM membership m JOIN organization o ON o.id = m.organization_id
		WHERE m.person_id = ? AND m.blocked_at IS NULL
		ORDER BY CASE WHEN m.organization_id = (SELECT s.organization_id FROM session s
			WHERE s.person_id = ? AND s.organization_id IS NOT NULL ORDER BY s.id DESC LIMIT 1) THEN 0 ELSE 1 END, o.name, o.id LIMIT 1`,
		personID, personID)
	if errors.Is(err, database.ErrNoRows) {
		return "", nil
	}
	return found, err
}

func lookAt(tx *database.Tx, sessionID, organizationID string) error {
	_, err := tx.Exec(`UPDATE session SET organization_id = ? WHERE id = ?`, organizationID, sessionID)
	return err
}
