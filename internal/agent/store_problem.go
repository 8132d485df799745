package agent

import (
	"encoding/json"
	"time"

	"github.com/licethq/licet/internal/database"
)

const problemColumns = `p.site_id, p.license_type, coalesce(s.name, ''), p.code, p.severity, p.message, p.remedies,
	p.since, p.ended_at, p.logged_at FROM open_problem p LEFT JOIN site s ON s.id = p.site_id`

func scanProblem(r database.Row) (Problem, error) {
	var p Problem
	var remedies string
	var since int64
	var ended, logged database.NullInstant
	err := r.Scan(&p.SiteID, &p.LicenseType, &p.SiteName, &p.Code, &p.Severity, &p.Message, &remedies, &since, &ended, &logged)
	if err != nil {
		return Problem{}, err
	}
	p.Since, p.endedAt, p.loggedAt = database.Instant(since), ended.Ptr(), logged.Ptr()
	return p, json.Unmarshal([]byte(remedies), &p.Remedies)
}

// storedProblems gives every stored problem, those that ended included.
func storedProblems(q database.Querier) ([]Problem, error) {
	return database.All(q, scanProblem, `SELECT `+problemColumns)
}

// currentProblems gives the open problems, worst and oldest first.
func currentProblems(q database.Querier) ([]Problem, error) {
	return database.All(q, scanProblem, `SELECT `+problemColumns+` WHERE p.ended_at IS NULL
		ORDER BY p.severity, p.since, p.site_id, p.license_type, p.code`)
}

// problemsToLog gives the problems whose start or end was not logged yet, and
// those over the limit whose last line is as old as that.
func problemsToLog(q database.Querier, before time.Time) ([]Problem, error) {
	all, err := storedProblems(q)
	if err != nil {
		return nil, err
	}
	var due []Problem
	for _, p := range all {
		reminder := p.loggedAt != nil && remindedOf(p.Code) && !p.loggedAt.After(before)
		if p.loggedAt == nil || p.endedAt != nil || reminder {
			due = append(due, p)
		}
	}
	return due, nil
}

func saveProblem(tx *database.Tx, p Problem) error {
	remedies, err := json.Marshal(p.Remedies)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO open_problem (site_id, license_type, code, severity, message, remedies, since, ended_at, logged_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (site_id, license_type, code) DO UPDATE SET severity = excluded.severity, message = excluded.message,
			remedies = excluded.remedies, since = excluded.since, ended_at = excluded.ended_at, logged_at = excluded.logged_at`,
		p.SiteID, p.LicenseType, p.Code, p.Severity, p.Message, string(remedies),
		database.Micros(p.Since), database.NullMicros(p.endedAt), database.NullMicros(p.loggedAt))
	return err
}

// noteLogged notes problems as logged and forgets those that ended. One that
// began or ended anew meanwhile is left for the next time.
func noteLogged(tx *database.Tx, logged []Problem, now time.Time) error {
	for _, p := range logged {
		var err error
		if p.endedAt != nil {
			_, err = tx.Exec(`DELETE FROM open_problem WHERE site_id = ? AND license_type = ? AND code = ? AND ended_at = ?`,
				p.SiteID, p.LicenseType, p.Code, database.Micros(*p.endedAt))
		} else {
			_, err = tx.Exec(`UPDATE open_problem SET logged_at = ? WHERE site_id = ? AND license_type = ? AND code = ? AND since = ?`,
				database.Micros(now), p.SiteID, p.LicenseType, p.Code, database.Micros(p.Since))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// countUnclassified gives how many managed devices have no platform.
func countUnclassified(q database.Querier) (int64, error) {
	return database.One(q, database.Value[int64], `SELECT count(*) FROM device WHERE managed = 1 AND platform = ''`)
}
