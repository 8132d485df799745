package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
)

// State tells what became of a job.
type State string

// The states of a job.
const (
	Waiting State = "waiting" // leased ones too
	Done    State = "done"
	Failed  State = "failed"
)

// Job is work that is to be done once.
type Job struct {
	ID        string
	Kind      string
	Payload   string // ids and figures
	State     State
	RunAt     time.Time // of the next try
	Attempts  int64     // tries that have begun
	LastError string
	CreatedAt time.Time
	DoneAt    *time.Time
	FailedAt  *time.Time
}

// Handler does jobs of one kind.
type Handler struct {
	// Do does the job with a payload. It may be called again for the same job.
	Do func(ctx context.Context, payload string) error
	// GiveUp notes, in the transaction that marks the job as failed, that it
	// will not be tried again; nil notes nothing.
	GiveUp func(tx *database.Tx, payload string) error

	Tries   int64         // how often; 0 is once
	First   time.Duration // before the second try, about; doubles with each one
	Longest time.Duration // between two tries, about; 0 is an hour
	Limit   time.Duration // of a try; 0 is a minute
}

const (
	defaultLimit   = time.Minute
	defaultLongest = time.Hour
	defaultFirst   = 10 * time.Second
)

// filled gives a handler with its defaults.
func (h Handler) filled() Handler {
	h.Tries = max(h.Tries, 1)
	if h.First <= 0 {
		h.First = defaultFirst
	}
	if h.Longest <= 0 {
		h.Longest = defaultLongest
	}
	if h.Limit <= 0 {
		h.Limit = defaultLimit
	}
	return h
}

// Delay gives how long to wait after a number of tries: First after the first,
// doubled with each one up to Longest, and between three quarters and five
// quarters of that, by jitter from 0 to 1.
func (h Handler) Delay(attempts int64, jitter float64) time.Duration {
	h = h.filled()
	wait := h.First
	for range min(attempts-1, 40) {
		if wait >= h.Longest {
			break
		}
		wait *= 2
	}
	return time.Duration(float64(min(wait, h.Longest)) * (0.75 + jitter/2))
}

// Add adds a job that is done at an instant or soon after, in the caller's
// transaction.
func Add(tx *database.Tx, kind, payload string, at time.Time) (id string, err error) {
	made, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("jobs: %w", err)
	}
	return made.String(), insertJob(tx, Job{ID: made.String(), Kind: kind, Payload: payload, RunAt: at, CreatedAt: at})
}
