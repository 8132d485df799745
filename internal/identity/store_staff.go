package identity

import (
	"github.com/licethq/licet/internal/database"
)

func insertStaffRole(tx *database.Tx, s Staff) error {
	_, err := tx.Exec(`INSERT INTO staff (person_id, role, created_at) VALUES (?, ?, ?)`, s.PersonID, string(s.Role), database.Micros(s.CreatedAt))
	return err
}

func updateStaffRole(tx *database.Tx, personID string, role Role) error {
	_, err := tx.Exec(`UPDATE staff SET role = ? WHERE person_id = ?`, string(role), personID)
	return err
}

func deleteStaff(tx *database.Tx, personID string) error {
	_, err := tx.Exec(`DELETE FROM staff WHERE person_id = ?`, personID)
	return err
}

func staffByID(q database.Querier, personID string) (Staff, error) {
	return database.One(q, scanStaff, selectStaff+`WHERE s.person_id = ?`, personID)
}

func staffPage(q database.Querier, f StaffFilter, l database.Listing) (database.Page[Staff], error) {
	search := database.Contains(f.Search)
	return database.List(q, scanStaff, selectStaff+
		`WHERE (? = '' OR s.role = ?) AND (LOWER(`+fullName+`) LIKE ? ESCAPE '\' OR p.email_key LIKE ? ESCAPE '\')`,
		[]any{string(f.Role), string(f.Role), search, search}, staffOrders, l)
}

// lockStaff makes those who change who is on the staff wait for one another. The
// row of the settings stands for the publisher.
func lockStaff(tx *database.Tx) error {
	_, err := tx.Exec(`UPDATE settings SET version = version WHERE id = 1`)
	return err
}

// staffTokens lists the tokens of a person that are bound to no organization.
func staffTokens(q database.Querier, personID string) ([]string, error) {
	return database.All(q, database.Value[string],
		`SELECT id FROM api_token WHERE person_id = ? AND organization_id IS NULL AND revoked_at IS NULL ORDER BY id`, personID)
}
