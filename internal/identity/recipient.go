package identity

import (
	"slices"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/language"
)

// Recipient is a person to whom a mail of another capability goes.
type Recipient struct {
	PersonID string
	Email    string
	Language language.Tag
}

// StaffRecipients gives the members of staff in one of the roles who can sign
// in: the others only hold API tokens.
func StaffRecipients(q database.Querier, roles ...Role) ([]Recipient, error) {
	all, err := listStaffRecipients(q)
	if err != nil {
		return nil, err
	}
	var chosen []Recipient
	for _, r := range all {
		if slices.Contains(roles, r.role) {
			chosen = append(chosen, r.Recipient)
		}
	}
	return chosen, nil
}

// AdministratorRecipients gives the account administrators of an organization
// who are not blocked.
func AdministratorRecipients(q database.Querier, organizationID string) ([]Recipient, error) {
	return database.All(q, func(r database.Row) (to Recipient, err error) {
		err = r.Scan(&to.PersonID, &to.Email, &to.Language)
		return to, err
	}, `SELECT p.id, p.email, p.language FROM membership m JOIN person p ON p.id = m.person_id
		WHERE m.organization_id = ? AND m.role = ? AND m.blocked_at IS NULL AND p.erased_at IS NULL ORDER BY p.id`,
		organizationID, string(AccountAdministrator))
}

type staffRecipient struct {
	Recipient
	role Role
}

func listStaffRecipients(q database.Querier) ([]staffRecipient, error) {
	return database.All(q, func(r database.Row) (to staffRecipient, err error) {
		err = r.Scan(&to.PersonID, &to.Email, &to.Language, &to.role)
		return to, err
	}, `SELECT p.id, p.email, p.language, s.role FROM staff s JOIN person p ON p.id = s.person_id
		WHERE p.erased_at IS NULL
		  AND (p.password IS NOT NULL OR EXISTS (SELECT 1 FROM passkey k WHERE k.person_id = p.id)) ORDER BY p.id`)
}
