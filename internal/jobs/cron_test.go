package jobs_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/jobs"
)

func hourly(do func(context.Context) error) []jobs.Cron {
	return []jobs.Cron{{Name: "hourly", Every: time.Hour, Do: do}}
}

func (d *diary) cron() []jobs.Cron {
	return hourly(func(context.Context) error { d.note("ran"); return nil })
}

func TestAScheduleRunsOnTimeOnOneServer(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		pass := func() {
			var servers sync.WaitGroup
			for range 3 {
				servers.Go(func() {
					w := worker(db, c, nil)
					w.Schedule = d.cron()
					if err := w.Once(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			servers.Wait()
		}
		for _, tt := range []struct {
			name  string
			later time.Duration
			want  int
		}{
			{"at first", 0, 1},
			{"just before", time.Hour - time.Second, 1},
			{"when due", time.Second, 2},
			{"long after", 5 * time.Hour, 3},
		} {
			c.Add(tt.later)
			pass()
			if got := len(d.sorted()); got != tt.want {
				t.Errorf("%s: it has run %d times, want %d", tt.name, got, tt.want)
			}
		}
	})
}

func TestAFailedScheduleRunsAgainSoon(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		w := worker(db, c, nil)
		w.Schedule = hourly(func(context.Context) error { d.note("failed"); return errors.New("out of order") })
		once(t, w)
		once(t, w)
		c.Add(time.Minute)
		once(t, w)
		if diff := cmp.Diff([]string{"failed", "failed"}, d.sorted()); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
	})
}

func TestAScheduleOfADeadServerRunsOnAnother(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		began, resume := make(chan struct{}), make(chan struct{})
		hanging := worker(db, c, nil)
		hanging.Schedule = hourly(func(context.Context) error { close(began); <-resume; return nil })
		var server sync.WaitGroup
		server.Go(func() {
			if err := hanging.Once(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		<-began
		other := worker(db, c, nil)
		other.Schedule = d.cron()
		once(t, other)
		if diff := cmp.Diff([]string{}, d.sorted()); diff != "" {
			t.Errorf("while the first runs it (-want +got):\n%s", diff)
		}
		c.Add(11 * time.Minute)
		once(t, other)
		close(resume)
		server.Wait()
		c.Add(50 * time.Minute)
		once(t, other)
		if diff := cmp.Diff([]string{"ran"}, d.sorted()); diff != "" {
			t.Errorf("after its lease (-want +got):\n%s", diff)
		}
	})
}

func TestAClockThatWasAheadDoesNotStopASchedule(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		c, d := newClock(), &diary{}
		w := worker(db, c, nil)
		w.Schedule = d.cron()
		c.Add(1000 * time.Hour)
		once(t, w)
		c.Add(-1000 * time.Hour)
		once(t, w)
		if diff := cmp.Diff([]string{"ran", "ran"}, d.sorted()); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
	})
}
