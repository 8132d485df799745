package licensing

import (
	"context"
	"errors"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/licensefile"
)

// OrganizationOfKey gives the organization that holds a key; "" when nobody
// does, or there is no such key. It is for verbs that tell nobody which (R2).
func (s *Service) OrganizationOfKey(ctx context.Context, key string) (string, error) {
	found, err := holderOf(s.DB.Read(ctx), s.lookup(licensefile.NormalizeKey(key)))
	if errors.Is(err, database.ErrNoRows) {
		return "", nil
	}
	return found, err
}

// ForgetPurchaser removes the address of somebody who is erased from the orders
// that name it.
func ForgetPurchaser(tx *database.Tx, p identity.Person) error {
	return blankPrimaryEmail(tx, p.Email)
}
