package licensing

import (
	"github.com/licethq/licet/internal/database"
)

// storedRow is an activation with everything around it, as stored.
type storedRow struct {
	slot         Slot
	activation   Activation
	installation Installation
	terms        termsRow
}

const rowFrom = ` FROM activation a
	JOIN slot l ON l.id = a.slot_id
	JOIN installation i ON i.id = l.installation_id
	JOIN site t ON t.organization_id = l.organization_id AND t.id = l.site_id
	JOIN license_key k ON k.id = a.key_id ` + termsJoins

const rowColumns = installationColumns + `,` + slotColumns + `,` + activationColumns + `,` + termsColumns

func scanStoredRow(r database.Row) (storedRow, error) {
	var s storedRow
	var a activationRow
	to := append(s.installation.destinations(), a.slotDestinations()...)
	to = append(append(to, a.activationDestinations()...), s.terms.destinations()...)
	err := r.Scan(to...)
	s.slot, s.activation = a.take(s.installation.ID)
	return s, err
}

func loadRow(q database.Querier, activationID string) (storedRow, error) {
	return database.One(q, scanStoredRow, `SELECT `+rowColumns+rowFrom+` WHERE a.id = ?`, activationID)
}

func listRows(q database.Querier, f RowFilter, after string, limit int) ([]storedRow, error) {
	query, args := `SELECT `+rowColumns+rowFrom+` WHERE a.id < ?`, []any{before(after)}
	for _, c := range []struct{ column, value string }{
		{"a.organization_id", f.OrganizationID},
		{"a.subscription_id", f.SubscriptionID},
		{"a.key_id", f.KeyID},
		{"l.installation_id", f.InstallationID},
	} {
		if c.value != "" {
			query, args = query+` AND `+c.column+` = ?`, append(args, c.value)
		}
	}
	switch f.State {
	case "live":
		query += ` AND a.ended_at IS NULL`
	case "ended":
		query += ` AND a.ended_at IS NOT NULL`
	}
	return database.All(q, scanStoredRow, query+` ORDER BY a.id DESC LIMIT ?`, append(args, limit)...)
}
