package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/jobs"
)

func (h *handlers) registerJobs() {
	const tag = "Queue"
	read, write := identity.Read(identity.ScopeSystem), identity.Write(identity.ScopeSystem)
	huma.Register(h.api, operation("get-queue", http.MethodGet, "/queue", tag, "How many jobs wait and have failed", read), h.queue)
	list(h, operation("list-jobs", http.MethodGet, "/jobs", tag, "List jobs", read), wireJob, h.jobs)
	huma.Register(h.api, operation("retry-job", http.MethodPost, "/jobs/{id}/retry", tag, "Try a job that failed again", write), h.retryJob)
}

type jobFilter struct {
	Paging
	Kind  string `query:"kind" maxLength:"40"`
	State string `query:"state" enum:"waiting,done,failed"`
}

func (h *handlers) jobs(ctx context.Context, in *jobFilter, l database.Listing) (database.Page[jobs.Job], error) {
	return h.Identity.Jobs(ctx, actorFrom(ctx), jobs.Filter{Kind: in.Kind, State: jobs.State(in.State)}, l)
}

func (h *handlers) queue(ctx context.Context, _ *struct{}) (*body[api.Queue], error) {
	return answer(func(counts []jobs.Counts) api.Queue {
		q := api.Queue{Kinds: make([]api.JobCounts, len(counts))}
		for i, c := range counts {
			q.Kinds[i] = api.JobCounts(c)
		}
		return q
	})(h.Identity.CountJobs(ctx, actorFrom(ctx)))
}

func (h *handlers) retryJob(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, h.Identity.RetryJob(ctx, actorFrom(ctx), in.ID)
}

func wireJob(j jobs.Job) api.Job {
	return api.Job{
		ID: j.ID, Kind: j.Kind, Payload: j.Payload, State: string(j.State), RunAt: j.RunAt, Attempts: j.Attempts, LastError: j.LastError,
		CreatedAt: j.CreatedAt, DoneAt: j.DoneAt, FailedAt: j.FailedAt,
	}
}
