package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/jobs"
	"github.com/licethq/licet/internal/problem"
)

// clock is a time that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// diary notes what was done.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) sorted() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := append([]string{}, d.lines...)
	sort.Strings(all)
	return all
}

func each(t *testing.T, fn func(t *testing.T, db *database.DB)) {
	databasetest.Each(t, database.ServerSchema(), fn)
}

func worker(db *database.DB, c *clock, handlers map[string]jobs.Handler) *jobs.Worker {
	return &jobs.Worker{DB: db, Now: c.Now, Logger: slog.New(slog.DiscardHandler), Handlers: handlers}
}

func add(t *testing.T, db *database.DB, kind, payload string, at time.Time) string {
	t.Helper()
	var id string
	err := db.InTx(t.Context(), func(tx *database.Tx) (err error) {
		id, err = jobs.Add(tx, kind, payload, at)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func once(t *testing.T, w *jobs.Worker) {
	t.Helper()
	if err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func job(t *testing.T, db *database.DB, id string) jobs.Job {
	t.Helper()
	j, err := jobs.ByID(db.Read(t.Context()), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (d *diary) handler() jobs.Handler {
	return jobs.Handler{Do: func(_ context.Context, payload string) error { d.note(payload); return nil }}
}

func TestAJobIsDoneOnceAtItsTime(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		w := worker(db, c, map[string]jobs.Handler{"greet": d.handler()})
		id := add(t, db, "greet", "later", c.Now().Add(time.Minute))
		add(t, db, "greet", "now", c.Now())
		once(t, w)
		once(t, w)
		if diff := cmp.Diff([]string{"now"}, d.sorted()); diff != "" {
			t.Errorf("done before its time (-want +got):\n%s", diff)
		}
		c.Add(time.Minute)
		once(t, w)
		once(t, w)
		if diff := cmp.Diff([]string{"later", "now"}, d.sorted()); diff != "" {
			t.Errorf("done at its time (-want +got):\n%s", diff)
		}
		if got := job(t, db, id); got.State != jobs.Done || got.Attempts != 1 {
			t.Errorf("job = %+v, want it done at the first try", got)
		}
	})
}

func TestAJobOfARolledBackChangeIsNotDone(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		w := worker(db, c, map[string]jobs.Handler{"greet": d.handler()})
		_ = db.InTx(t.Context(), func(tx *database.Tx) error {
			if _, err := w.Add(tx, "greet", "hello", c.Now()); err != nil {
				t.Error(err)
			}
			return errors.New("changed my mind")
		})
		once(t, w)
		if diff := cmp.Diff([]string{}, d.sorted()); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
	})
}

func TestAKindThatNobodyHandlesWaits(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		id := add(t, db, "unknown", "x", c.Now())
		once(t, worker(db, c, map[string]jobs.Handler{"greet": d.handler()}))
		if got := job(t, db, id); got.State != jobs.Waiting || got.Attempts != 0 {
			t.Errorf("job = %+v, want it waiting and never tried", got)
		}
	})
}

func TestAFailingJobIsTriedLaterAndLaterAndGivenUp(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		w := worker(db, c, map[string]jobs.Handler{"fail": {
			Do:     func(context.Context, string) error { d.note("tried"); return errors.New("out of order") },
			GiveUp: func(_ *database.Tx, payload string) error { d.note("gave up " + payload); return nil },
			Tries:  3, First: time.Minute,
		}})
		id := add(t, db, "fail", "x", c.Now())
		for _, later := range []time.Duration{0, time.Minute - time.Second, time.Second, 2*time.Minute - time.Second, time.Second, time.Hour} {
			c.Add(later)
			once(t, w)
		}
		if diff := cmp.Diff([]string{"gave up x", "tried", "tried", "tried"}, d.sorted()); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
		got := job(t, db, id)
		if got.State != jobs.Failed || got.Attempts != 3 || got.LastError != "out of order" {
			t.Errorf("job = %+v, want it failed after 3 tries", got)
		}
		if want := newClock().Now().Add(3 * time.Minute); !got.FailedAt.Equal(want) {
			t.Errorf("given up at %v, want %v: after one and two minutes", got.FailedAt, want)
		}
	})
}

func TestAFailedJobCanBeTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		broken := true
		w := worker(db, c, map[string]jobs.Handler{"fail": {Do: func(context.Context, string) error {
			d.note("tried")
			if broken {
				return errors.New("out of order")
			}
			return nil
		}}})
		id := add(t, db, "fail", "x", c.Now())
		once(t, w)
		broken = false
		retry := func() error {
			return db.InTx(t.Context(), func(tx *database.Tx) error { return jobs.Retry(tx, id, c.Now()) })
		}
		if err := retry(); err != nil {
			t.Fatal(err)
		}
		once(t, w)
		if got := job(t, db, id); got.State != jobs.Done || got.LastError != "" {
			t.Errorf("job = %+v, want it done", got)
		}
		if err := retry(); !problem.Is(err, problem.Conflict) {
			t.Errorf("retry of a job that is done: %v, want conflict", err)
		}
	})
}

func TestAPanicIsAFailureOfItsJobAlone(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		w := worker(db, c, map[string]jobs.Handler{
			"panic": {Do: func(context.Context, string) error { panic("lost my head") }},
			"greet": d.handler(),
		})
		id := add(t, db, "panic", "x", c.Now())
		add(t, db, "greet", "hello", c.Now())
		once(t, w)
		if got := job(t, db, id); got.State != jobs.Failed || !strings.Contains(got.LastError, "lost my head") {
			t.Errorf("job = %+v, want it failed by its panic", got)
		}
		if diff := cmp.Diff([]string{"hello"}, d.sorted()); diff != "" {
			t.Errorf("the other one (-want +got):\n%s", diff)
		}
	})
}

func TestServersThatShareTheQueueDoEachJobOnce(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		const count = 60
		c, d := newClock(), &diary{}
		var want []string
		for i := range count {
			name := strconv.Itoa(i)
			add(t, db, "greet", name, c.Now())
			want = append(want, name)
		}
		var servers sync.WaitGroup
		for range 3 {
			servers.Go(func() {
				w := worker(db, c, map[string]jobs.Handler{"greet": d.handler()})
				for range count / 4 {
					if err := w.Once(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		servers.Wait()
		sort.Strings(want)
		if diff := cmp.Diff(want, d.sorted()); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
	})
}

// A server that hangs is like one that died, until it comes back and wants to
// note what it did.
func TestAJobOfADeadServerIsDoneByAnother(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		id := add(t, db, "greet", "hello", c.Now())
		began, resume := make(chan struct{}), make(chan struct{})
		hanging := worker(db, c, map[string]jobs.Handler{"greet": {Do: func(context.Context, string) error {
			close(began)
			<-resume
			return errors.New("came back too late")
		}}})
		var server sync.WaitGroup
		server.Go(func() {
			if err := hanging.Once(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		<-began
		other := worker(db, c, map[string]jobs.Handler{"greet": d.handler()})
		once(t, other)
		if diff := cmp.Diff([]string{}, d.sorted()); diff != "" {
			t.Errorf("while it is leased (-want +got):\n%s", diff)
		}
		c.Add(2 * time.Minute)
		once(t, other)
		if diff := cmp.Diff([]string{"hello"}, d.sorted()); diff != "" {
			t.Errorf("after its lease (-want +got):\n%s", diff)
		}
		close(resume)
		server.Wait()
		if got := job(t, db, id); got.State != jobs.Done || got.Attempts != 2 || got.FailedAt != nil || got.LastError != "" {
			t.Errorf("job = %+v, want it done at the second try, whatever the first one says now", got)
		}
	})
}

// patience bounds how long a test waits for what never comes.
const patience = 30 * time.Second

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c:
	case <-timer.C:
		t.Fatalf("%s did not happen in %v", what, patience)
	}
}

func TestACommittedJobWakesItsServer(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c := newClock()
		done := make(chan struct{})
		w := worker(db, c, map[string]jobs.Handler{"greet": {Do: func(context.Context, string) error { close(done); return nil }}})
		w.Every = time.Hour // it does not look by itself
		looked := make(chan struct{})
		w.Schedule = []jobs.Cron{{Name: "first look", Every: time.Hour, Do: func(context.Context) error { close(looked); return nil }}}
		ctx, cancel := context.WithCancel(t.Context())
		var server sync.WaitGroup
		server.Go(func() { w.Run(ctx) })
		defer server.Wait()
		defer cancel()
		await(t, "the first look", looked)
		err := db.InTx(t.Context(), func(tx *database.Tx) error {
			_, err := w.Add(tx, "greet", "hello", c.Now())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		await(t, "the job", done)
	})
}

func TestRunWaitsForWhatItHasBegun(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		ctx, cancel := context.WithCancel(t.Context())
		id := add(t, db, "slow", "x", c.Now())
		w := worker(db, c, map[string]jobs.Handler{"slow": {Do: func(doing context.Context, _ string) error {
			cancel()
			<-ctx.Done()
			d.note("went on: " + strconv.FormatBool(doing.Err() == nil))
			return nil
		}}})
		w.Run(ctx)
		if diff := cmp.Diff([]string{"went on: true"}, d.sorted()); diff != "" {
			t.Errorf("the job (-want +got):\n%s", diff)
		}
		if got := job(t, db, id); got.State != jobs.Done {
			t.Errorf("job = %+v, want it done when Run returns", got)
		}
	})
}

