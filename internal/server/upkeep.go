package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// How often upkeep looks, and how old the last checkpoint may be. Neither is a
// rule of anybody's business.
const (
	upkeepEvery     = time.Hour
	checkpointEvery = 24 * time.Hour
)

// upkeep is what a server does beside answering: it seals events, signs a daily
// checkpoint and replaces its signing certificate in time. Several servers on one
// database may all do it; the services guard each step.
type upkeep struct {
	data *Data
	log  *slog.Logger
	now  func() time.Time
}

// run works until ctx is done and then waits for what it began.
func (u *upkeep) run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { u.data.Sealer.Run(ctx) })
	group.Go(func() { u.schedule(ctx) })
	group.Wait()
}

func (u *upkeep) schedule(ctx context.Context) {
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for {
		u.once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// once does what is due now. What fails is tried again at the next look.
func (u *upkeep) once(ctx context.Context) {
	rotated, err := u.data.Issuer.RotateIfDue(ctx)
	switch {
	case problem.Is(err, problem.RootKeyNeeded):
		u.log.WarnContext(ctx, "the signing certificate ends soon and the root key is offline; run licet keys rotate --root-key FILE")
	case err != nil && ctx.Err() == nil:
		u.log.ErrorContext(ctx, "the signing certificate could not be replaced", "error", err.Error())
	case rotated:
		u.log.InfoContext(ctx, "replaced the signing certificate")
	}
	if err := u.checkpoint(ctx); err != nil && ctx.Err() == nil {
		u.log.ErrorContext(ctx, "the log could not be checkpointed", "error", err.Error())
	}
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
