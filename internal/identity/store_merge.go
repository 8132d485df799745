package identity

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

func countMoved(q database.Querier, from, into string) (MovedPeople, error) {
	return database.One(q, func(r database.Row) (c MovedPeople, err error) {
		err = r.Scan(&c.Members, &c.MembersInBoth, &c.Sites, &c.Invitations, &c.Tokens)
		c.Members -= c.MembersInBoth
		return c, err
	}, `SELECT
		(SELECT COUNT(*) FROM membership WHERE organization_id = ?),
		(SELECT COUNT(*) FROM membership m JOIN membership o ON o.person_id = m.person_id WHERE m.organization_id = ? AND o.organization_id = ?),
		(SELECT COUNT(*) FROM site WHERE organization_id = ?),
		(SELECT COUNT(*) FROM invitation WHERE organization_id = ? AND accepted_at IS NULL AND withdrawn_at IS NULL),
		(SELECT COUNT(*) FROM api_token WHERE organization_id = ? AND revoked_at IS NULL)`,
		from, from, into, from, from, from)
}

// seize lets nobody name an organization any more that is about to disappear, not
// even by a foreign key: they wait, and then do not find it. PostgreSQL locks a
// row so far only when a unique column changes. Taken later, the lock could meet
// others who hold the organization and wait for what the merger has moved.
func seize(tx *database.Tx, id string) error {
	_, err := tx.Exec(`UPDATE organization SET reference = 'merged: ' || id WHERE id = ?`, id)
	return err
}

// copySites gives the second organization the sites of the first; of one that
// both have, the second's name stays.
func copySites(tx *database.Tx, from, into string) error {
	_, err := tx.Exec(`INSERT INTO site (organization_id, id, name, created_at)
		SELECT ?, id, name, created_at FROM site WHERE organization_id = ? ON CONFLICT DO NOTHING`, into, from)
	return err
}

// moveMembership stores a membership of somebody new, blocked or not.
func moveMembership(tx *database.Tx, m Membership) error {
	if err := insertMembership(tx, m); err != nil || m.BlockedAt == nil {
		return err
	}
	_, err := tx.Exec(`UPDATE membership SET blocked_at = ? WHERE organization_id = ? AND person_id = ?`,
		database.NullMicros(m.BlockedAt), m.OrganizationID, m.PersonID)
	return err
}

// copyMemberSites lists the sites of limited privileges in the second
// organization too, for those who are limited there.
func copyMemberSites(tx *database.Tx, from, into string) error {
	_, err := tx.Exec(`INSERT INTO membership_site (organization_id, person_id, site_id)
		SELECT m.organization_id, l.person_id, l.site_id FROM membership_site l
		JOIN membership m ON m.organization_id = ? AND m.person_id = l.person_id AND m.every_site = 0
		WHERE l.organization_id = ? ON CONFLICT DO NOTHING`, into, from)
	return err
}

// moveInvitations moves invitations. Where both organizations have an open one
// for an address, the one that lives longer stays open.
func moveInvitations(tx *database.Tx, from, into string, now time.Time) error {
	const withdraw = `UPDATE invitation SET withdrawn_at = ?
		WHERE organization_id = ? AND accepted_at IS NULL AND withdrawn_at IS NULL
		  AND EXISTS (SELECT 1 FROM invitation o WHERE o.organization_id = ? AND o.email_key = invitation.email_key
		              AND o.accepted_at IS NULL AND o.withdrawn_at IS NULL AND o.expires_at >= invitation.expires_at)`
	if _, err := tx.Exec(withdraw, database.Micros(now), from, into); err != nil {
		return err
	}
	if _, err := tx.Exec(withdraw, database.Micros(now), into, from); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE invitation SET organization_id = ? WHERE organization_id = ?`, into, from)
	return err
}

// moveSignedIn moves tokens, what sessions look at, and agents that ask to sign in.
func moveSignedIn(tx *database.Tx, from, into string) error {
	for _, statement := range []string{
		`UPDATE api_token SET organization_id = ? WHERE organization_id = ?`,
		`UPDATE session SET organization_id = ? WHERE organization_id = ?`,
		`UPDATE device_authorization SET organization_id = ? WHERE organization_id = ?`,
	} {
		if _, err := tx.Exec(statement, into, from); err != nil {
			return err
		}
	}
	return nil
}

// removeMerged deletes an organization that nothing belongs to any more. Should
// something still do, or have come meanwhile, the foreign keys refuse.
func removeMerged(tx *database.Tx, from, into string) error {
	if _, err := tx.Exec(`DELETE FROM membership WHERE organization_id = ?
		AND person_id IN (SELECT person_id FROM membership WHERE organization_id = ?)`, from, into); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM site WHERE organization_id = ?
		AND id IN (SELECT id FROM site WHERE organization_id = ?)`, from, into); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM organization WHERE id = ?`, from)
	return err
}

func takeReference(tx *database.Tx, id, reference string) error {
	_, err := tx.Exec(`UPDATE organization SET reference = ?, version = version + 1 WHERE id = ?`, reference, id)
	return err
}

// MergerEvent gives what the log says of a merger: the organization that
// disappeared, and the figures as JSON.
func MergerEvent(q database.Querier, eventID string) (from, data string, err error) {
	from, err = database.One(q, func(r database.Row) (id string, err error) {
		err = r.Scan(&id, &data)
		return id, err
	}, `SELECT subject_id, data FROM event WHERE id = ? AND kind = 'organization.merged'`, eventID)
	return from, data, notFound(err)
}
