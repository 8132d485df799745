package agent

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

func scanCount(r database.Row) (Count, error) {
	var c Count
	var from int64
	err := r.Scan(&c.SiteID, &c.LicenseType, &c.Used, &c.Peak, &from)
	c.PeriodFrom = database.Instant(from)
	return c, err
}

const countColumns = `site_id, license_type, used, peak, period_from`

func countOf(q database.Querier, k RowKey) (Count, error) {
	return database.One(q, scanCount, `SELECT `+countColumns+` FROM row_usage
		WHERE site_id = ? AND license_type = ?`, k.SiteID, k.LicenseType)
}

func allCounts(q database.Querier) ([]Count, error) {
	return database.All(q, scanCount, `SELECT `+countColumns+` FROM row_usage ORDER BY site_id, license_type`)
}

func saveCount(tx *database.Tx, c Count) error {
	_, err := tx.Exec(`UPDATE row_usage SET used = ?, peak = ?, period_from = ?
		WHERE site_id = ? AND license_type = ?`,
		c.Used, c.Peak, database.Micros(c.PeriodFrom), c.SiteID, c.LicenseType)
	return err
}

// ensureCount gives a row its count at zero, once.
func ensureCount(tx *database.Tx, k RowKey, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO row_usage (site_id, license_type, used, peak, period_from)
		VALUES (?, ?, 0, 0, ?) ON CONFLICT (site_id, license_type) DO NOTHING`,
		k.SiteID, k.LicenseType, database.Micros(now))
	return err
}

func scanPeriod(r database.Row) (Period, error) {
	var p Period
	var from, to int64
	err := r.Scan(&p.ID, &p.SiteID, &p.LicenseType, &from, &to, &p.Used, &p.Peak)
	p.From, p.To = database.Instant(from), database.Instant(to)
	return p, err
}

// periodsOf gives the closed periods of a row that are not confirmed yet, oldest first.
func periodsOf(q database.Querier, k RowKey) ([]Period, error) {
	return database.All(q, scanPeriod, `SELECT id, site_id, license_type, from_at, to_at, used, peak FROM usage_period
		WHERE site_id = ? AND license_type = ? ORDER BY to_at, id`, k.SiteID, k.LicenseType)
}

func insertPeriod(tx *database.Tx, p Period) error {
	_, err := tx.Exec(`INSERT INTO usage_period (id, site_id, license_type, from_at, to_at, used, peak)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.SiteID, p.LicenseType, database.Micros(p.From), database.Micros(p.To), p.Used, p.Peak)
	return err
}

func updatePeriod(tx *database.Tx, p Period) error {
	_, err := tx.Exec(`UPDATE usage_period SET from_at = ?, peak = ? WHERE id = ?`,
		database.Micros(p.From), p.Peak, p.ID)
	return err
}

func deletePeriod(tx *database.Tx, id string) error {
	_, err := tx.Exec(`DELETE FROM usage_period WHERE id = ?`, id)
	return err
}

// deletePeriodAt forgets the period of a row that ended at an instant.
func deletePeriodAt(tx *database.Tx, k RowKey, to time.Time) error {
	_, err := tx.Exec(`DELETE FROM usage_period WHERE site_id = ? AND license_type = ? AND to_at = ?`,
		k.SiteID, k.LicenseType, database.Micros(to))
	return err
}

// deletePeriods forgets all closed periods of a row.
func deletePeriods(tx *database.Tx, k RowKey) error {
	_, err := tx.Exec(`DELETE FROM usage_period WHERE site_id = ? AND license_type = ?`, k.SiteID, k.LicenseType)
	return err
}
