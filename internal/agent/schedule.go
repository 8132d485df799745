package agent

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// atOnce is how many rows talk to the publisher at the same time.
const atOnce = 4

// Run does what is due until ctx ends: it fetches licenses, reports usage, and
// watches for problems that come with time. It owns every goroutine that it
// starts and returns when they have ended.
func (a *Agent) Run(ctx context.Context) error {
	// Not at the start: what was down with the agent is heard of first.
	a.freeAt = a.now().Add(a.cfg.FreeEvery)
	for {
		next := a.tend(ctx)
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-a.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// reschedule lets Run look at the schedule anew.
func (a *Agent) reschedule() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// tend does everything that is due and gives the time until something is again.
func (a *Agent) tend(ctx context.Context) time.Duration {
	// Problems and the clock's high-water mark move with time alone.
	if err := a.settle(ctx); err != nil {
		a.logFailure(ctx, "cannot look after the rows", err)
		return a.cfg.WatchEvery
	}
	a.freeByRule(ctx)
	rows, err := a.Rows(ctx)
	if err != nil {
		a.logFailure(ctx, "cannot read the schedule", err)
		return a.cfg.WatchEvery
	}
	now := a.now()
	signIns, err := signInsDue(a.db.Read(ctx), a.keyring, now)
	if err != nil {
		a.logFailure(ctx, "cannot read the sign-ins", err)
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, s := range signIns { // a person waits for these
		group.Go(func() error {
			a.advance(ctx, s)
			return nil
		})
	}
	for _, row := range rows {
		group.Go(func() error {
			for _, d := range []Duty{row.Sync, row.Report} {
				if d.Kind != "" && !d.DueAt.After(now) && ctx.Err() == nil {
					a.attend(ctx, row.Key(), d.Kind) //nolint:errcheck // noted with the duty, which is tried again
				}
			}
			return nil
		})
	}
	group.Wait() //nolint:errcheck // the functions give none
	return a.untilDue(ctx)
}

func (a *Agent) logFailure(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		a.log.ErrorContext(ctx, what, "error", err.Error())
	}
}

// untilDue gives the time until the next duty, but not longer than until the
// next look at what time alone changes.
func (a *Agent) untilDue(ctx context.Context) time.Duration {
	rows, err := a.Rows(ctx)
	if err != nil {
		return a.cfg.WatchEvery
	}
	wait := a.cfg.WatchEvery
	now := a.now()
	if a.cfg.FreeUnseenDays > 0 {
		wait = min(wait, a.freeAt.Sub(now))
	}
	for _, row := range rows {
		for _, d := range []Duty{row.Sync, row.Report} {
			if d.Kind != "" {
				wait = min(wait, d.DueAt.Sub(now))
			}
		}
	}
	if next, err := nextSignIn(a.db.Read(ctx)); err == nil {
		wait = min(wait, next.Sub(now))
	}
	return max(wait, 0)
}

// attend does a duty of a row now, and notes how it went. Errors: the
// publisher's, publisher_unreachable.
func (a *Agent) attend(ctx context.Context, k RowKey, kind DutyKind) error {
	if err := a.loadHolds(ctx); err != nil { // what waits for its answer may have changed
		return err
	}
	row, err := a.Row(ctx, k.SiteID, k.LicenseType)
	if err != nil {
		return err
	}
	out, err := a.perform(ctx, row, kind)
	if err != nil {
		err = coded(err)
		if ctx.Err() == nil && !waitsForFile(err) {
			a.noteFailure(ctx, row, kind, problem.From(err))
		}
		return err
	}
	after, err := a.concluded(ctx, row.Key(), out)
	if err != nil {
		return err
	}
	return a.noteSuccess(ctx, after, kind, out.Repeated)
}

// waitsForFile reports whether a row was left alone because a person carries a
// request file of it. That is nobody's failure.
func waitsForFile(err error) bool { return problem.Is(err, problem.RequestPending) }

// perform sends what a duty asks for. Where the plan counts silence, calling
// home is a check-in; both bring the license, so one contact serves for both.
func (a *Agent) perform(ctx context.Context, row Row, kind DutyKind) (*client.Outcome, error) {
	if err := a.tellUsed(ctx, row); err != nil {
		return nil, err
	}
	if kind == DutyReport {
		usage, err := a.closeUsage(ctx, row)
		if err != nil {
			return nil, err
		}
		return a.client.Report(ctx, row.Slot(), usage)
	}
	if row.Held.License != nil && countsSilence(row.Held.License.Grant.Policy) {
		return a.client.CheckIn(ctx, row.Slot(), nil)
	}
	return a.client.Refresh(ctx, row.Slot())
}

// tellUsed tells the client what a row uses, so that its over-limit clock is
// right when a new license comes.
func (a *Agent) tellUsed(ctx context.Context, row Row) error {
	if row.Held.License == nil {
		return nil
	}
	return a.client.SetUsed(ctx, row.Slot(), row.Count.Used)
}

func countsSilence(p licensefile.Policy) bool { return p.WarnAfter > 0 || p.DisableAfter > 0 }

// every gives the interval of a duty from the plan in the license (P6, M5);
// zero: the plan has no such duty.
func (r Row) every(kind DutyKind) time.Duration {
	if r.Held.License == nil {
		return 0
	}
	p := r.Held.License.Grant.Policy
	if kind == DutyReport {
		return p.ReportEvery.Duration()
	}
	refresh, checkIn := p.RefreshEvery.Duration(), p.CheckInEvery.Duration()
	if refresh <= 0 || checkIn <= 0 {
		return max(refresh, checkIn)
	}
	return min(refresh, checkIn)
}

// planDuties gives an online row its duties, none later than the plan says.
func (a *Agent) planDuties(tx *database.Tx, row Row, now time.Time) error {
	for kind, d := range map[DutyKind]Duty{DutySync: row.Sync, DutyReport: row.Report} {
		next, changed := a.planned(row, kind, d, now)
		if !changed {
			continue
		}
		if err := saveDuty(tx, row.Key(), next); err != nil {
			return err
		}
	}
	return nil
}

// planned gives a duty as it should stand, and whether that is new.
func (a *Agent) planned(row Row, kind DutyKind, d Duty, now time.Time) (Duty, bool) {
	every := row.every(kind)
	switch {
	case row.Held.License == nil && kind == DutySync && d.Failures == 0:
		// What is held is not accepted: only a new license helps.
		return Duty{Kind: kind, DueAt: now}, true
	case every <= 0:
		return d, false
	case d.Kind == "":
		return Duty{Kind: kind, DueAt: a.cfg.Pace.next(now, every, a.cfg.Random())}, true
	}
	from := row.lastDone(kind, d)
	if from.After(now) {
		from = now
	}
	latest := from.Add(every)
	changed := d.DueAt.After(latest)
	if changed { // the plan has become stricter, or the clock was ahead
		d.DueAt = latest
	}
	return d, changed
}

// lastDone gives when a duty was done last; before the first time, since when
// there has been something to do.
func (r Row) lastDone(kind DutyKind, d Duty) time.Time {
	switch {
	case d.DoneAt != nil:
		return *d.DoneAt
	case kind == DutyReport:
		return r.Count.PeriodFrom
	default:
		return r.Held.LastContact
	}
}

// noteSuccess notes a duty as done and when it is due again. A report whose
// request was an older one, sent again, left newer periods out: those go at once.
func (a *Agent) noteSuccess(ctx context.Context, row Row, kind DutyKind, repeated bool) error {
	now := a.now()
	due := a.cfg.Pace.next(now, row.every(kind), a.cfg.Random())
	if repeated && kind == DutyReport {
		due = now
	}
	err := a.db.InTx(context.WithoutCancel(ctx), func(tx *database.Tx) error {
		d, err := dutyOf(tx, row.Key(), kind)
		if err != nil || d.Kind == "" {
			return err
		}
		if err := saveDuty(tx, row.Key(), d.succeeded(now, due)); err != nil {
			return err
		}
		return a.judge(tx, now)
	})
	if err != nil {
		return err
	}
	a.announce(ctx)
	a.reschedule()
	return nil
}

// noteFailure notes a duty as failed and when it is tried again.
func (a *Agent) noteFailure(ctx context.Context, row Row, kind DutyKind, p *problem.Problem) {
	now, random := a.now(), a.cfg.Random()
	a.log.WarnContext(ctx, "the publisher did not answer", "duty", string(kind), "site", row.Site.Name,
		"license_type", row.Type, "code", string(p.Code), "error", p.Error())
	err := a.db.InTx(ctx, func(tx *database.Tx) error {
		d, err := dutyOf(tx, row.Key(), kind)
		if err != nil || d.Kind == "" {
			return err
		}
		due := a.cfg.Pace.retry(now, d.Failures+1, row.every(kind), p.RetryAfter, random)
		if err := saveDuty(tx, row.Key(), d.failed(now, due, string(p.Code), p.Message)); err != nil {
			return err
		}
		return a.judge(tx, now)
	})
	if err != nil {
		a.logFailure(ctx, "cannot note a failure", err)
	}
	a.announce(ctx)
}
