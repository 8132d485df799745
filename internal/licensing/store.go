package licensing

import (
	"database/sql"
	"strings"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/licensefile"
)

const subscriptionColumns = `
	s.id, s.organization_id, o.name, s.plan_id, s.quantity, s.starts_on, s.ends_on, s.maintenance_ends_on,
	s.offline_allowed, s.offline_asked_at, s.suspended_at, s.canceled_on, s.cancel_note, s.reference,
	s.state, s.state_due, s.version, s.created_at`

const subscriptionFrom = ` FROM subscription s LEFT JOIN organization o ON o.id = s.organization_id `

// subscriptionRow takes the columns of subscriptionColumns.
type subscriptionRow struct {
	subscription                        Subscription
	organization, name, reference       sql.NullString
	endsOn, maintenanceEndsOn, canceled sql.NullString
	quantity                            sql.NullInt64
	asked, suspended, due               database.NullInstant
	state                               string
	created                             int64
}

func (v *subscriptionRow) destinations() []any {
	s := &v.subscription
	return []any{
		&s.ID, &v.organization, &v.name, &s.PlanID, &v.quantity, &s.StartsOn, &v.endsOn, &v.maintenanceEndsOn,
		&s.OfflineAllowed, &v.asked, &v.suspended, &v.canceled, &s.CancelNote, &v.reference,
		&v.state, &v.due, &s.Version, &v.created,
	}
}

// take gives the subscription that was scanned.
func (v *subscriptionRow) take() Subscription {
	s := v.subscription
	s.OrganizationID, s.OrganizationName, s.Reference = v.organization.String, v.name.String, v.reference.String
	s.EndsOn, s.MaintenanceEndsOn = licensefile.Date(v.endsOn.String), licensefile.Date(v.maintenanceEndsOn.String)
	s.CanceledOn = licensefile.Date(v.canceled.String)
	s.Quantity, s.OfflineAskedAt, s.SuspendedAt = int64Pointer(v.quantity), v.asked.Ptr(), v.suspended.Ptr()
	s.Recorded = recordedFrom(v.state, v.due.Ptr())
	s.CreatedAt = database.Instant(v.created)
	return s
}

func scanSubscription(r database.Row) (Subscription, error) {
	var v subscriptionRow
	err := r.Scan(v.destinations()...)
	return v.take(), err
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

// never sorts after every day.
const never = "9999-12-31"

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
		                          offline_allowed, reference, state, state_due, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, nullText(s.OrganizationID), s.PlanID, nullInt64(s.Quantity), s.StartsOn, nullText(string(s.EndsOn)),
		nullText(string(s.MaintenanceEndsOn)), s.OfflineAllowed, nullText(s.Reference),
		s.Recorded.text(), database.NullMicros(s.Recorded.Due), s.Version, database.Micros(s.CreatedAt))
	return err
}

// updateSubscription writes a subscription that the transaction has locked.
func updateSubscription(tx *database.Tx, s Subscription) error {
	_, err := tx.Exec(`
		UPDATE subscription SET quantity = ?, ends_on = ?, maintenance_ends_on = ?, offline_allowed = ?, offline_asked_at = ?,
		                        suspended_at = ?, canceled_on = ?, cancel_note = ?, state = ?, state_due = ?
		WHERE id = ?`,
		nullInt64(s.Quantity), nullText(string(s.EndsOn)), nullText(string(s.MaintenanceEndsOn)), s.OfflineAllowed,
		database.NullMicros(s.OfflineAskedAt), database.NullMicros(s.SuspendedAt), nullText(string(s.CanceledOn)), s.CancelNote,
		s.Recorded.text(), database.NullMicros(s.Recorded.Due), s.ID)
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
