package licensing

import (
	"strings"

	"github.com/licethq/licet/internal/database"
)

func holderOf(q database.Querier, lookup []byte) (string, error) {
	return database.One(q, database.Value[string], `SELECT COALESCE(organization_id, '') FROM license_key WHERE lookup = ?`, lookup)
}

func blankPrimaryEmail(tx *database.Tx, email string) error {
	_, err := tx.Exec(`UPDATE sales_order SET primary_email = '' WHERE LOWER(primary_email) = ?`, strings.ToLower(email))
	return err
}
