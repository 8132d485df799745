package licensing

import (
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

const (
	liveRowsThere = `(SELECT COUNT(*) FROM slot l JOIN activation a ON a.slot_id = l.id WHERE l.installation_id = i.id AND a.ended_at IS NULL)`
	usedThere     = `(SELECT CAST(COALESCE(SUM(a.used), 0) AS BIGINT) FROM slot l JOIN activation a ON a.slot_id = l.id
		WHERE l.installation_id = i.id AND a.ended_at IS NULL)`
	lastSeenThere = `COALESCE((SELECT MAX(a.last_seen_at) FROM slot l JOIN activation a ON a.slot_id = l.id WHERE l.installation_id = i.id), 0)`
)

const selectKnownInstallation = `SELECT ` + installationColumns + `, o.name, i.notes, i.imported, i.version, i.created_at,
	` + liveRowsThere + `, ` + usedThere + `, ` + lastSeenThere + `
	FROM installation i JOIN organization o ON o.id = i.organization_id `

func scanKnownInstallation(r database.Row) (KnownInstallation, error) {
	var i KnownInstallation
	var created, seen int64
	err := r.Scan(append(i.destinations(), &i.OrganizationName, &i.Notes, &i.Imported, &i.Version, &created, &i.LiveRows, &i.Used, &seen)...)
	i.CreatedAt, i.State = database.Instant(created), InstallationDeactivated
	if i.LiveRows > 0 {
		i.State = InstallationActive
	}
	if seen > 0 {
		at := database.Instant(seen)
		i.LastSeenAt = &at
	}
	return i, err
}

// installationOrders are the ways to sort installations.
var installationOrders = database.Orders[KnownInstallation]{
	IDColumn: "i.id", ID: func(i KnownInstallation) string { return i.ID }, Default: "-created_at",
	By: map[string]database.Order[KnownInstallation]{
		"name":       {Column: "i.name", Key: func(i KnownInstallation) any { return i.Name }},
		"host_name":  {Column: "i.host_name", Key: func(i KnownInstallation) any { return i.HostName }},
		"used":       {Column: usedThere, Key: func(i KnownInstallation) any { return i.Used }},
		"created_at": {Column: "i.created_at", Key: func(i KnownInstallation) any { return database.Micros(i.CreatedAt) }},
		"last_seen_at": {Column: lastSeenThere, Key: func(i KnownInstallation) any {
			if i.LastSeenAt == nil {
				return int64(0)
			}
			return database.Micros(*i.LastSeenAt)
		}},
	},
}

func loadKnownInstallation(q database.Querier, id string) (KnownInstallation, error) {
	return database.One(q, scanKnownInstallation, selectKnownInstallation+`WHERE i.id = ?`, id)
}

// listInstallations gives a page of installations; to who looks after some keys
// only, those where they are or were active.
func listInstallations(q database.Querier, f InstallationFilter, sight identity.Sight, l database.Listing) (database.Page[KnownInstallation], error) {
	query, args := selectKnownInstallation+`WHERE 1 = 1`, []any(nil)
	add := func(wanted bool, condition string, values ...any) {
		if wanted {
			query, args = query+` AND `+condition, append(args, values...)
		}
	}
	add(sight.OrganizationID != "", `i.organization_id = ?`, sight.OrganizationID)
	add(f.ProductID != "", `EXISTS (SELECT 1 FROM slot l JOIN activation a ON a.slot_id = l.id JOIN subscription s ON s.id = a.subscription_id
		JOIN plan p ON p.id = s.plan_id WHERE l.installation_id = i.id AND p.product_id = ?)`, f.ProductID)
	add(f.State == InstallationActive, liveRowsThere+` > 0`)
	add(f.State == InstallationDeactivated, liveRowsThere+` = 0`)
	part := database.Contains(f.Search)
	add(f.Search != "", `(LOWER(i.name) LIKE ? ESCAPE '\' OR LOWER(i.host_name) LIKE ? ESCAPE '\' OR EXISTS (
		SELECT 1 FROM slot l JOIN site t ON t.organization_id = l.organization_id AND t.id = l.site_id
		WHERE l.installation_id = i.id AND LOWER(t.name) LIKE ? ESCAPE '\'))`, part, part, part)
	in, keys := anyOf(sight.Keys)
	add(sight.Limited, `EXISTS (SELECT 1 FROM slot l JOIN activation a ON a.slot_id = l.id
		WHERE l.installation_id = i.id AND a.key_id IN `+in+`)`, keys...)
	return database.List(q, scanKnownInstallation, query, args, installationOrders, l)
}

// rowCount says how many rows of some keys an installation has.
type rowCount struct{ all, live int64 }

func rowsOfKeys(q database.Querier, installationID string, keyIDs []string) (rowCount, error) {
	in, keys := anyOf(keyIDs)
	return database.One(q, func(r database.Row) (n rowCount, err error) {
		err = r.Scan(&n.all, &n.live)
		return n, err
	}, `SELECT COUNT(*), COUNT(CASE WHEN a.ended_at IS NULL THEN 1 END) FROM slot l JOIN activation a ON a.slot_id = l.id
		WHERE l.installation_id = ? AND a.key_id IN `+in, append([]any{installationID}, keys...)...)
}

// subjectsOf gives the slots and activations of an installation; to who looks
// after some keys only, those of the keys.
func subjectsOf(q database.Querier, installationID string, sight identity.Sight) ([]string, error) {
	limit, args := ``, []any{installationID}
	if sight.Limited {
		in, keys := anyOf(sight.Keys)
		limit, args = ` AND a.key_id IN `+in, append(args, keys...)
	}
	from := ` FROM slot l JOIN activation a ON a.slot_id = l.id WHERE l.installation_id = ?` + limit
	return database.All(q, database.Value[string], `SELECT l.id`+from+` UNION SELECT a.id`+from, append(args, args...)...)
}

// updateKnownInstallation writes what people say of an installation, if nobody
// else has meanwhile; ErrAgain otherwise.
func updateKnownInstallation(tx *database.Tx, i KnownInstallation) error {
	n, err := tx.Exec(`UPDATE installation SET name = ?, notes = ?, version = version + 1 WHERE id = ? AND version = ?`,
		i.Name, i.Notes, i.ID, i.Version)
	if err == nil && n == 0 {
		return database.ErrAgain
	}
	return err
}
