package licensing

import (
	"database/sql"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
)

// overRow is a live row that is over its limit, with what its maximum is
// computed from.
type overRow struct {
	activation Activation
	key        Key
}

const overColumns = `a.id, a.organization_id, a.subscription_id, a.used, a.over_since, a.over_recorded, a.grace_due, k.quota, k.reserved`

func scanOver(r database.Row) (o overRow, err error) {
	var since, due database.NullInstant
	var quota sql.NullInt64
	a := &o.activation
	err = r.Scan(&a.ID, &a.OrganizationID, &a.SubscriptionID, &a.Used, &since, &a.OverRecorded, &due, &quota, &o.key.Reserved)
	a.OverSince, a.GraceDue, o.key.Quota = since.Ptr(), due.Ptr(), int64Pointer(quota)
	return o, err
}

// slotsOver gives the slots of a subscription's live rows that are over their
// limit and draw on the main pool.
func slotsOver(q database.Querier, subscriptionID string) ([]string, error) {
	return database.All(q, database.Value[string], `
		SELECT a.slot_id FROM activation a JOIN license_key k ON k.id = a.key_id
		WHERE a.subscription_id = ? AND a.ended_at IS NULL AND k.reserved = 0 AND (a.over_since IS NOT NULL OR a.over_recorded = 1)`,
		subscriptionID)
}

// slotsOverOfKey gives the slots whose live rows of a key are over their limit.
func slotsOverOfKey(q database.Querier, keyID string) ([]string, error) {
	return database.All(q, database.Value[string], `
		SELECT slot_id FROM activation WHERE key_id = ? AND ended_at IS NULL AND (over_since IS NOT NULL OR over_recorded = 1)`, keyID)
}

// stirSlot lets the serial of a slot grow, so that a transaction which has judged
// it as it was tries again.
func stirSlot(tx *database.Tx, slotID string) error {
	_, err := tx.Exec(`UPDATE slot SET serial = serial + 1 WHERE id = ?`, slotID)
	return err
}

// loadOver gives the live row of a slot when it is over its limit; nil otherwise.
func loadOver(q database.Querier, slotID string) (*overRow, error) {
	found, err := database.One(q, scanOver, `SELECT `+overColumns+` FROM activation a JOIN license_key k ON k.id = a.key_id
		WHERE a.slot_id = ? AND a.ended_at IS NULL AND (a.over_since IS NOT NULL OR a.over_recorded = 1)`, slotID)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil //nolint:nilnil // what is not over is not an error
	}
	return &found, err
}

// updateClock writes since when a live row is over its limit.
func updateClock(tx *database.Tx, a Activation) error {
	_, err := tx.Exec(`UPDATE activation SET over_since = ?, over_recorded = ?, grace_due = ? WHERE id = ? AND ended_at IS NULL`,
		database.NullMicros(a.OverSince), a.OverRecorded, database.NullMicros(a.GraceDue), a.ID)
	return err
}

// graceIsDue gives live rows whose grace is over, in order, after an id.
func graceIsDue(q database.Querier, now time.Time, after string, limit int) ([]overRow, error) {
	return database.All(q, scanOver, `SELECT `+overColumns+` FROM activation a JOIN license_key k ON k.id = a.key_id
		WHERE a.grace_due IS NOT NULL AND a.grace_due <= ? AND a.ended_at IS NULL AND a.id > ? ORDER BY a.id LIMIT ?`,
		database.Micros(now), after, limit)
}

// takeGrace notes that the end of a row's grace is recorded; it tells whether it
// still was to be: two servers cannot both record it.
func takeGrace(tx *database.Tx, a Activation) (bool, error) {
	n, err := tx.Exec(`UPDATE activation SET grace_due = NULL WHERE id = ? AND grace_due = ? AND ended_at IS NULL`,
		a.ID, database.NullMicros(a.GraceDue))
	return n == 1, err
}

// statesDue gives the subscriptions to look at, in order, after an id.
func statesDue(q database.Querier, now time.Time, after string, limit int) ([]storedContract, error) {
	return database.All(q, scanContract, selectContract+`WHERE s.state_due IS NOT NULL AND s.state_due <= ? AND s.id > ? ORDER BY s.id LIMIT ?`,
		database.Micros(now), after, limit)
}

// recordStand notes what time has brought to a subscription that still is as it
// was read; it tells whether it did. That is no change that people make, so the
// version stays.
func recordStand(tx *database.Tx, found Subscription, is Recorded) (bool, error) {
	n, err := tx.Exec(`UPDATE subscription SET state = ?, state_due = ?
		WHERE id = ? AND version = ? AND state = ? AND state_due = ?`,
		is.text(), database.NullMicros(is.Due), found.ID, found.Version, found.Recorded.text(), database.NullMicros(found.Recorded.Due))
	return n == 1, err
}
