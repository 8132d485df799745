package server_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

func TestFirstStartNeedsThePublishersNames(t *testing.T) {
	cfg := servertest.Config(t)
	cfg.TimeZone = ""
	if _, err := servertest.Run(cfg); !problem.Is(err, problem.ConfigurationInvalid) || !strings.Contains(err.Error(), "--time-zone") {
		t.Errorf("without a time zone: %v, want configuration_invalid that names the flag", err)
	}
	if _, err := os.Stat(filepath.Join(cfg.Folder.Path, "master.key")); err == nil {
		t.Error("a master key was made for a start that was refused")
	}
	cfg.TimeZone = "Mars/Olympus"
	if _, err := servertest.Run(cfg); err == nil {
		t.Error("a time zone that does not exist is taken")
	}
}

func TestLaterStartsKnowThePublisher(t *testing.T) {
	s := servertest.Start(t)
	before := publisher(t, s)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	cfg := s.Config
	cfg.Publisher, cfg.TimeZone = "", ""
	again := run(t, cfg)
	if after := publisher(t, again); after.ID != before.ID || after.Name != "Example Software" {
		t.Errorf("after the restart: %+v, before: %+v", after, before)
	}
	if err := again.Stop(); err != nil {
		t.Fatal(err)
	}
	cfg.Publisher = "Somebody Else"
	if _, err := servertest.Run(cfg); !problem.Is(err, problem.Conflict) {
		t.Errorf("with another name: %v, want conflict", err)
	}
}

// run starts a server with a given configuration, beside an open data folder.
func run(t *testing.T, cfg server.Config) *servertest.Server {
	t.Helper()
	return servertest.Start(t, func(c *server.Config) { *c = cfg })
}

func publisher(t *testing.T, s *servertest.Server) api.Publisher {
	t.Helper()
	p, err := s.Client(t, identity.Auditor).Publisher(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestADataFolderServesOneServerAtATime(t *testing.T) {
	s := servertest.Start(t)
	if _, err := servertest.Run(s.Config); !problem.Is(err, problem.DataFolderInUse) {
		t.Errorf("a second server: %v, want data_folder_in_use", err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	run(t, s.Config)
}

func TestAnotherMasterKeyIsRefused(t *testing.T) {
	s := servertest.Start(t)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.key")
	if err := seal.CreateKeyFile(other); err != nil {
		t.Fatal(err)
	}
	cfg := s.Config
	cfg.Folder.MasterKeyFile = other
	if _, err := servertest.Run(cfg); !problem.Is(err, problem.MasterKeyWrong) {
		t.Errorf("server with another key: %v, want master_key_wrong", err)
	}
	if _, err := server.OpenData(t.Context(), cfg.Folder); !problem.Is(err, problem.MasterKeyWrong) {
		t.Errorf("operator command with another key: %v, want master_key_wrong", err)
	}
	cfg.Folder.MasterKeyFile = filepath.Join(t.TempDir(), "absent.key")
	if _, err := servertest.Run(cfg); !problem.Is(err, problem.ConfigurationInvalid) {
		t.Errorf("server without its key: %v, want configuration_invalid", err)
	}
	if _, err := os.Stat(cfg.Folder.MasterKeyFile); err == nil {
		t.Error("a new master key was made where secrets are sealed already")
	}
}

func TestAMasterKeyInsideTheDataFolderIsWarnedOf(t *testing.T) {
	const warning = "the master key lies inside the data folder"
	inside := servertest.Start(t)
	if !strings.Contains(inside.Log.String(), warning) {
		t.Errorf("no warning in the log: %s", inside.Log)
	}
	key := filepath.Join(t.TempDir(), "master.key")
	outside := servertest.Start(t, func(c *server.Config) { c.Folder.MasterKeyFile = key })
	if strings.Contains(outside.Log.String(), warning) {
		t.Errorf("a warning without reason: %s", outside.Log)
	}
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := outside.Stop(); err != nil {
		t.Fatal(err)
	}
	cfg := outside.Config
	cfg.Folder.MasterKeyFile, cfg.Folder.MasterKey, cfg.LogTo = "", string(text), &servertest.Log{}
	if s := run(t, cfg); strings.Contains(s.Log.String(), warning) {
		t.Errorf("a warning though the key comes from the environment: %s", s.Log)
	}
}

func TestConfigurationsThatCannotServeAreRefused(t *testing.T) {
	tests := map[string]func(c *server.Config){
		"plain HTTP on every address":  func(c *server.Config) { c.Listen = "0.0.0.0:0" },
		"a public URL without a host":  func(c *server.Config) { c.PublicURL = "licet.example.com" },
		"a public URL with a password": func(c *server.Config) { c.PublicURL = "https://a:b@licet.example.com" },
		"an unknown log level":         func(c *server.Config) { c.LogLevel = "loud" },
		"a certificate that is absent": func(c *server.Config) { c.CertFile, c.KeyFile = "absent.pem", "absent.pem" },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := servertest.Config(t)
			spoil(&cfg)
			if _, err := servertest.Run(cfg); !problem.Is(err, problem.ConfigurationInvalid) {
				t.Errorf("%v, want configuration_invalid", err)
			}
		})
	}
}

func TestADatabaseThatAnotherProcessHoldsIsToldAndNothingIsAcknowledged(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.LockTimeout = 50 * time.Millisecond })
	owner := s.Client(t, identity.Owner)
	locked, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.Data.DB.InTx(context.WithoutCancel(t.Context()), func(*database.Tx) error {
			close(locked)
			<-release
			return nil
		})
	}()
	<-locked
	expectAway(t, s, owner)
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	expectBack(t, owner)
}

