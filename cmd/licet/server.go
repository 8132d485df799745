package main

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/server"
)

// serverCommand runs a server until it is told to stop.
type serverCommand struct {
	folderFlags

	Listen      string        `default:"127.0.0.1:8080" placeholder:"HOST:PORT" env:"LICET_LISTEN" help:"Address to listen on (${default})."`
	PublicURL   string        `name:"public-url" placeholder:"URL" env:"LICET_PUBLIC_URL" help:"Where agents and people reach the server; the listen address by default."`
	Publisher   string        `placeholder:"NAME" env:"LICET_PUBLISHER" help:"Name of the publisher; needed at the first start."`
	TimeZone    string        `placeholder:"ZONE" env:"LICET_TIME_ZONE" help:"Time zone in which subscriptions start and end, such as Europe/Paris; needed at the first start."`
	TLSCert     string        `name:"tls-cert" type:"path" placeholder:"FILE" env:"LICET_TLS_CERT" help:"Certificate chain (PEM); a renewed file is taken up."`
	TLSKey      string        `name:"tls-key" type:"path" placeholder:"FILE" env:"LICET_TLS_KEY" help:"Private key of the certificate (PEM)."`
	BehindProxy bool          `env:"LICET_BEHIND_PROXY" help:"Every request comes through a proxy that ends TLS and sets X-Forwarded-For."`
	LogLevel    string        `default:"info" enum:"debug,info,warn,error" env:"LICET_LOG_LEVEL" help:"debug, info, warn or error (${default})."`
	LogFormat   string        `default:"text" enum:"text,json" env:"LICET_LOG_FORMAT" help:"text or json (${default})."`
	DrainDelay  time.Duration `default:"0s" placeholder:"TIME" env:"LICET_DRAIN_DELAY" help:"How long connections are still accepted once /readyz says that the server stops, such as 5s behind a load balancer."`
	Failures    int           `name:"failures-per-minute" default:"10" placeholder:"N" env:"LICET_FAILURES_PER_MINUTE" help:"How many wrong keys, signatures and tokens an address may send a minute (${default})."`
}

// Run runs the server.
func (c *serverCommand) Run(ctx context.Context, p *program) error {
	return server.Run(ctx, server.Config{
		Folder: c.folder(p), Listen: c.Listen, PublicURL: c.PublicURL, CertFile: c.TLSCert, KeyFile: c.TLSKey,
		BehindProxy: c.BehindProxy, Publisher: c.Publisher, TimeZone: c.TimeZone, LogLevel: c.LogLevel,
		LogFormat: c.LogFormat, LogTo: p.stderr, FailuresPerMinute: c.Failures, DrainDelay: c.DrainDelay,
	})
}
