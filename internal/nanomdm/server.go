package nanomdm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/licethq/licet/internal/child"
)

// Config says how to run NanoMDM.
type Config struct {
	Executable string // of NanoMDM
	Folder     string // for its files
	WebhookURL string // where events go
	Secret     string // signs the events; empty leaves them unsigned
}

// Server is a running NanoMDM.
type Server struct {
	URL string

	authority *authority
	cmd       *exec.Cmd
	said      *output
}

// Build gives the executable of NanoMDM as built from its Go module, which the
// working folder's go.mod must name; the build is cached.
func Build(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "-n", "nanomdm")
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build NanoMDM: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
}

// Start runs NanoMDM until Stop, and returns when it answers. ctx bounds the
// start only.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	a, err := newAuthority()
	if err != nil {
		return nil, err
	}
	ca := filepath.Join(cfg.Folder, "device-ca.pem")
	if err := os.WriteFile(ca, a.pem(), 0o600); err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"-listen", address, "-ca", ca, "-storage", "inmem", "-storage-dsn", "", "-webhook-url", cfg.WebhookURL}
	if cfg.Secret != "" {
		args = append(args, "-webhook-hmac-key", cfg.Secret)
	}
	s := &Server{URL: "http://" + address, authority: a, said: &output{}}
	s.cmd = exec.Command(cfg.Executable, args...) //nolint:noctx // the caller chose the program; Stop ends it and waits
	s.cmd.SysProcAttr = child.Attributes()
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = cfg.Folder, s.said, s.said
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start NanoMDM: %w", err)
	}
	if err := s.waitUntilReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends the process and waits for it.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("stop NanoMDM: %w", err)
	}
	var killed *exec.ExitError
	if err := s.cmd.Wait(); !errors.As(err, &killed) {
		return err
	}
	return nil
}

// Output gives everything that the process has said.
func (s *Server) Output() string { return s.said.String() }

func (s *Server) waitUntilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/version", http.NoBody)
		if err != nil {
			return err
		}
		if res, err := new(http.Client).Do(req); err == nil {
			return res.Body.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("NanoMDM did not come up: %s", s.Output())
		}
	}
}

// freeAddress finds an address that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// output collects what a process says.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String gives everything so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
