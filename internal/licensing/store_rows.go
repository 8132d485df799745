package licensing

import (
	"time"

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
		"host_name":    {Column: "i.host_name", Key: func(r storedRow) any { return r.installation.HostName }},
		"license_type": {Column: "l.license_type", Key: func(r storedRow) any { return r.slot.LicenseType }},
		"method":       {Column: "a.method", Key: func(r storedRow) any { return string(r.activation.Method) }},
		"peak":         {Column: "a.peak", Key: func(r storedRow) any { return r.activation.Peak }},
		"started_at":   {Column: "a.started_at", Key: func(r storedRow) any { return database.Micros(r.activation.StartedAt) }},
		"last_reported_at": {Column: "COALESCE(a.last_reported_at, 0)", Key: func(r storedRow) any {
			if r.activation.LastReportedAt == nil {
				return int64(0)
			}
			return database.Micros(*r.activation.LastReportedAt)
		}},
		"last_seen_at": {Column: "a.last_seen_at", Key: func(r storedRow) any { return database.Micros(r.activation.LastSeenAt) }},
	},
}

// rowDays is when rows are looked at.
type rowDays struct {
	today licensefile.Date // in the publisher's zone
	now   time.Time
}

// stale holds for rows whose figures are older than their plan wants them. ? is
// the instant.
const stale = `a.ended_at IS NULL AND CAST(p.policy->>'report_every_hours' AS BIGINT) > 0
	AND COALESCE(a.last_reported_at, a.started_at) < ? - CAST(p.policy->>'report_every_hours' AS BIGINT) * 3600000000`

func listRows(q database.Querier, f RowFilter, sight identity.Sight, days rowDays, l database.Listing) (database.Page[storedRow], error) {
	query, args := `SELECT `+rowColumns+rowFrom+` WHERE 1 = 1`, poolArguments(days.today)
	add := func(wanted bool, condition string, values ...any) {
		if wanted {
			query, args = query+` AND `+condition, append(args, values...)
		}
	}
	for _, c := range []struct{ column, value string }{
		{"a.organization_id", sight.OrganizationID},
		{"a.subscription_id", f.SubscriptionID},
		{"a.key_id", f.KeyID},
		{"l.installation_id", f.InstallationID},
		{"d.id", f.ProductID},
		{"l.license_type", f.LicenseType},
		{"a.method", string(f.Method)},
	} {
		add(c.value != "", c.column+` = ?`, c.value)
	}
	in, keys := anyOf(sight.Keys)
	add(sight.Limited, `a.key_id IN `+in, keys...)
	add(f.State == "live" || f.Status != "" && f.Status != licensefile.RowDeactivated, `a.ended_at IS NULL`)
	add(f.State == "ended" || f.Status == licensefile.RowDeactivated, `a.ended_at IS NOT NULL`)
	add(f.Stale, stale, database.Micros(days.now))
	part := database.Contains(f.Search)
	add(f.Search != "", `(LOWER(i.name) LIKE ? ESCAPE '\' OR LOWER(i.host_name) LIKE ? ESCAPE '\' OR LOWER(t.name) LIKE ? ESCAPE '\')`, part, part, part)
	return database.List(q, scanStoredRow, query, args, rowOrders, l)
}
