package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/licensefile"
)

// Status is the Problem Monitor: how the agent is, and why.
type Status struct {
	State    Severity
	Problems []Problem
}

// Status gives the open problems, worst first.
func (a *Agent) Status(ctx context.Context) (Status, error) {
	if err := a.watch(ctx); err != nil {
		return Status{}, err
	}
	var open []Problem
	err := a.db.Snapshot(ctx, func(q database.Querier) error {
		var err error
		open, err = currentProblems(q)
		return err
	})
	return Status{State: worst(open), Problems: open}, err
}

// watch judges every row anew, since problems come and go with time alone, and
// logs what has changed.
func (a *Agent) watch(ctx context.Context) error {
	now := a.now()
	err := a.db.InTx(ctx, func(tx *database.Tx) error { return a.judge(tx, now) })
	if err == nil {
		a.announce(ctx)
	}
	return err
}

// judge brings the stored problems in line with what is the matter now.
func (a *Agent) judge(tx *database.Tx, now time.Time) error {
	rows, err := a.allRows(tx)
	if err != nil {
		return err
	}
	var current []Problem
	for _, r := range rows {
		current = append(current, r.problems(now)...)
	}
	unknown, err := countUnclassified(tx)
	if err != nil {
		return err
	}
	if unknown > 0 {
		current = append(current, Problem{
			Code: ProblemDevicesUnclassified, Severity: Warning,
			Message: devicesAre(unknown) + " managed but not counted, since nothing said whether it is a Mac.",
			Remedies: []licensefile.Remedy{
				remedy(RemedyDescribe, "List them with their platform in a CSV, or enroll them anew in their management server."),
			},
		})
	}
	silent, err := a.silentProblem(tx, now)
	if err != nil {
		return err
	}
	current = append(current, silent...)
	needs, err := a.needsOrganization(tx, rows)
	if err != nil {
		return err
	}
	if needs != nil {
		current = append(current, organizationProblem(*needs))
	}
	return settleProblems(tx, current, now)
}

// settleProblems opens, updates and ends stored problems.
func settleProblems(tx *database.Tx, current []Problem, now time.Time) error {
	stored, err := storedProblems(tx)
	if err != nil {
		return err
	}
	type key struct {
		RowKey
		code string
	}
	open := map[key]Problem{}
	for _, p := range stored {
		open[key{p.RowKey, p.Code}] = p
	}
	for _, p := range current {
		k := key{p.RowKey, p.Code}
		known, wasStored := open[k]
		delete(open, k)
		p.Since = now
		if wasStored && known.endedAt == nil {
			p.Since, p.loggedAt = known.Since, known.loggedAt
		}
		if wasStored && known.same(p) {
			continue
		}
		if err := saveProblem(tx, p); err != nil {
			return err
		}
	}
	for _, p := range open {
		if p.endedAt != nil {
			continue
		}
		p.endedAt = &now
		if err := saveProblem(tx, p); err != nil {
			return err
		}
	}
	return nil
}

// same reports whether nothing about a stored problem needs to be written.
func (p Problem) same(q Problem) bool {
	a, errA := json.Marshal(p.Remedies)
	b, errB := json.Marshal(q.Remedies)
	return errA == nil && errB == nil && p.endedAt == nil && p.Message == q.Message &&
		p.Severity == q.Severity && bytes.Equal(a, b)
}

// announce logs starts and ends of problems, and while a row is over its limit
// a reminder every so often (P7). It notes what it logged afterwards, so that
// an agent that dies in between says it twice rather than never.
func (a *Agent) announce(ctx context.Context) {
	a.announcing.Lock()
	defer a.announcing.Unlock()
	now := a.now()
	due, err := problemsToLog(a.db.Read(ctx), now.Add(-a.cfg.RemindEvery))
	if err != nil || len(due) == 0 {
		return
	}
	for _, p := range due {
		a.logProblem(ctx, p)
	}
	err = a.db.InTx(ctx, func(tx *database.Tx) error { return noteLogged(tx, due, now) })
	if err != nil {
		a.log.ErrorContext(ctx, "cannot note what was logged", "error", err.Error())
	}
}

func (a *Agent) logProblem(ctx context.Context, p Problem) {
	level, event := slog.LevelWarn, "problem started"
	if p.Severity == Critical {
		level = slog.LevelError
	}
	switch {
	case p.endedAt != nil:
		level, event = slog.LevelInfo, "problem ended"
	case p.loggedAt != nil:
		event = "problem goes on"
	}
	attrs := []slog.Attr{slog.String("code", p.Code), slog.String("severity", string(p.Severity))}
	if p.LicenseType != "" {
		attrs = append(attrs, slog.String("site", p.SiteName), slog.String("license_type", p.LicenseType))
	}
	attrs = append(attrs, slog.Time("since", p.Since), slog.String("message", p.Message))
	a.log.LogAttrs(ctx, level, event, attrs...)
	a.logToSystem(ctx, p, event)
}

// logToSystem tells the operating system's log, if there is one.
func (a *Agent) logToSystem(ctx context.Context, p Problem, event string) {
	if a.systemLog == nil {
		return
	}
	text := fmt.Sprintf("%s: %s", event, p.Code)
	if p.LicenseType != "" {
		text += fmt.Sprintf(" (site %q, license type %s)", p.SiteName, p.LicenseType)
	}
	if err := a.systemLog(text + ": " + p.Message); err != nil {
		a.log.WarnContext(ctx, "the system log did not take a line", "error", err.Error())
	}
}
