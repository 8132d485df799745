package licensing

import (
	"cmp"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/licensefile"
)

// storedKey is a key with its terms and how it is used, as stored.
type storedKey struct {
	terms        termsRow
	rows, people int64
	organization string // name, to sort by
	product      string // name, to sort by
}

const (
	rowsOfKey = `(SELECT COUNT(*) FROM activation x WHERE x.key_id = k.id AND x.ended_at IS NULL)`
	usedByKey = `(SELECT CAST(COALESCE(SUM(x.used), 0) AS BIGINT) FROM activation x WHERE x.key_id = k.id AND x.ended_at IS NULL)`
)

const selectKey = `SELECT ` + termsColumns + `, ` + usedByKey + `, ` + rowsOfKey + `, k.created_at, COALESCE(o.name, ''), d.name,
	(SELECT COUNT(*) FROM key_grant g WHERE g.key_id = k.id)
	FROM license_key k ` + termsJoins

func scanKey(r database.Row) (storedKey, error) {
	var k storedKey
	var created int64
	err := r.Scan(append(k.terms.destinations(), &k.terms.KeyUsed, &k.rows, &created, &k.organization, &k.product, &k.people)...)
	k.terms.Key.CreatedAt = database.Instant(created)
	return k, err
}

// keyOrders are the ways to sort keys. Those without an end of their own come
// last.
var keyOrders = database.Orders[storedKey]{
	IDColumn: "k.id", ID: func(k storedKey) string { return k.terms.Key.ID },
	By: map[string]database.Order[storedKey]{
		"name":         {Column: "k.name", Key: func(k storedKey) any { return k.terms.Key.Name }},
		"last_four":    {Column: "k.last_four", Key: func(k storedKey) any { return k.terms.Key.LastFour }},
		"used":         {Column: usedByKey, Key: func(k storedKey) any { return k.terms.KeyUsed }},
		"organization": {Column: "COALESCE(o.name, '')", Key: func(k storedKey) any { return k.organization }},
		"product":      {Column: "d.name", Key: func(k storedKey) any { return k.product }},
		"ends_on": {
			Column: "COALESCE(k.ends_on, '" + never + "')",
			Key:    func(k storedKey) any { return cmp.Or(k.terms.keyEndsOn.String, never) },
		},
	},
}

func loadKey(q database.Querier, id string, today licensefile.Date) (storedKey, error) {
	return database.One(q, scanKey, selectKey+` WHERE k.id = ?`, append(poolArguments(today), id)...)
}

// keyStates are the conditions of the states. ? is today.
var keyStates = map[KeyState]string{
	"":              `k.deleted_at IS NULL`,
	KeyDeleted:      `k.deleted_at IS NOT NULL`,
	KeyReplacedBy:   `k.deleted_at IS NULL AND k.replaced_by IS NOT NULL`,
	KeyEnded:        stands + ` AND k.ends_on < ?`,
	KeyUnregistered: stands + ` AND k.organization_id IS NULL`,
	KeyValid:        stands + ` AND k.organization_id IS NOT NULL AND (k.ends_on IS NULL OR k.ends_on >= ?)`,
}

const stands = `k.deleted_at IS NULL AND k.replaced_by IS NULL`

// listKeys gives a page of keys. lookup finds the key whose text was searched for.
func listKeys(
	q database.Querier, f KeyFilter, lookup []byte, sight identity.Sight, today licensefile.Date, l database.Listing,
) (database.Page[storedKey], error) {
	query, args := selectKey+` WHERE `+keyStates[f.State], poolArguments(today)
	if f.State == KeyEnded || f.State == KeyValid {
		args = append(args, string(today))
	}
	for _, c := range []struct{ column, value string }{
		{"k.organization_id", sight.OrganizationID},
		{"k.subscription_id", f.SubscriptionID},
		{"k.kind", string(f.Kind)},
	} {
		if c.value != "" {
			query, args = query+` AND `+c.column+` = ?`, append(args, c.value)
		}
	}
	if f.Search != "" {
		part := database.Contains(f.Search)
		query += ` AND (LOWER(k.last_four) LIKE ? ESCAPE '\' OR LOWER(k.name) LIKE ? ESCAPE '\' OR k.lookup = ?)`
		args = append(args, part, part, lookup)
	}
	if sight.Limited {
		in, keys := anyOf(sight.Keys)
		query, args = query+` AND k.id IN `+in, append(args, keys...)
	}
	return database.List(q, scanKey, query, args, keyOrders, l)
}

