package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/jobs"
	"github.com/licethq/licet/internal/problem"
)

// How often upkeep looks, how old the last checkpoint may be, and how long jobs
// that are done can be looked at. None is a rule of anybody's business.
const (
	upkeepEvery     = time.Hour
	scanEvery       = time.Minute
	checkpointEvery = 24 * time.Hour
	jobsKept        = 7 * 24 * time.Hour
)

// upkeep is what a server does beside answering: it seals events, does jobs and
// keeps the schedule. Several servers on one database may all do it: they take
// turns.
type upkeep struct {
	data *Data
	log  *slog.Logger
	now  func() time.Time
}

// run works until ctx is done and then waits for what it began.
func (u *upkeep) run(ctx context.Context) {
	u.data.Jobs.Schedule = u.schedule()
	u.data.Jobs.Handlers = u.data.handlers()
	var group sync.WaitGroup
	group.Go(func() { u.data.Sealer.Run(ctx) })
	group.Go(func() { u.data.Jobs.Run(ctx) })
	group.Wait()
}

// schedule is what servers do every so often, one of them at a time.
func (u *upkeep) schedule() []jobs.Cron {
	return []jobs.Cron{
		{Name: "rotate", Every: upkeepEvery, Do: u.rotate},
		{Name: "checkpoint", Every: upkeepEvery, Do: u.checkpoint},
		{Name: "record_states", Every: scanEvery, Do: u.data.Licensing.RecordStates},
		{Name: "clean_up_identity", Every: upkeepEvery, Do: u.data.Identity.CleanUp},
		{Name: "clean_up_jobs", Every: upkeepEvery, Do: u.cleanUpJobs},
	}
}

// rotate replaces the signing certificate in time.
func (u *upkeep) rotate(ctx context.Context) error {
	rotated, err := u.data.Issuer.RotateIfDue(ctx)
	if problem.Is(err, problem.RootKeyNeeded) {
		u.log.WarnContext(ctx, "the signing certificate ends soon and the root key is offline; run licet keys rotate --root-key FILE")
		return nil
	}
	if rotated {
		u.log.InfoContext(ctx, "replaced the signing certificate")
	}
	return err
}

// checkpoint signs the log once a day.
func (u *upkeep) checkpoint(ctx context.Context) error {
	last, err := database.One(u.data.DB.Read(ctx), database.Value[int64],
		`SELECT COALESCE(MAX(at), 0) FROM event_checkpoint`)
	if err != nil {
		return err
	}
	if u.now().Before(database.Instant(last).Add(checkpointEvery)) {
		return nil
	}
	_, err = u.data.Checkpoint(ctx, "daily")
	return err
}

func (u *upkeep) cleanUpJobs(ctx context.Context) error {
	return jobs.CleanUp(ctx, u.data.DB, u.now().Add(-jobsKept))
}
