package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Job is work in the queue.
type Job struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Payload   string     `json:"payload" doc:"Ids and figures."`
	State     string     `json:"state" doc:"waiting, done or failed."`
	RunAt     time.Time  `json:"run_at" doc:"Of the next try."`
	Attempts  int64      `json:"attempts"`
	LastError string     `json:"last_error"`
	CreatedAt time.Time  `json:"created_at"`
	DoneAt    *time.Time `json:"done_at,omitempty"`
	FailedAt  *time.Time `json:"failed_at,omitempty"`
}

// JobCounts are how many jobs there are of a kind.
type JobCounts struct {
	Kind    string `json:"kind"`
	Waiting int64  `json:"waiting"`
	Failed  int64  `json:"failed"`
}

// Queue is the state of the queue.
type Queue struct {
	Kinds []JobCounts `json:"kinds" nullable:"false"`
}

// JobFilter says which jobs to list; empty members ask for nothing.
type JobFilter struct {
	Kind  string
	State string
	Sort  string
}

// Jobs lists the queue.
func (c *Client) Jobs(ctx context.Context, f JobFilter, l Listing) (Page[Job], error) {
	return get[Page[Job]](ctx, c, "/jobs", l.query("kind", f.Kind, "state", f.State, "sort", f.Sort))
}

// Queue tells how many jobs wait and have failed.
func (c *Client) Queue(ctx context.Context) (Queue, error) {
	return get[Queue](ctx, c, "/queue", nil)
}

// RetryJob makes a job that failed wait again.
func (c *Client) RetryJob(ctx context.Context, id string) error {
	_, _, err := c.do(ctx, http.MethodPost, "/jobs/"+url.PathEscape(id)+"/retry", "", nil)
	return err
}
