package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/licethq/licet/internal/database"
)

// Worker does the jobs and keeps the schedule of one server.
type Worker struct {
	DB       *database.DB
	Now      func() time.Time
	Logger   *slog.Logger
	Handlers map[string]Handler // by kind of job
	Schedule []Cron

	Jitter   func() float64 // from 0 to 1; nil is none
	Every    time.Duration  // between two looks; 0 is a second
	Parallel int            // how many jobs at once; 0 is 4
	Grace    time.Duration  // how long jobs may go on when Run is to end; 0 is 10 seconds

	once  sync.Once
	awake chan struct{}
}

const (
	defaultEvery    = time.Second
	defaultParallel = 4
	defaultGrace    = 10 * time.Second
	// spare is what a lease lasts beyond the limit of its handler: for storing
	// the outcome, and for clocks of servers that differ.
	spare = 30 * time.Second
)

func (w *Worker) prepare() {
	w.once.Do(func() { w.awake = make(chan struct{}, 1) })
}

// Wake has the worker look now.
func (w *Worker) Wake() {
	w.prepare()
	select {
	case w.awake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// Add adds a job as Add does, and wakes this worker when it is stored.
func (w *Worker) Add(tx *database.Tx, kind, payload string, at time.Time) (id string, err error) {
	tx.AfterCommit(w.Wake)
	return Add(tx, kind, payload, at)
}

// Run does jobs and runs the schedule until ctx ends, and then waits for what it
// has begun; what takes longer than Grace is told to stop.
func (w *Worker) Run(ctx context.Context) {
	w.prepare()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	r := &run{Worker: w, work: work, slots: make(chan struct{}, orDefault(w.Parallel, defaultParallel)), crons: map[string]bool{}}
	tick := time.NewTicker(orDefault(w.Every, defaultEvery))
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := r.look(ctx); err != nil && ctx.Err() == nil {
			w.Logger.Error("the queue could not be read; trying again", "error", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-w.awake:
		}
	}
	grace := time.AfterFunc(orDefault(w.Grace, defaultGrace), stop)
	defer grace.Stop()
	r.group.Wait()
}

func orDefault[T ~int | ~int64](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// run is what a Worker has begun.
type run struct {
	*Worker
	work  context.Context //nolint:containedctx // of everything that was begun
	group sync.WaitGroup
	slots chan struct{} // one element a job that is being done

	mu    sync.Mutex
	crons map[string]bool // being run
}

// look begins what is due, as far as there are slots.
func (r *run) look(ctx context.Context) error {
	if err := r.schedule(ctx); err != nil {
		return err
	}
	kinds := slices.Sorted(maps.Keys(r.Handlers))
	if len(kinds) == 0 {
		return nil
	}
	spots := cap(r.slots) - len(r.slots) // only this goroutine fills them
	if spots == 0 {
		return nil // a job that ends wakes
	}
	ready, err := readyJobs(r.DB.Read(ctx), kinds, r.Now(), spots)
	if err != nil {
		return err
	}
	for _, j := range ready {
		if err := r.begin(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// begin takes a job and does it, unless another server was faster.
func (r *run) begin(ctx context.Context, j Job) error {
	h := r.Handlers[j.Kind].filled()
	taken := false
	err := r.DB.InTx(ctx, func(tx *database.Tx) (err error) {
		now := r.Now()
		j.Attempts, taken, err = lease(tx, j.ID, now, now.Add(h.Limit+spare))
		return err
	})
	if err != nil || !taken {
		return err
	}
	r.slots <- struct{}{}
	r.group.Go(func() {
		defer r.Wake()
		defer func() { <-r.slots }()
		r.do(h, j)
	})
	return nil
}

// do does a job and stores what came of it.
func (r *run) do(h Handler, j Job) {
	ctx, cancel := context.WithTimeout(r.work, h.Limit)
	defer cancel()
	outcome := guarded(func() error { return h.Do(ctx, j.Payload) })
	err := r.DB.InTx(context.WithoutCancel(r.work), func(tx *database.Tx) error { return r.end(tx, h, j, outcome) })
	if err != nil {
		r.Logger.Error("what came of a job could not be stored; it will be done again", "job_id", j.ID, "kind", j.Kind, "error", err.Error())
	}
}

// end stores what came of a job.
func (r *run) end(tx *database.Tx, h Handler, j Job, outcome error) error {
	now := r.Now()
	if outcome == nil {
		return markDone(tx, j.ID, j.Attempts, now)
	}
	text := short(outcome.Error())
	if j.Attempts < h.Tries {
		jitter := 0.5
		if r.Jitter != nil {
			jitter = r.Jitter()
		}
		return markAgain(tx, j.ID, j.Attempts, now.Add(h.Delay(j.Attempts, jitter)), text)
	}
	gaveUp, err := markFailed(tx, j.ID, j.Attempts, now, text)
	if err != nil || !gaveUp {
		return err
	}
	tx.AfterCommit(func() {
		r.Logger.Error("gave up a job", "job_id", j.ID, "kind", j.Kind, "attempts", j.Attempts, "error", text)
	})
	if h.GiveUp == nil {
		return nil
	}
	return h.GiveUp(tx, j.Payload)
}

// maxError is how much of an error is kept.
const maxError = 500

func short(s string) string {
	if len(s) <= maxError {
		return s
	}
	cut := maxError
	for cut > 0 && s[cut]&0xC0 == 0x80 { // not in the middle of a character
		cut--
	}
	return s[:cut] + "…"
}

// guarded calls f and turns a panic into an error: one job must not end a server.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}
