// Package daemon runs an agent with its API: what `licet agent run`, the demo and
// the tests of the whole system all use.
package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Config says what to run and where.
type Config struct {
	// Agent is what the agent is; its Logger and Trust are set from below.
	Agent agent.Config

	TrustFiles []string // roots of the publisher, from `licet keys export-root`

	Listen   string   // host:port; port 0 takes a free one
	CertFile string   // PEM; without TLS the agent listens on loopback only
	KeyFile  string   // PEM
	Hosts    []string // further host names that the agent may be called by

	LogLevel  string // debug, info, warn or error
	LogFormat string // text or json
	LogTo     io.Writer

	// Ready, if any, is told the address once the agent listens.
	Ready func(agentapi.Address)
}

// Run runs an agent until ctx ends, and leaves its state closed. Errors:
// configuration_invalid, data_folder_in_use, trust_malformed.
func Run(ctx context.Context, cfg Config) (err error) {
	logger, err := httpserver.NewLogger(cfg.LogTo, cfg.LogLevel, cfg.LogFormat)
	if err != nil {
		return err
	}
	cfg.Agent.Logger = logger
	if cfg.Agent.Trust, err = readTrust(cfg.TrustFiles); err != nil {
		return err
	}
	a, err := agent.Open(ctx, cfg.Agent)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return serve(ctx, cfg, a, logger)
}

// serve listens, tells where, and runs the API and the schedule until one ends.
func serve(ctx context.Context, cfg Config, a *agent.Agent, logger *slog.Logger) error {
	token := agentapi.Token(cfg.Agent.State)
	server, err := httpserver.New(httpserver.Config{
		Listen: cfg.Listen, CertFile: cfg.CertFile, KeyFile: cfg.KeyFile, Ready: a.Ping,
		Guard: agentapi.Guard(token, cfg.Listen, cfg.Hosts...), Logger: logger, Now: cfg.Agent.Now,
	})
	if err != nil {
		return err
	}
	if _, err := agentapi.Register(server, a, cfg.Agent.Now); err != nil {
		return err
	}
	if err := server.Listen(ctx); err != nil {
		return err
	}
	address, err := addressOf(cfg, server, token)
	if err != nil {
		return err
	}
	if err := agentapi.WriteAddress(cfg.Agent.State, address); err != nil {
		return err
	}
	if cfg.Ready != nil {
		cfg.Ready(address)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Run(ctx) })
	group.Go(func() error { return a.Run(ctx) })
	return group.Wait()
}

// addressOf gives where the agent's own machine reaches it.
func addressOf(cfg Config, server *httpserver.Server, token string) (agentapi.Address, error) {
	a := agentapi.Address{URL: server.URL(), Token: token}
	host, port, err := net.SplitHostPort(server.ListenAddr())
	if err != nil {
		return a, err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		a.URL = "https://" + net.JoinHostPort("127.0.0.1", port) // plain HTTP never listens everywhere
	}
	if cfg.CertFile != "" {
		a.Certificate, err = filepath.Abs(cfg.CertFile)
	}
	return a, err
}

// readTrust reads the roots that the agent believes.
func readTrust(files []string) (*licensefile.Trust, error) {
	if len(files) == 0 {
		return nil, problem.Newf(problem.ConfigurationInvalid,
			"Whom to trust must be given: the file that the publisher exported with `licet keys export-root`.")
	}
	trust := new(licensefile.Trust)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, problem.Newf(problem.ConfigurationInvalid, "A trust file cannot be read.").Because(err)
		}
		if err := trust.Add(data); err != nil {
			return nil, err
		}
	}
	return trust, nil
}
