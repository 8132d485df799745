package licensing

import (
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/licensefile"
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

func loadRow(q database.Querier, activationID string, today licensefile.Date) (storedRow, error) {
	return database.One(q, scanStoredRow, `SELECT `+rowColumns+rowFrom+` WHERE a.id = ?`, append(poolArguments(today), activationID)...)
}

// rowOrders are the ways to sort rows.
var rowOrders = database.Orders[storedRow]{
	IDColumn: "a.id", ID: func(r storedRow) string { return r.activation.ID },
	By: map[string]database.Order[storedRow]{
		"installation": {Column: "i.name", Key: func(r storedRow) any { return r.installation.Name }},
		"site":         {Column: "t.name", Key: func(r storedRow) any { return r.slot.SiteName }},
		"used":         {Column: "a.used", Key: func(r storedRow) any { return r.activation.Used }},
		"last_seen_at": {Column: "a.last_seen_at", Key: func(r storedRow) any { return database.Micros(r.activation.LastSeenAt) }},
	},
}

func listRows(q database.Querier, f RowFilter, sight identity.Sight, today licensefile.Date, l database.Listing) (database.Page[storedRow], error) {
	query, args := `SELECT `+rowColumns+rowFrom+` WHERE 1 = 1`, poolArguments(today)
	for _, c := range []struct{ column, value string }{
		{"a.organization_id", sight.OrganizationID},
		{"a.subscription_id", f.SubscriptionID},
		{"a.key_id", f.KeyID},
		{"l.installation_id", f.InstallationID},
	} {
		if c.value != "" {
			query, args = query+` AND `+c.column+` = ?`, append(args, c.value)
		}
	}
	if sight.Limited {
		in, keys := anyOf(sight.Keys)
		query, args = query+` AND a.key_id IN `+in, append(args, keys...)
	}
	switch f.State {
	case "live":
		query += ` AND a.ended_at IS NULL`
	case "ended":
		query += ` AND a.ended_at IS NOT NULL`
	}
	return database.List(q, scanStoredRow, query, args, rowOrders, l)
}
