package licensing

import (
	"errors"

	"github.com/licethq/licet/internal/database"
)

// primaryEmail gives the address that the newest order of a subscription named;
// "" when none did.
func primaryEmail(q database.Querier, subscriptionID string) (string, error) {
	email, err := database.One(q, database.Value[string], `SELECT o.primary_email FROM order_line l
		JOIN sales_order o ON o.id = l.order_id
		WHERE l.subscription_id = ? AND o.primary_email <> '' ORDER BY o.id DESC LIMIT 1`, subscriptionID)
	if errors.Is(err, database.ErrNoRows) {
		return "", nil
	}
	return email, err
}

// installationPurchase gives the organization of an installation, and the
// address that the order of what it uses named.
func installationPurchase(q database.Querier, installationID string) (purchase, error) {
	p, err := database.One(q, func(r database.Row) (p purchase, err error) {
		err = r.Scan(&p.organizationID, &p.primaryEmail)
		return p, err
	}, `SELECT i.organization_id, COALESCE((SELECT o.primary_email FROM activation a
			JOIN slot s ON s.id = a.slot_id
			JOIN order_line l ON l.subscription_id = a.subscription_id
			JOIN sales_order o ON o.id = l.order_id
			WHERE s.installation_id = i.id AND a.ended_at IS NULL AND o.primary_email <> '' ORDER BY o.id DESC LIMIT 1), '')
		FROM installation i WHERE i.id = ?`, installationID)
	if errors.Is(err, database.ErrNoRows) {
		return purchase{}, nil
	}
	return p, err
}
