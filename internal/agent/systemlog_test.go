package agent

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestProblemsAreToldToTheSystemLogToo(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var told []string
	var own strings.Builder
	a := &Agent{log: slog.New(slog.NewTextHandler(&own, nil)), systemLog: func(text string) error {
		told = append(told, text)
		return errors.New("full")
	}}
	p := Problem{RowKey: RowKey{"s1", "desktop"}, SiteName: "Oslo", Code: "over_limit", Severity: Warning, Message: "3 of 2.", Since: now}
	a.logProblem(t.Context(), p)
	p.loggedAt = &now
	a.logProblem(t.Context(), p)
	p.endedAt = &now
	a.logProblem(t.Context(), p)
	want := []string{"problem started", "problem goes on", "problem ended"}
	for i, event := range want {
		if line := event + `: over_limit (site "Oslo", license type desktop): 3 of 2.`; i >= len(told) || told[i] != line {
			t.Errorf("line %d is %q, want %q", i, told, line)
		}
	}
	if n := strings.Count(own.String(), "the system log did not take a line"); n != 3 {
		t.Errorf("%d of 3 failures of the system log are in the own log:\n%s", n, &own)
	}
}
