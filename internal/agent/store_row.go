package agent

import (
	"github.com/licethq/licet/internal/database"
)

func scanDuty(r database.Row) (Duty, error) {
	var d Duty
	var due int64
	var done, failed database.NullInstant
	err := r.Scan(&d.Kind, &due, &done, &d.Failures, &failed, &d.Code, &d.Message)
	d.DueAt, d.DoneAt, d.FailedSince = database.Instant(due), done.Ptr(), failed.Ptr()
	return d, err
}

// dutyOf gives a duty; the zero value if the row has none of the kind.
func dutyOf(q database.Querier, k RowKey, kind DutyKind) (Duty, error) {
	d, err := database.One(q, scanDuty, `SELECT kind, due_at, done_at, failures, failed_since, code, message FROM duty
		WHERE site_id = ? AND license_type = ? AND kind = ?`, k.SiteID, k.LicenseType, kind)
	if isNoRows(err) {
		return Duty{}, nil
	}
	return d, err
}

func saveDuty(tx *database.Tx, k RowKey, d Duty) error {
	_, err := tx.Exec(`INSERT INTO duty (site_id, license_type, kind, due_at, done_at, failures, failed_since, code, message)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (site_id, license_type, kind) DO UPDATE SET due_at = excluded.due_at, done_at = excluded.done_at,
			failures = excluded.failures, failed_since = excluded.failed_since, code = excluded.code, message = excluded.message`,
		k.SiteID, k.LicenseType, d.Kind, database.Micros(d.DueAt), database.NullMicros(d.DoneAt), d.Failures,
		database.NullMicros(d.FailedSince), d.Code, d.Message)
	return err
}

func deleteDuties(tx *database.Tx, k RowKey) error {
	_, err := tx.Exec(`DELETE FROM duty WHERE site_id = ? AND license_type = ?`, k.SiteID, k.LicenseType)
	return err
}
