package server

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/licethq/licet/internal/httpapi"
	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/identity"
)

// Run runs a server until ctx is done, and then drains it. Errors:
// configuration_invalid, data_folder_in_use, master_key_wrong,
// database_unavailable, conflict when publisher or time zone are not those of
// the data.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	log, err := cfg.logger()
	if err != nil {
		return err
	}
	if err := checkPublicURL(cfg.PublicURL); err != nil {
		return err
	}
	transport, err := cfg.transport()
	if err != nil {
		return err
	}
	open := opening{
		folder: cfg.Folder, create: true, refuse: cfg.namesMissing(), wait: cfg.LockTimeout,
		logger: log, now: cfg.Now, rand: cfg.Rand,
	}
	if err := open.checkFolder(); err != nil {
		return err
	}
	release, err := lockFolder(cfg.Folder.Path)
	if err != nil {
		return err
	}
	data, err := open.open(ctx)
	if err != nil {
		return errors.Join(err, release())
	}
	data.Mail.Transport = transport
	err = serve(ctx, cfg, data, log)
	return errors.Join(err, data.Close(), release())
}

// serve runs a server on open data.
func serve(ctx context.Context, cfg Config, data *Data, log *slog.Logger) error {
	if err := begin(ctx, cfg, data, log); err != nil {
		return err
	}
	s, err := routes(ctx, cfg, data, log)
	if err != nil {
		return err
	}
	// Schedules outlive the requests that are being drained.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		(&upkeep{data: data, log: log, now: cfg.Now}).run(background)
	}()
	if cfg.Started != nil {
		cfg.Started(s.URL())
	}
	err = s.Run(ctx)
	stop()
	<-stopped
	return err
}

// begin makes the publisher at first start and makes sure that the master key is
// the right one.
func begin(ctx context.Context, cfg Config, data *Data, log *slog.Logger) error {
	publisher, made, err := data.Issuer.Init(ctx, cfg.Publisher, cfg.TimeZone)
	if err != nil {
		return err
	}
	if err := data.Issuer.CheckMasterKey(ctx); err != nil {
		return err
	}
	if made {
		log.InfoContext(ctx, "made the publisher", "publisher_id", publisher.ID)
	}
	if data.Mail.Transport == nil {
		log.WarnContext(ctx, "there is no mail server: mails wait in the console until --smtp-url and --mail-from are given")
	}
	if cfg.Folder.keyLiesWithData() {
		log.WarnContext(ctx, "the master key lies inside the data folder: whoever copies the folder has both; "+
			"keep it elsewhere with --master-key-file or LICET_MASTER_KEY")
	}
	return nil
}

// routes gives a server that listens and knows its routes.
func routes(ctx context.Context, cfg Config, data *Data, log *slog.Logger) (*httpserver.Server, error) {
	s, err := httpserver.New(httpserver.Config{
		Listen: cfg.Listen, CertFile: cfg.CertFile, KeyFile: cfg.KeyFile, BehindProxy: cfg.BehindProxy,
		Ready: data.DB.Ping, Logger: log, Now: cfg.Now, DrainDelay: cfg.DrainDelay,
	})
	if err != nil {
		return nil, err
	}
	if err := s.Listen(ctx); err != nil {
		return nil, err
	}
	publicURL := cfg.PublicURL
	if publicURL == "" {
		publicURL = s.URL()
	}
	data.Mail.PublicURL, data.Identity.PublicURL = publicURL, publicURL
	data.Identity.Gate = identity.NewGate(identity.GateLimits{FailuresPerMinute: cfg.FailuresPerMinute})
	failures := httpserver.NewFailureLimiter(cfg.FailuresPerMinute, cfg.Now)
	s.Handle(exchangeRoute, newExchange(data.Licensing, failures, s.Metrics()))
	s.Quiet(exchangeRoute)
	s.HandleFunc("GET /.well-known/jwks.json", data.jwks)
	_, err = httpapi.Register(s, httpapi.Services{
		Identity: data.Identity, Catalog: data.Catalog, Issuer: data.Issuer, Licensing: data.Licensing,
		Failures: failures, Asked: httpserver.NewFailureLimiter(cfg.FailuresPerMinute, cfg.Now),
		Guessed: httpserver.NewFailureLimiter(cfg.FailuresPerMinute, cfg.Now), PublicURL: publicURL,
	})
	return s, err
}

// jwks serves the public keys for other tools; Licet's own verifiers never ask.
func (d *Data) jwks(w http.ResponseWriter, r *http.Request) {
	set, err := d.Issuer.JWKS(r.Context())
	if err != nil {
		httpserver.Problem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Write(set)
}
