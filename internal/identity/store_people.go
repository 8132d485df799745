package identity

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

const selectAcquaintance = `SELECT p.id, p.email, p.first_name, p.last_name, p.language, p.time_zone, COALESCE(p.password, ''), p.version, p.created_at,
	COALESCE(s.role, ''), (SELECT COUNT(*) FROM membership m WHERE m.person_id = p.id)
	FROM person p LEFT JOIN staff s ON s.person_id = p.id `

func scanAcquaintance(r database.Row) (a Acquaintance, err error) {
	var at int64
	err = r.Scan(&a.ID, &a.Email, &a.FirstName, &a.LastName, &a.Language, &a.TimeZone, &a.password, &a.Version, &at, &a.StaffRole, &a.MembershipCount)
	a.CreatedAt = database.Instant(at)
	return a, err
}

func peoplePage(q database.Querier, f PersonFilter, l database.Listing) (database.Page[Acquaintance], error) {
	search := database.Contains(f.Search)
	return database.List(q, scanAcquaintance, selectAcquaintance+
		`WHERE p.erased_at IS NULL AND (LOWER(`+fullName+`) LIKE ? ESCAPE '\' OR p.email_key LIKE ? ESCAPE '\')`,
		[]any{search, search}, personOrders, l)
}

func personWithStaffRole(q database.Querier, id string) (Acquaintance, error) {
	return database.One(q, scanAcquaintance, selectAcquaintance+`WHERE p.id = ? AND p.erased_at IS NULL`, id)
}

// membershipsOf gives all memberships of a person, blocked ones too, by the ids
// of their organizations: the order in which those are locked.
func membershipsOf(q database.Querier, personID string) ([]Membership, error) {
	return database.All(q, scanMembership, selectMembership+`WHERE m.person_id = ? ORDER BY m.organization_id`, personID)
}

func sessionsOf(q database.Querier, personID string) ([]Session, error) {
	return database.All(q, scanSession, selectSession+`WHERE person_id = ? ORDER BY id`, personID)
}

func tokensOf(q database.Querier, personID string) ([]Token, error) {
	return database.All(q, scanToken, selectToken+`WHERE person_id = ? ORDER BY id`, personID)
}

func invitationsTo(q database.Querier, key string) ([]Invitation, error) {
	return database.All(q, scanInvitation, selectInvitation+`WHERE i.email_key = ? ORDER BY i.id`, key)
}

func eventsBy(q database.Querier, personID string) ([]string, error) {
	return database.All(q, database.Value[string], `SELECT id FROM event WHERE actor_id = ? OR on_behalf_of = ? ORDER BY id`, personID, personID)
}

// deleteTraces removes what is kept beside a person, found by id or by address.
func deleteTraces(tx *database.Tx, personID, key string) error {
	for _, table := range []string{"session", "api_token", "passkey", "recovery_code", "totp", "ceremony", "device_authorization", "link"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE person_id = ?`, personID); err != nil {
			return err
		}
	}
	for _, table := range []string{"link", "invitation"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE email_key = ?`, key); err != nil {
			return err
		}
	}
	return nil
}

// blankPerson leaves the id of a person, under an address that nobody can have.
func blankPerson(tx *database.Tx, id string, now time.Time) error {
	_, err := tx.Exec(`UPDATE person SET email = '', email_key = 'erased ' || id, first_name = '', last_name = '', time_zone = '', password = NULL,
		erased_at = ?, version = version + 1 WHERE id = ?`, database.Micros(now), id)
	return err
}
