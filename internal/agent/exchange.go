package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Preview asks the publisher what activating a key in a row would grant (P3). It
// changes nothing. Errors: not_found, the publisher's, publisher_unreachable.
func (a *Agent) Preview(ctx context.Context, site, licenseType, key string) (licensefile.Preview, error) {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return licensefile.Preview{}, err
	}
	out, err := a.client.Preview(ctx, row.Slot(), key)
	if err != nil {
		return licensefile.Preview{}, coded(err)
	}
	return *out.Preview, nil
}

// Activate binds a license key to a row, online (P3). A row that is active moves
// to the new key. Errors: as Preview; request_pending while a request file of
// the row waits for its answer.
func (a *Agent) Activate(ctx context.Context, site, licenseType, key string) (Row, error) {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return Row{}, err
	}
	if row.Held.Active && row.Held.method() == licensefile.Online {
		// Usage belongs to the activation that ends here, so it is told before.
		// Should that fail, the move is still what the person wants.
		a.attend(ctx, row.Key(), DutyReport) //nolint:errcheck // noted with the duty
	}
	out, err := a.client.Activate(ctx, row.Slot(), key, a.present(row))
	if err != nil {
		return Row{}, coded(err)
	}
	return a.concluded(ctx, row.Key(), out)
}

// present gives what a row uses now, as the first word of a new activation.
func (a *Agent) present(row Row) []licensefile.Usage {
	now := a.now()
	return []licensefile.Usage{{Metric: a.metric(row), From: now, To: now, Used: row.Count.Used, Peak: row.Count.Used}}
}

// metric gives what a row's license counts; before there is one, what the
// configuration says.
func (a *Agent) metric(row Row) string {
	if row.Held.License != nil {
		return row.Held.License.Grant.Metric
	}
	for _, lt := range a.cfg.LicenseTypes {
		if lt.Code == row.Type {
			return lt.Metric
		}
	}
	return ""
}

// Refresh does now what a row does by itself later: it reports usage and fetches
// the current license, online (P6). A row that the publisher has ended is told so
// and given as it is then. Errors: not_found; not_activated; wrong_method for a
// row that was activated by file; the publisher's; publisher_unreachable.
func (a *Agent) Refresh(ctx context.Context, site, licenseType string) (Row, error) {
	row, err := a.onlineRow(ctx, site, licenseType)
	if err != nil {
		return Row{}, err
	}
	for _, kind := range []DutyKind{DutyReport, DutySync} {
		if err := a.attend(ctx, row.Key(), kind); err != nil {
			return Row{}, err
		}
		if row, err = a.Row(ctx, row.Site.ID, row.Type); err != nil || !row.Held.Active {
			return row, err
		}
	}
	return row, nil
}

// Deactivate releases the key of a row, online and at once (P9). Errors: as Refresh.
func (a *Agent) Deactivate(ctx context.Context, site, licenseType string) (Row, error) {
	row, err := a.onlineRow(ctx, site, licenseType)
	if err != nil {
		return Row{}, err
	}
	usage, err := a.closeUsage(ctx, row)
	if err != nil {
		return Row{}, err
	}
	out, err := a.client.Deactivate(ctx, row.Slot(), usage)
	if err != nil {
		return Row{}, coded(err)
	}
	return a.concluded(ctx, row.Key(), out)
}

// onlineRow finds an active row that talks to the publisher by itself.
func (a *Agent) onlineRow(ctx context.Context, site, licenseType string) (Row, error) {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return Row{}, err
	}
	switch {
	case !row.Held.Active:
		return Row{}, problem.New(problem.NotActivated)
	case row.Held.method() != licensefile.Online:
		return Row{}, problem.Newf(problem.WrongMethod, "This row was activated by file. Refresh and deactivate it by file, too.")
	}
	return row, nil
}

// closeUsage closes the open period of a row and gives everything that the
// publisher has not confirmed, in as many periods as one request may hold.
func (a *Agent) closeUsage(ctx context.Context, row Row) ([]licensefile.Usage, error) {
	var usage []licensefile.Usage
	now, id := a.now(), a.newID()
	err := a.db.InTx(ctx, func(tx *database.Tx) error {
		if !row.reporting() {
			if err := closePeriod(tx, row.Key(), id, now); err != nil {
				return err
			}
		}
		var err error
		usage, err = a.unconfirmed(tx, row)
		return err
	})
	return usage, err
}

// reporting reports whether a report was sent and not answered. It goes out
// again as it is, so every try need not close a period of its own.
func (r Row) reporting() bool {
	p := r.Held.Pending
	return p != nil && p.Kind == licensefile.KindReport && r.Held.License != nil && p.Previous == r.Held.License.Serial
}

// closePeriod closes the open period of a row, unless one ended at that very
// instant already.
func closePeriod(tx *database.Tx, k RowKey, id string, now time.Time) error {
	c, err := countOf(tx, k)
	if err != nil {
		return err
	}
	before, err := periodsOf(tx, k)
	if err != nil {
		return err
	}
	if n := len(before); n > 0 && before[n-1].To.Equal(now) {
		return nil
	}
	p, c := c.closed(id, now)
	if err := insertPeriod(tx, p); err != nil {
		return err
	}
	return saveCount(tx, c)
}