// insertSublicense stores a key of a subscription that has an organization, and
// counts it.
func insertSublicense(tx *database.Tx, k Key, organizationID string, lookup, sealed []byte, endDue *time.Time) error {
	if err := insertKey(tx, k, organizationID, lookup, sealed); err != nil {
		return err
	}
	if err := updateSublicense(tx, k, endDue); err != nil {
		return err
	}
	return countSublicenses(tx, k.SubscriptionID, 1)
}

// updateSublicense writes what can be changed of a sublicense.
func updateSublicense(tx *database.Tx, k Key, endDue *time.Time) error {
	_, err := tx.Exec(`UPDATE license_key SET name = ?, quota = ?, reserved = ?, ends_on = ?, end_due = ?, version = ? WHERE id = ?`,
		k.Name, nullInt64(k.Quota), k.Reserved, nullText(string(k.EndsOn)), database.NullMicros(endDue), k.Version, k.ID)
	return err
}

// countSublicenses changes the number that the exchange looks at.
func countSublicenses(tx *database.Tx, subscriptionID string, by int64) error {
	_, err := tx.Exec(`UPDATE subscription SET sublicenses = sublicenses + ? WHERE id = ?`, by, subscriptionID)
	return err
}

// lockKey makes the transaction own a key until it ends: nobody starts or ends a
// counted activation of it meanwhile.
func lockKey(tx *database.Tx, id string) error {
	_, err := tx.Exec(`UPDATE license_key SET version = version + 1 WHERE id = ?`, id)
	return err
}

// deleteSublicense marks a key as deleted, so that nobody can activate it.
func deleteSublicense(tx *database.Tx, id string, now time.Time) error {
	_, err := tx.Exec(`UPDATE license_key SET deleted_at = ?, end_due = NULL WHERE id = ?`, database.Micros(now), id)
	return err
}

// supersedeKey moves all that is an old key's to its successor: name, quota, end,
// the count of activations, the activations themselves and the people who look
// after it. Slots come before activations, as everywhere.
func supersedeKey(tx *database.Tx, oldID, newID string) error {
	for _, statement := range []struct {
		query string
		args  []any
	}{
		{`UPDATE license_key SET (name, quota, reserved, ends_on, end_due, activations) =
			(SELECT o.name, o.quota, o.reserved, o.ends_on, o.end_due, o.activations FROM license_key o WHERE o.id = ?) WHERE id = ?`, []any{oldID, newID}},
		{`UPDATE license_key SET replaced_by = ?, activations = 0, end_due = NULL WHERE id = ?`, []any{newID, oldID}},
		{`UPDATE slot SET serial = serial + 1
			WHERE id IN (SELECT slot_id FROM activation WHERE key_id = ? AND ended_at IS NULL)`, []any{oldID}},
		{`UPDATE activation SET key_id = ? WHERE key_id = ? AND ended_at IS NULL`, []any{newID, oldID}},
		{`UPDATE key_grant SET key_id = ? WHERE key_id = ?`, []any{newID, oldID}},
	} {
		if _, err := tx.Exec(statement.query, statement.args...); err != nil {
			return err
		}
	}
	return nil
}

// dueSublicenses gives keys whose end is to be recorded, in the order of their
// ids.
func dueSublicenses(q database.Querier, now time.Time, after string, limit int) ([]string, error) {
	return database.All(q, database.Value[string],
		`SELECT id FROM license_key WHERE end_due IS NOT NULL AND end_due <= ? AND id > ? ORDER BY id LIMIT ?`,
		database.Micros(now), after, limit)
}

// takeDue claims the recording of a sublicense's end; false when it is not due,
// or another server has claimed it.
func takeDue(tx *database.Tx, keyID string, now time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE license_key SET end_due = NULL WHERE id = ? AND end_due <= ?`, keyID, database.Micros(now))
	return n == 1, err
}

// liveRows gives the live activations of a key, in the order of their slots.
func liveRows(q database.Querier, keyID string) ([]string, error) {
	return database.All(q, database.Value[string],
		`SELECT id FROM activation WHERE key_id = ? AND ended_at IS NULL ORDER BY slot_id`, keyID)
}
