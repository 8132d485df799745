package licensing

import (
	"cmp"
	"database/sql"
	"strings"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/licensefile"
)

const subscriptionColumns = `
	s.id, s.organization_id, o.name, s.plan_id, s.quantity, s.starts_on, s.ends_on, s.maintenance_ends_on,
	s.offline_allowed, s.suspended_at, s.version, s.created_at`

const subscriptionFrom = ` FROM subscription s LEFT JOIN organization o ON o.id = s.organization_id `

func scanSubscription(r database.Row) (Subscription, error) {
	var s Subscription
	var organization, name, endsOn, maintenance sql.NullString
	var quantity sql.NullInt64
	var suspended database.NullInstant
	var created int64
	err := r.Scan(&s.ID, &organization, &name, &s.PlanID, &quantity, &s.StartsOn, &endsOn, &maintenance,
		&s.OfflineAllowed, &suspended, &s.Version, &created)
	s.OrganizationID, s.OrganizationName = organization.String, name.String
	s.Quantity, s.SuspendedAt = int64Pointer(quantity), suspended.Ptr()
	s.EndsOn, s.MaintenanceEndsOn = licensefile.Date(endsOn.String), licensefile.Date(maintenance.String)
	s.CreatedAt = database.Instant(created)
	return s, err
}

func loadSubscription(q database.Querier, id string) (Subscription, error) {
	return database.One(q, scanSubscription, `SELECT `+subscriptionColumns+subscriptionFrom+`WHERE s.id = ?`, id)
}

// lockSubscription loads a subscription that the transaction then owns until it
// ends: locks are taken in the order subscription, key, slot.
func lockSubscription(tx *database.Tx, id string) (Subscription, error) {
	if _, err := tx.Exec(`UPDATE subscription SET version = version + 1 WHERE id = ?`, id); err != nil {
		return Subscription{}, err
	}
	return loadSubscription(tx, id)
}

// subscriptionOrders are the ways to sort subscriptions. Those without an end
// come last.
var subscriptionOrders = database.Orders[Subscription]{
	IDColumn: "s.id", ID: func(s Subscription) string { return s.ID },
	By: map[string]database.Order[Subscription]{
		"starts_on": {Column: "s.starts_on", Key: func(s Subscription) any { return string(s.StartsOn) }},
		"ends_on":   {Column: "COALESCE(s.ends_on, '" + never + "')", Key: func(s Subscription) any { return cmp.Or(string(s.EndsOn), never) }},
	},
}

// never sorts after every day.
const never = "9999-12-31"

// listSubscriptions gives a page of what may be seen: with granted keys only the
// subscriptions that they are of.
func listSubscriptions(q database.Querier, sight identity.Sight, l database.Listing) (database.Page[Subscription], error) {
	query, args := `SELECT `+subscriptionColumns+subscriptionFrom+`WHERE (? = '' OR s.organization_id = ?)`,
		[]any{sight.OrganizationID, sight.OrganizationID}
	if sight.Limited {
		in, keys := anyOf(sight.Keys)
		query += ` AND s.id IN (SELECT subscription_id FROM license_key WHERE id IN ` + in + `)`
		args = append(args, keys...)
	}
	return database.List(q, scanSubscription, query, args, subscriptionOrders, l)
}

// anyOf gives the placeholders of IN and their arguments; no value matches
// nothing.
func anyOf(values []string) (string, []any) {
	if len(values) == 0 {
		return "(NULL)", nil
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return "(?" + strings.Repeat(", ?", len(values)-1) + ")", args
}

func insertSubscription(tx *database.Tx, s Subscription) error {
	_, err := tx.Exec(`
		INSERT INTO subscription (id, organization_id, plan_id, quantity, starts_on, ends_on, maintenance_ends_on,
		                          offline_allowed, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, nullText(s.OrganizationID), s.PlanID, nullInt64(s.Quantity), s.StartsOn, nullText(string(s.EndsOn)),
		nullText(string(s.MaintenanceEndsOn)), s.OfflineAllowed, s.Version, database.Micros(s.CreatedAt))
	return err
}

func updateSubscription(tx *database.Tx, s Subscription) error {
	_, err := tx.Exec(`UPDATE subscription SET offline_allowed = ?, suspended_at = ? WHERE id = ?`,
		s.OfflineAllowed, database.NullMicros(s.SuspendedAt), s.ID)
	return err
}

// registerSubscription gives an unregistered subscription and its keys to an
// organization; it tells whether it was still unregistered. The guard is in the
// statement: two organizations cannot both register one key.
func registerSubscription(tx *database.Tx, id, organizationID string) (bool, error) {
	n, err := tx.Exec(`
		UPDATE subscription SET organization_id = ?, version = version + 1
		WHERE id = ? AND organization_id IS NULL`, organizationID, id)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.Exec(`UPDATE license_key SET organization_id = ? WHERE subscription_id = ?`, organizationID, id)
	return true, err
}

func insertKey(tx *database.Tx, k Key, organizationID string, lookup, sealed []byte) error {
	_, err := tx.Exec(`
		INSERT INTO license_key (id, subscription_id, organization_id, kind, lookup, sealed, last_four, activation_limit,
		                         issued_on, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		k.ID, k.SubscriptionID, nullText(organizationID), k.Kind, lookup, sealed, k.LastFour,
		nullInt64(k.ActivationLimit), k.IssuedOn, database.Micros(k.CreatedAt))
	return err
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func nullInt64(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}
