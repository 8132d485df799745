package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// Filter says which jobs a list holds; empty members ask for nothing.
type Filter struct {
	Kind  string
	State State
}

// Counts are how many jobs there are of a kind.
type Counts struct {
	Kind    string
	Waiting int64
	Failed  int64
}

// List gives jobs, the newest first.
func List(q database.Querier, f Filter, l database.Listing) (database.Page[Job], error) {
	return listJobs(q, f, l)
}

// Count gives how many jobs wait and have failed, by kind.
func Count(q database.Querier) ([]Counts, error) { return countJobs(q) }

// ByID gives a job. Error: not_found.
func ByID(q database.Querier, id string) (Job, error) {
	j, err := jobByID(q, id)
	if errors.Is(err, database.ErrNoRows) {
		err = problem.New(problem.NotFound)
	}
	return j, err
}

// Retry makes a job that failed wait again, with all its tries. Errors:
// not_found; conflict when it has not failed.
func Retry(tx *database.Tx, id string, at time.Time) error {
	waiting, err := markWaiting(tx, id, at)
	if err != nil || waiting {
		return err
	}
	if _, err := ByID(tx, id); err != nil {
		return err
	}
	return problem.Newf(problem.Conflict, "Only a job that failed can be tried again.")
}

// CleanUp deletes jobs that were done before an instant.
func CleanUp(ctx context.Context, db *database.DB, before time.Time) error {
	return db.InTx(ctx, func(tx *database.Tx) error {
		_, err := deleteDone(tx, before)
		return err
	})
}

// Settle counts the failed jobs with a payload as done, since another one does
// what they were to do.
func Settle(tx *database.Tx, kind, payload string, at time.Time) error {
	return settle(tx, kind, payload, at)
}
