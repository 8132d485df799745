package jobs

import (
	"strings"
	"time"

	"github.com/licethq/licet/internal/database"
)

func insertJob(tx *database.Tx, j Job) error {
	_, err := tx.Exec(`INSERT INTO job (id, kind, payload, run_at, created_at) VALUES (?, ?, ?, ?, ?)`,
		j.ID, j.Kind, j.Payload, database.Micros(j.RunAt), database.Micros(j.CreatedAt))
	return err
}

const columns = `id, kind, payload, run_at, attempts, last_error, created_at, done_at, failed_at`

func scanJob(r database.Row) (Job, error) {
	var j Job
	var run, created int64
	var done, failed database.NullInstant
	err := r.Scan(&j.ID, &j.Kind, &j.Payload, &run, &j.Attempts, &j.LastError, &created, &done, &failed)
	j.RunAt, j.CreatedAt, j.DoneAt, j.FailedAt = database.Instant(run), database.Instant(created), done.Ptr(), failed.Ptr()
	switch {
	case j.DoneAt != nil:
		j.State = Done
	case j.FailedAt != nil:
		j.State = Failed
	default:
		j.State = Waiting
	}
	return j, err
}

func jobByID(q database.Querier, id string) (Job, error) {
	return database.One(q, scanJob, `SELECT `+columns+` FROM job WHERE id = ?`, id)
}

// free is what a job must be to be taken.
const free = `done_at IS NULL AND failed_at IS NULL AND run_at <= ? AND (leased_until IS NULL OR leased_until <= ?)`

// readyJobs gives jobs of some kinds that can be taken at an instant.
func readyJobs(q database.Querier, kinds []string, now time.Time, limit int) ([]Job, error) {
	at := database.Micros(now)
	args := []any{at, at}
	for _, kind := range kinds {
		args = append(args, kind)
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(kinds)), ", ")
	return database.All(q, scanJob, `SELECT `+columns+` FROM job WHERE `+free+` AND kind IN (`+marks+`)
		ORDER BY run_at, id LIMIT ?`, append(args, limit)...)
}

// lease takes a job, unless another server was faster, and counts the try.
func lease(tx *database.Tx, id string, now, until time.Time) (attempt int64, taken bool, err error) {
	at := database.Micros(now)
	counted, err := database.All(tx, database.Value[int64], `UPDATE job SET leased_until = ?, attempts = attempts + 1
		WHERE id = ? AND `+free+` RETURNING attempts`, database.Micros(until), id, at, at)
	if err != nil || len(counted) == 0 {
		return 0, false, err
	}
	return counted[0], true, nil
}

// mine is what a job must be for the server that began a try to end it: no other
// server has begun one since.
const mine = ` WHERE id = ? AND attempts = ? AND done_at IS NULL AND failed_at IS NULL`

func markDone(tx *database.Tx, id string, attempt int64, at time.Time) error {
	_, err := tx.Exec(`UPDATE job SET done_at = ?, leased_until = NULL, last_error = ''`+mine, database.Micros(at), id, attempt)
	return err
}

func markAgain(tx *database.Tx, id string, attempt int64, at time.Time, text string) error {
	_, err := tx.Exec(`UPDATE job SET run_at = ?, leased_until = NULL, last_error = ?`+mine, database.Micros(at), text, id, attempt)
	return err
}

func markFailed(tx *database.Tx, id string, attempt int64, at time.Time, text string) (bool, error) {
	n, err := tx.Exec(`UPDATE job SET failed_at = ?, leased_until = NULL, last_error = ?`+mine, database.Micros(at), text, id, attempt)
	return n > 0, err
}

func markWaiting(tx *database.Tx, id string, at time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE job SET failed_at = NULL, attempts = 0, run_at = ? WHERE id = ? AND failed_at IS NOT NULL`,
		database.Micros(at), id)
	return n > 0, err
}

func deleteDone(tx *database.Tx, before time.Time) (int64, error) {
	return tx.Exec(`DELETE FROM job WHERE done_at IS NOT NULL AND done_at < ?`, database.Micros(before))
}

// dueAt gives when each entry of the schedule is due.
func dueAt(q database.Querier) (map[string]int64, error) {
	due := map[string]int64{}
	err := database.Each(q, func(r database.Row) error {
		var name string
		var at int64
		err := r.Scan(&name, &at)
		due[name] = at
		return err
	}, `SELECT name, due_at FROM schedule`)
	return due, err
}

func insertSchedule(tx *database.Tx, name string, at int64) error {
	_, err := tx.Exec(`INSERT INTO schedule (name, due_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, name, at)
	return err
}

// moveSchedule moves an entry that is due at an instant to another; false when
// another server was faster.
func moveSchedule(tx *database.Tx, name string, from, to int64) (bool, error) {
	n, err := tx.Exec(`UPDATE schedule SET due_at = ? WHERE name = ? AND due_at = ?`, to, name, from)
	return n > 0, err
}

func markRan(tx *database.Tx, name string, from, to int64, at time.Time) error {
	_, err := tx.Exec(`UPDATE schedule SET due_at = ?, ran_at = ? WHERE name = ? AND due_at = ?`, to, database.Micros(at), name, from)
	return err
}

func countJobs(q database.Querier) ([]Counts, error) {
	return database.All(q, func(r database.Row) (Counts, error) {
		var c Counts
		err := r.Scan(&c.Kind, &c.Waiting, &c.Failed)
		return c, err
	}, `SELECT kind, CAST(SUM(CASE WHEN failed_at IS NULL THEN 1 ELSE 0 END) AS BIGINT),
			CAST(SUM(CASE WHEN failed_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT)
		FROM job WHERE done_at IS NULL GROUP BY kind ORDER BY kind`)
}

func listJobs(q database.Querier, f Filter, l database.Listing) (database.Page[Job], error) {
	return database.List(q, scanJob, `SELECT `+columns+` FROM job WHERE (? = '' OR kind = ?) AND `+map[State]string{
		Waiting: `done_at IS NULL AND failed_at IS NULL`, Done: `done_at IS NOT NULL`, Failed: `failed_at IS NOT NULL`,
		"": `1 = 1`,
	}[f.State], []any{f.Kind, f.Kind}, database.Orders[Job]{
		IDColumn: "id", ID: func(j Job) string { return j.ID },
		By: map[string]database.Order[Job]{
			"run_at":     {Column: "run_at", Key: func(j Job) any { return database.Micros(j.RunAt) }},
			"created_at": {Column: "created_at", Key: func(j Job) any { return database.Micros(j.CreatedAt) }},
		},
	}, l)
}

func settle(tx *database.Tx, kind, payload string, at time.Time) error {
	_, err := tx.Exec(`UPDATE job SET failed_at = NULL, done_at = ? WHERE kind = ? AND payload = ? AND failed_at IS NOT NULL`,
		database.Micros(at), kind, payload)
	return err
}