// unconfirmed gives the closed periods of a row, joining the oldest if there are
// more than a request may hold.
func (a *Agent) unconfirmed(tx *database.Tx, row Row) ([]licensefile.Usage, error) {
	periods, err := periodsOf(tx, row.Key())
	if err != nil {
		return nil, err
	}
	kept, dropped := merged(periods, licensefile.MaxUsage)
	for _, id := range dropped {
		if err := deletePeriod(tx, id); err != nil {
			return nil, err
		}
	}
	if len(dropped) > 0 {
		if err := updatePeriod(tx, kept[0]); err != nil {
			return nil, err
		}
	}
	usage := make([]licensefile.Usage, len(kept))
	for i, p := range kept {
		usage[i] = p.usage(a.metric(row))
	}
	return usage, nil
}

// concluded stores what follows from an answer, and gives the row after it.
func (a *Agent) concluded(ctx context.Context, k RowKey, out *client.Outcome) (Row, error) {
	// The publisher has acted; a caller who gave up must not keep us from it.
	ctx = context.WithoutCancel(ctx)
	err := a.db.InTx(ctx, func(tx *database.Tx) error {
		if out.Kind == licensefile.KindActivate && !out.Ended {
			if err := a.noteActivation(tx); err != nil {
				return err
			}
		}
		if out.Ended || out.Kind == licensefile.KindActivate {
			return restartUsage(tx, k, a.now())
		}
		return confirmPeriods(tx, k, out.Usage)
	})
	if err != nil {
		return Row{}, err
	}
	if err := a.settle(ctx); err != nil {
		return Row{}, err
	}
	a.reschedule()
	return a.Row(ctx, k.SiteID, k.LicenseType)
}

// settle brings everything that is derived from the exchange in line with what
// the client holds: duties, periods, problems. The client's record is the truth;
// after a crash between the two, the next start settles.
func (a *Agent) settle(ctx context.Context) error {
	if err := a.loadHolds(ctx); err != nil {
		return err
	}
	now := a.now()
	err := a.db.InTx(ctx, func(tx *database.Tx) error {
		rows, err := a.allRows(tx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := a.settleRow(tx, row, now); err != nil {
				return err
			}
		}
		return a.judge(tx, now)
	})
	if err != nil {
		return err
	}
	a.announce(ctx)
	return a.startOverClocks(ctx)
}

// settleRow derives the duties of one row from what it holds.
func (a *Agent) settleRow(tx *database.Tx, row Row, now time.Time) error {
	if !row.Held.Active || row.Held.method() != licensefile.Online {
		return deleteDuties(tx, row.Key())
	}
	return a.planDuties(tx, row, now)
}

// loadHolds takes over what every row holds, with its license verified.
func (a *Agent) loadHolds(ctx context.Context) error {
	slots, err := a.client.Slots(ctx)
	if err != nil {
		return err
	}
	holds := map[RowKey]Held{}
	for _, s := range slots {
		h := Held{
			Active: s.Active(), Time: s.Time, LastContact: s.LastContact, OverSince: s.OverSince,
			Ended: s.Deactivated && s.Serial > 0, Released: s.Released, Reason: s.Reason, Pending: s.Pending,
		}
		if h.Active {
			h.License, h.Refused = a.client.License(ctx, s.Ref)
		}
		holds[RowKey{s.Ref.Site.ID, s.Ref.LicenseType}] = h
	}
	a.held.Lock()
	defer a.held.Unlock()
	a.holds = holds
	return nil
}

// coded turns an error of the client into a problem that people can act on.
func coded(err error) error {
	var refused *client.Problem
	var away *client.Unreachable
	switch {
	case errors.As(err, &refused):
		return codedRefusal(refused)
	case errors.As(err, &away):
		return problem.New(problem.PublisherUnreachable).Because(err)
	}
	return err
}

// codedRefusal passes on what the publisher refused. A fault of its server is no
// news about the request, so it counts as not reached.
func codedRefusal(refused *client.Problem) error {
	p := problem.Newf(problem.Code(refused.Code), "%s", refused.Message)
	switch {
	case refused.Status >= 500:
		p = problem.Newf(problem.PublisherUnreachable, "The publisher's server cannot answer right now. What is licensed goes on; it is tried again.")
	case !p.Code.Known():
		// A newer publisher may have codes that this agent does not know.
		p.Code = problem.Conflict
	}
	p.RetryAfter = refused.RetryAfter
	return p.Because(fmt.Errorf("publisher: %w", refused))
}

// confirmPeriods forgets the periods that the publisher has taken.
func confirmPeriods(tx *database.Tx, k RowKey, taken []licensefile.Usage) error {
	for _, u := range taken {
		if err := deletePeriodAt(tx, k, u.To); err != nil {
			return err
		}
	}
	return nil
}

// restartUsage begins the usage of a row anew, at the start or the end of an
// activation: usage belongs to the activation.
func restartUsage(tx *database.Tx, k RowKey, now time.Time) error {
	if err := deletePeriods(tx, k); err != nil {
		return err
	}
	c, err := countOf(tx, k)
	if err != nil {
		return err
	}
	return saveCount(tx, c.restarted(now))
}
