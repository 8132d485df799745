// Package servertest runs whole servers for tests: the same that the command
// runs, on loopback, on SQLite or PostgreSQL.
package servertest

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/server"
)

// Server is a running server under test.
type Server struct {
	URL    string
	Config server.Config
	Data   *server.Data // opened beside the server, as operator commands do
	Log    *Log

	stop context.CancelFunc
	done func() error

	test  testing.TB // that it runs for
	mail  sync.Mutex // held while mails are delivered
	inbox *mailtest.Inbox
}

// Log collects what a server logs. It may be written and read at once.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String gives the log so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Config gives what a server is started with: its own folder, any free port, the
// log at debug level.
func Config(t testing.TB) server.Config {
	t.Helper()
	return server.Config{
		Folder: server.Folder{Path: filepath.Join(t.TempDir(), "data")}, Listen: "127.0.0.1:0",
		Publisher: "Example Software", TimeZone: "Europe/Paris", LogLevel: "debug", LogFormat: "json", LogTo: &Log{},
	}
}

// Start runs a server until the test ends. Options change its configuration.
func Start(t testing.TB, options ...func(*server.Config)) *Server {
	t.Helper()
	cfg := Config(t)
	for _, option := range options {
		option(&cfg)
	}
	s, err := Run(cfg)
	if err != nil {
		t.Fatalf("start the server: %v", err)
	}
	s.test = t
	t.Cleanup(func() { _ = s.Stop() }) // tests that care stop it themselves
	if s.Data, err = server.OpenData(context.WithoutCancel(t.Context()), cfg.Folder); err != nil {
		t.Fatalf("open the data beside the server: %v", err)
	}
	t.Cleanup(func() { _ = s.Data.Close() })
	return s
}

// Run runs a server and returns once it accepts connections or has failed.
func Run(cfg server.Config) (*Server, error) {
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan string, 1), make(chan error, 1)
	cfg.Started = func(url string) { started <- url }
	go func() { ended <- server.Run(ctx, cfg) }()
	s := &Server{Config: cfg, stop: cancel, done: sync.OnceValue(func() error { return <-ended })}
	s.Log, _ = cfg.LogTo.(*Log)
	select {
	case s.URL = <-started:
		return s, nil
	case err := <-ended:
		cancel()
		return nil, errors.Join(err, ctx.Err())
	}
}

// Stop tells the server to stop and waits until it has drained.
func (s *Server) Stop() error {
	s.stop()
	return s.done()
}

// Each runs fn as the subtests "sqlite" and "postgres", each with a server of its own.
func Each(t *testing.T, fn func(t *testing.T, s *Server), options ...func(*server.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, Start(t, options...)) })
	t.Run("postgres", func(t *testing.T) {
		url := databasetest.PostgresURL(t, database.ServerSchema())
		onPostgres := func(c *server.Config) { c.Folder.Database = url }
		fn(t, Start(t, append(options, onPostgres)...))
	})
}

// Token makes a member of staff with a role and gives the API token.
func (s *Server) Token(t testing.TB, role identity.Role) string {
	t.Helper()
	_, token, err := s.Data.Identity.CreateStaff(t.Context(), identity.System("test"),
		identity.NewStaff{Email: string(role) + "-" + uuid.NewString() + "@example.com", Role: role})
	if err != nil {
		t.Fatalf("create %s: %v", role, err)
	}
	return token
}

// Client gives a client that speaks for a new member of staff with a role.
func (s *Server) Client(t testing.TB, role identity.Role) *api.Client {
	t.Helper()
	client := api.New(s.URL, s.Token(t, role))
	client.HTTP.Transport = s.transport(t)
	return client
}
