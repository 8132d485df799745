package identity

import (
	"database/sql"
	"time"

	"github.com/licethq/licet/internal/database"
)

// insertInvitation stores an invitation; false when the address has an open one.
func insertInvitation(tx *database.Tx, i Invitation, hash []byte) (bool, error) {
	n, err := tx.Exec(`INSERT INTO invitation (id, organization_id, email, email_key, role, language, hash, invited_by, expires_at, sent_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		i.ID, i.OrganizationID, i.Email, emailKey(i.Email), string(i.Role), string(i.Language), hash, nullText(i.InvitedBy),
		database.Micros(i.ExpiresAt), database.Micros(i.SentAt), database.Micros(i.CreatedAt))
	return n == 1, err
}

// clearExpired makes room for a new invitation of an address whose last one expired.
func clearExpired(tx *database.Tx, organizationID, key string, now time.Time) error {
	_, err := tx.Exec(`UPDATE invitation SET withdrawn_at = ?
		WHERE organization_id = ? AND email_key = ? AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at <= ?`,
		database.Micros(now), organizationID, key, database.Micros(now))
	return err
}

const selectInvitation = `SELECT i.id, i.organization_id, i.email, i.role, i.language, i.invited_by,
	COALESCE(TRIM(p.first_name || ' ' || p.last_name), ''), i.expires_at, i.accepted_at, i.accepted_by, i.withdrawn_at, i.sent_at, i.created_at
	FROM invitation i LEFT JOIN person p ON p.id = i.invited_by `

func scanInvitation(r database.Row) (i Invitation, err error) {
	var by, acceptedBy sql.NullString
	var accepted, withdrawn database.NullInstant
	var expires, sent, created int64
	err = r.Scan(&i.ID, &i.OrganizationID, &i.Email, &i.Role, &i.Language, &by, &i.InviterName,
		&expires, &accepted, &acceptedBy, &withdrawn, &sent, &created)
	i.InvitedBy, i.AcceptedBy, i.AcceptedAt, i.WithdrawnAt = by.String, acceptedBy.String, accepted.Ptr(), withdrawn.Ptr()
	i.ExpiresAt, i.SentAt, i.CreatedAt = database.Instant(expires), database.Instant(sent), database.Instant(created)
	return i, err
}

func invitationByID(q database.Querier, organizationID, id string) (Invitation, error) {
	return database.One(q, scanInvitation, selectInvitation+`WHERE i.organization_id = ? AND i.id = ?`, organizationID, id)
}

func invitationByHash(q database.Querier, hash []byte) (Invitation, error) {
	return database.One(q, scanInvitation, selectInvitation+`WHERE i.hash = ?`, hash)
}

// renewInvitation gives an open invitation a new link; false when it is not open.
func renewInvitation(tx *database.Tx, i Invitation, hash []byte) (bool, error) {
	n, err := tx.Exec(`UPDATE invitation SET hash = ?, sent_at = ?, expires_at = ?
		WHERE id = ? AND accepted_at IS NULL AND withdrawn_at IS NULL`,
		hash, database.Micros(i.SentAt), database.Micros(i.ExpiresAt), i.ID)
	return n == 1, err
}

// withdrawInvitation ends an open invitation; false when it is not open.
func withdrawInvitation(tx *database.Tx, id string, now time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE invitation SET withdrawn_at = ? WHERE id = ? AND accepted_at IS NULL AND withdrawn_at IS NULL`,
		database.Micros(now), id)
	return n == 1, err
}

// acceptInvitation notes who accepted; false when it is no longer open, or its
// link is no longer the newest. Of two at once one gets true.
func acceptInvitation(tx *database.Tx, id string, hash []byte, personID string, now time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE invitation SET accepted_at = ?, accepted_by = ?
		WHERE id = ? AND hash = ? AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > ?`,
		database.Micros(now), personID, id, hash, database.Micros(now))
	return n == 1, err
}

// knownIn tells who is in an organization or on the way there.
func knownIn(q database.Querier, organizationID string, now time.Time) (known, error) {
	members, err := database.All(q, database.Value[string],
		`SELECT p.email_key FROM membership m JOIN person p ON p.id = m.person_id WHERE m.organization_id = ?`, organizationID)
	if err != nil {
		return known{}, err
	}
	invited, err := database.All(q, database.Value[string],
		`SELECT email_key FROM invitation WHERE organization_id = ? AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > ?`,
		organizationID, database.Micros(now))
	return known{members: setOf(members), invited: setOf(invited)}, err
}

func setOf(keys []string) map[string]bool {
	set := make(map[string]bool, len(keys))
	for _, key := range keys {
		set[key] = true
	}
	return set
}

func invitations(q database.Querier, organizationID string, f InvitationFilter, l database.Listing, now time.Time) (database.Page[Invitation], error) {
	query, args := selectInvitation+`WHERE i.organization_id = ? AND i.email_key LIKE ? ESCAPE '\'`, []any{organizationID, database.Contains(f.Search)}
	// The same states as Invitation.State gives.
	switch at := database.Micros(now); f.State {
	case InvitationAccepted:
		query += ` AND i.accepted_at IS NOT NULL`
	case InvitationWithdrawn:
		query += ` AND i.accepted_at IS NULL AND i.withdrawn_at < i.expires_at`
	case InvitationExpired:
		query += ` AND i.accepted_at IS NULL AND (i.withdrawn_at >= i.expires_at OR (i.withdrawn_at IS NULL AND i.expires_at <= ?))`
		args = append(args, at)
	case InvitationPending:
		query += ` AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > ?`
		args = append(args, at)
	}
	return database.List(q, scanInvitation, query, args, invitationOrders, l)
}
