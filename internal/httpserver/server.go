package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/licethq/licet/internal/problem"
)

// Config says where and how a Server listens. Zero durations take the defaults.
type Config struct {
	Listen   string // host:port; port 0 takes a free one
	CertFile string // PEM chain; with KeyFile, serves TLS and follows changes of the files
	KeyFile  string

	// BehindProxy says that every request comes through a proxy which ends TLS
	// and sets X-Forwarded-For. Without it forwarded headers count for nothing.
	BehindProxy bool

	// Guard is asked before every route, those of the Server itself included; its
	// error is the answer. Nil lets everything pass.
	Guard func(r *http.Request) error

	// Ready reports whether work can be done, for /readyz; nil is always.
	Ready func(ctx context.Context) error

	Logger *slog.Logger     // nil logs nothing
	Now    func() time.Time // nil is the clock

	// DrainDelay is how long the listener stays open once /readyz says 503.
	DrainDelay time.Duration
	// DrainLimit is how long requests in flight may then take; 20 s by default.
	DrainLimit time.Duration
}

// Limits of a connection, tuned for programs that keep theirs alive between
// calls a day apart as well as for a load generator.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second
	writeTimeout      = 120 * time.Second
	idleTimeout       = 150 * time.Second
	maxHeaderBytes    = 32 << 10
	defaultDrainLimit = 20 * time.Second
	readyTimeout      = 3 * time.Second
)

// Server serves HTTP. Make one with New, add routes, then Run it.
type Server struct {
	cfg      Config
	log      *slog.Logger
	mux      *http.ServeMux
	metrics  *Metrics
	ids      *idMaker
	draining atomic.Bool
	listener net.Listener
	tls      *tls.Config
}

// New checks a configuration and gives a server with /healthz, /readyz and
// /metrics. It does not listen yet.
func New(cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.DrainLimit <= 0 {
		cfg.DrainLimit = defaultDrainLimit
	}
	if (cfg.CertFile == "") != (cfg.KeyFile == "") {
		return nil, problem.Newf(problem.ConfigurationInvalid, "A TLS certificate and its key are given together, or neither.")
	}
	s := &Server{cfg: cfg, log: cfg.Logger, mux: http.NewServeMux(), metrics: newMetrics(), ids: newIDMaker()}
	if cfg.CertFile != "" {
		keeper, err := newCertificateKeeper(cfg.CertFile, cfg.KeyFile, cfg.Logger, cfg.Now)
		if err != nil {
			return nil, err
		}
		s.tls = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: keeper.get}
	}
	s.mux.HandleFunc("/", s.unmatched)
	s.mux.HandleFunc("GET /healthz", s.healthz)
	s.mux.HandleFunc("GET /readyz", s.readyz)
	s.mux.Handle("GET /metrics", s.metrics.handler())
	return s, nil
}

// Handle adds a route, such as "POST /exchange/v1".
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// HandleFunc adds a route.
func (s *Server) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	s.mux.HandleFunc(pattern, h)
}

// Quiet logs successes of a route at debug level only: for the hot path, and
// for what monitors ask every few seconds. Call it before Run.
func (s *Server) Quiet(patterns ...string) { s.metrics.quiet(patterns) }

// Metrics gives the metrics that /metrics shows, to add one's own.
func (s *Server) Metrics() *Metrics { return s.metrics }

// Listen binds the address. Run does it when nobody did before.
func (s *Server) Listen(ctx context.Context) error {
	if s.listener != nil {
		return nil
	}
	if err := s.refusePlain(); err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return problem.Newf(problem.ConfigurationInvalid, "Cannot listen on the given address; is it in use?").Because(err)
	}
	// A name may have resolved to an address that refusePlain could not judge.
	if s.plain() && !isLoopback(l.Addr()) {
		l.Close()
		return errPlain()
	}
	s.listener = l
	return nil
}

// ListenAddr gives the bound address, host:port; empty before Listen.
func (s *Server) ListenAddr() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// URL gives the address as a URL, once listening.
func (s *Server) URL() string {
	scheme := "http"
	if s.tls != nil {
		scheme = "https"
	}
	return scheme + "://" + s.ListenAddr()
}

// Run serves until ctx is done, then drains. It returns nil after a clean end,
// and an error when it could not serve or requests outlived the limit.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(ctx); err != nil {
		return err
	}
	// Requests in flight outlive ctx: they are what draining waits for.
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	srv := &http.Server{
		Handler:           s,
		TLSConfig:         s.tls,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	served := make(chan error, 1)
	go func() { served <- s.serve(srv) }()
	s.log.Info("listening", "url", s.URL())

	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	err := s.drain(requests, srv)
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

func (s *Server) serve(srv *http.Server) error {
	if s.tls != nil {
		return srv.ServeTLS(s.listener, "", "")
	}
	return srv.Serve(s.listener)
}

func (s *Server) drain(requests context.Context, srv *http.Server) error {
	s.draining.Store(true)
	s.log.Info("draining", "delay", s.cfg.DrainDelay, "limit", s.cfg.DrainLimit)
	if s.cfg.DrainDelay > 0 {
		delay := time.NewTimer(s.cfg.DrainDelay)
		<-delay.C
	}
	limit, cancel := context.WithTimeout(requests, s.cfg.DrainLimit)
	defer cancel()
	if err := srv.Shutdown(limit); err != nil {
		return errors.Join(fmt.Errorf("some requests did not finish in %v: %w", s.cfg.DrainLimit, err), srv.Close())
	}
	s.log.Info("drained")
	return nil
}

func (s *Server) plain() bool { return s.tls == nil && !s.cfg.BehindProxy }

// refusePlain refuses what is certainly not loopback before a port opens.
func (s *Server) refusePlain() error {
	host, _, err := net.SplitHostPort(s.cfg.Listen)
	if err != nil {
		return problem.Newf(problem.ConfigurationInvalid, "The listen address must be host:port, such as 127.0.0.1:8080.").Because(err)
	}
	ip := net.ParseIP(host)
	if s.plain() && (host == "" || ip != nil && !ip.IsLoopback()) {
		return errPlain()
	}
	return nil
}

func errPlain() error {
	return problem.Newf(problem.ConfigurationInvalid, "Plain HTTP is served on loopback only. "+
		"Give a TLS certificate and key, or declare the proxy that ends TLS.")
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