func TestRunTellsWhatTakesTooLongToStop(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c := newClock()
		ctx, cancel := context.WithCancel(t.Context())
		id := add(t, db, "endless", "x", c.Now())
		w := worker(db, c, map[string]jobs.Handler{"endless": {Tries: 2, Do: func(doing context.Context, _ string) error {
			cancel()
			<-doing.Done()
			return doing.Err()
		}}})
		w.Grace = time.Millisecond
		w.Run(ctx)
		if got := job(t, db, id); got.State != jobs.Waiting || got.Attempts != 1 {
			t.Errorf("job = %+v, want it waiting for another try", got)
		}
	})
}

func TestDelaysDoubleUpToTheLongest(t *testing.T) {
	h := jobs.Handler{First: 10 * time.Second, Longest: time.Minute}
	for attempts, want := range map[int64]time.Duration{
		1: 10 * time.Second, 2: 20 * time.Second, 3: 40 * time.Second, 4: time.Minute, 5: time.Minute, 1000: time.Minute,
	} {
		if got := h.Delay(attempts, 0.5); got != want {
			t.Errorf("Delay(%d) = %v, want %v", attempts, got, want)
		}
	}
}

func TestDelaysStayNearTheirMiddle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := jobs.Handler{
			First:   time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "first")),
			Longest: time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "longest")),
		}
		attempts, jitter := rapid.Int64Range(1, 100).Draw(t, "attempts"), rapid.Float64Range(0, 1).Draw(t, "jitter")
		got, middle := h.Delay(attempts, jitter), h.Delay(attempts, 0.5)
		if got < middle*3/4-1 || got > middle*5/4+1 || middle > h.Longest {
			t.Errorf("Delay(%d, %v) = %v, want within a quarter of %v and at most %v", attempts, jitter, got, middle, h.Longest)
		}
	})
}

func TestOldDoneJobsAreCleanedUp(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		w := worker(db, c, map[string]jobs.Handler{"greet": d.handler()})
		old := add(t, db, "greet", "old", c.Now())
		waiting := add(t, db, "unknown", "waiting", c.Now())
		once(t, w)
		c.Add(time.Hour)
		young := add(t, db, "greet", "young", c.Now())
		once(t, w)
		if err := jobs.CleanUp(t.Context(), db, c.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := jobs.ByID(db.Read(t.Context()), old); !problem.Is(err, problem.NotFound) {
			t.Errorf("the old job: %v, want not_found", err)
		}
		job(t, db, waiting)
		job(t, db, young)
	})
}