func TestADatabaseServerThatIsAwayIsToldAndNothingIsAcknowledged(t *testing.T) {
	direct, err := url.Parse(databasetest.PostgresURL(t, database.ServerSchema()))
	if err != nil {
		t.Fatal(err)
	}
	line := newLine(t, direct.Host)
	through := *direct
	through.Host = line.addr
	s := servertest.Start(t, func(c *server.Config) { c.Folder.Database = through.String() })
	owner := s.Client(t, identity.Owner)
	line.cut()
	expectAway(t, s, owner)
	line.mend(t)
	expectBack(t, owner)
}

func expectAway(t *testing.T, s *servertest.Server, owner *api.Client) {
	t.Helper()
	_, err := owner.CreateProduct(t.Context(), api.NewProduct{Code: "a", Name: "A"})
	p, ok := err.(*api.Problem) //nolint:errorlint // the client gives it as it is
	if !ok || p.Status != 503 || p.Code != "database_unavailable" || p.RetryAfter <= 0 {
		t.Errorf("a change: %v, want 503 database_unavailable with a time to wait", err)
	}
	if status, body := get(t, s.URL+"/readyz"); status != 503 || !strings.Contains(body, "database_unavailable") {
		t.Errorf("readyz: %d %s, want 503", status, body)
	}
	if status, _ := get(t, s.URL+"/healthz"); status != 200 {
		t.Errorf("healthz: %d, want 200", status)
	}
}

// expectBack makes what could not be made before: so nothing was stored then.
func expectBack(t *testing.T, owner *api.Client) {
	t.Helper()
	if _, err := owner.CreateProduct(t.Context(), api.NewProduct{Code: "a", Name: "A"}); err != nil {
		t.Errorf("once it is back: %v", err)
	}
}

// line is a way to a TCP server that can be cut.
type line struct {
	addr, target string

	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
	workers  sync.WaitGroup
}

func newLine(t *testing.T, target string) *line {
	t.Helper()
	l := &line{addr: "127.0.0.1:0", target: target}
	l.mend(t)
	t.Cleanup(func() { l.cut(); l.workers.Wait() })
	return l
}

// mend lets connections through from now on.
func (l *line) mend(t *testing.T) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", l.addr)
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	l.listener, l.addr = listener, listener.Addr().String()
	l.mu.Unlock()
	l.workers.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := new(net.Dialer).DialContext(context.Background(), "tcp", l.target)
			if err != nil {
				near.Close()
				continue
			}
			l.mu.Lock()
			l.open = append(l.open, near, far)
			l.mu.Unlock()
			l.workers.Go(func() { _, _ = io.Copy(near, far) })
			l.workers.Go(func() { _, _ = io.Copy(far, near) })
		}
	})
}

// cut ends all connections and takes no more.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener.Close()
	for _, conn := range l.open {
		conn.Close()
	}
	l.open = nil
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

func TestOperatorCommandsWorkBesideARunningServer(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		if _, err := s.Data.Issuer.Rotate(t.Context(), event.Actor{Kind: event.System, ID: "test"}, nil); err != nil {
			t.Fatal(err)
		}
		status, set := get(t, s.URL+"/.well-known/jwks.json")
		if status != 200 || strings.Count(set, `"kid"`) != 2 {
			t.Errorf("keys after a rotation by another process: %d %s, want two", status, set)
		}
	})
}
