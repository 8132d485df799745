package agent_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agenttest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// clock is a clock that stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logBuffer collects a log.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// setup is an agent with its publisher, under a clock.
type setup struct {
	*agent.Agent
	publisher *agenttest.Publisher
	clock     *clock
	log       *logBuffer
	cfg       agent.Config
}

const (
	desktopKey = "DESK-AAAA-BBBB-CCCC-0001"
	mobileKey  = "MOBI-AAAA-BBBB-CCCC-0002"
)

func newSetup(t testing.TB) *setup {
	t.Helper()
	c := newClock()
	s := &setup{clock: c, publisher: agenttest.NewPublisher(t, c.now), log: &logBuffer{}}
	s.cfg = s.config(t, c.now)
	s.open(t)
	return s
}

func (s *setup) config(t testing.TB, now func() time.Time) agent.Config {
	return agent.Config{
		State: t.TempDir(), Server: "http://publisher.example.com", Trust: s.publisher.Trust, Product: "fleet-manager",
		HTTP: s.publisher.Client(), Now: now, Random: func() float64 { return 0 },
		Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	}
}

func (s *setup) open(t testing.TB) {
	t.Helper()
	a, err := agent.Open(t.Context(), s.cfg)
	must(t, err)
	s.Agent = a
	t.Cleanup(func() { _ = a.Close() }) // a restart has closed it already
}

// restart closes the agent and opens its state again.
func (s *setup) restart(t testing.TB) {
	t.Helper()
	must(t, s.Close())
	s.open(t)
}

// activate sells a key with so many licenses and activates it.
func (s *setup) activate(t testing.TB, key, licenseType string, maximum int64, change ...func(*agenttest.SoldKey)) agent.Row {
	t.Helper()
	s.publisher.Sell(key, licenseType, maximum, change...)
	row, err := s.Activate(t.Context(), "", licenseType, key)
	must(t, err)
	return row
}

// enroll enrolls a Mac by its serial number.
func (s *setup) enroll(t testing.TB, serial string) (agent.Enrolled, error) {
	t.Helper()
	return s.Enroll(t.Context(), agent.Enrollment{Identity: agent.Identity{SerialNumber: serial}, Platform: agent.Mac})
}

func (s *setup) row(t testing.TB, licenseType string) agent.Row {
	t.Helper()
	row, err := s.Row(t.Context(), "", licenseType)
	must(t, err)
	return row
}

func (s *setup) used(t testing.TB, licenseType string) int64 {
	t.Helper()
	return s.row(t, licenseType).Count.Used
}

// problems gives the codes of the open problems.
func (s *setup) problems(t testing.TB) []string {
	t.Helper()
	status, err := s.Status(t.Context())
	must(t, err)
	codes := []string{}
	for _, p := range status.Problems {
		codes = append(codes, p.Code)
	}
	return codes
}

func code(err error) problem.Code {
	if err == nil {
		return ""
	}
	return problem.From(err).Code
}

func block(k *agenttest.SoldKey) { k.Policy.OverLimit = licensefile.OverLimitBlock }

func grace(k *agenttest.SoldKey) { k.Policy.OverLimit = licensefile.OverLimitGrace }

func offline(k *agenttest.SoldKey) { k.Offline = true }

func identity(serial string) agent.Identity { return agent.Identity{SerialNumber: serial} }

// files gives every file of the state folder.
func (s *setup) files(t testing.TB) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(s.cfg.State)
	must(t, err)
	files := map[string][]byte{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(s.cfg.State, e.Name()))
		must(t, err)
		files[e.Name()] = data
	}
	return files
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
