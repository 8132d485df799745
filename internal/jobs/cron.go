package jobs

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
)

// Cron is what a server does every so often.
type Cron struct {
	Name  string // in the table schedule; never changes
	Every time.Duration
	// Do does it. It may be called again when a server died before it was noted.
	Do    func(ctx context.Context) error
	Limit time.Duration // how long it may take; 0 is 10 minutes
}

const (
	defaultCronLimit = 10 * time.Minute
	// soon is when what failed is tried again, unless it is due earlier.
	soon = time.Minute
)

// schedule begins what is due and not being run.
func (r *run) schedule(ctx context.Context) error {
	if len(r.Schedule) == 0 {
		return nil
	}
	due, err := dueAt(r.DB.Read(ctx))
	if err != nil {
		return err
	}
	for _, c := range r.Schedule {
		if !r.idle(c.Name) {
			continue
		}
		at, known := due[c.Name]
		now := r.Now()
		if known && !c.isDue(database.Instant(at), now) {
			continue
		}
		if !known {
			at = database.Micros(now)
		}
		if err := r.beginCron(ctx, c, at, known, now); err != nil {
			return err
		}
	}
	return nil
}

// isDue reports whether an entry is due. One that lies further ahead than it can
// have been set was set by a clock that was wrong.
func (c Cron) isDue(at, now time.Time) bool {
	return !at.After(now) || at.After(now.Add(max(c.Every, c.limit()+spare, soon)))
}

func (c Cron) limit() time.Duration {
	if c.Limit <= 0 {
		return defaultCronLimit
	}
	return c.Limit
}

func (r *run) idle(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.crons[name]
}

func (r *run) running(name string, is bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.crons[name] = is
}

// beginCron runs an entry that is due, unless another server was faster.
func (r *run) beginCron(ctx context.Context, c Cron, due int64, known bool, now time.Time) error {
	lease := database.Micros(now.Add(c.limit() + spare))
	taken := false
	err := r.DB.InTx(ctx, func(tx *database.Tx) (err error) {
		if !known {
			if err := insertSchedule(tx, c.Name, due); err != nil {
				return err
			}
		}
		taken, err = moveSchedule(tx, c.Name, due, lease)
		return err
	})
	if err != nil || !taken {
		return err
	}
	r.running(c.Name, true)
	r.group.Go(func() {
		defer r.running(c.Name, false)
		r.runCron(c, lease, now)
	})
	return nil
}

// runCron runs an entry and notes when it is due next.
func (r *run) runCron(c Cron, lease int64, began time.Time) {
	ctx, cancel := context.WithTimeout(r.work, c.limit())
	defer cancel()
	failure := guarded(func() error { return c.Do(ctx) })
	next := began.Add(c.Every)
	if failure != nil {
		next = r.Now().Add(min(c.Every, soon))
		r.Logger.Error("what is due could not be done; trying again", "schedule", c.Name, "error", failure.Error())
	}
	err := r.DB.InTx(context.WithoutCancel(r.work), func(tx *database.Tx) error {
		if failure != nil {
			_, err := moveSchedule(tx, c.Name, lease, database.Micros(next))
			return err
		}
		return markRan(tx, c.Name, lease, database.Micros(next), began)
	})
	if err != nil {
		r.Logger.Error("what was done could not be noted; it will be done again", "schedule", c.Name, "error", err.Error())
	}
}
