package main

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/licethq/licet/internal/problem"
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
	SMTPURL     string        `name:"smtp-url" placeholder:"URL" env:"LICET_SMTP_URL" help:"Mail server, such as smtp://user@mail.example.com:587 (STARTTLS), smtps://… (TLS) or smtp://127.0.0.1:25?tls=none; mails wait without one. The environment variable LICET_SMTP_PASSWORD may hold the password."`
	SMTPFile    string        `name:"smtp-password-file" type:"path" placeholder:"FILE" env:"LICET_SMTP_PASSWORD_FILE" help:"File that holds the password for the mail server."`
	MailFrom    string        `placeholder:"SENDER" env:"LICET_MAIL_FROM" help:"Sender of mails, such as \"Example Software <licenses@example.com>\"."`
	LogLevel    string        `default:"info" enum:"debug,info,warn,error" env:"LICET_LOG_LEVEL" help:"debug, info, warn or error (${default})."`
	LogFormat   string        `default:"text" enum:"text,json" env:"LICET_LOG_FORMAT" help:"text or json (${default})."`
	DrainDelay  time.Duration `default:"0s" placeholder:"TIME" env:"LICET_DRAIN_DELAY" help:"How long connections are still accepted once /readyz says that the server stops, such as 5s behind a load balancer."`
	Failures    int           `name:"failures-per-minute" default:"10" placeholder:"N" env:"LICET_FAILURES_PER_MINUTE" help:"How many wrong keys, signatures and tokens an address may send a minute (${default})."`
}

// Run runs the server.
func (c *serverCommand) Run(ctx context.Context, p *program) error {
	password, err := c.smtpPassword(p)
	if err != nil {
		return err
	}
	return server.Run(ctx, server.Config{
		Folder: c.folder(p), Listen: c.Listen, PublicURL: c.PublicURL, CertFile: c.TLSCert, KeyFile: c.TLSKey,
		BehindProxy: c.BehindProxy, Publisher: c.Publisher, TimeZone: c.TimeZone,
		SMTPURL: c.SMTPURL, SMTPPassword: password, MailFrom: c.MailFrom, LogLevel: c.LogLevel,
		LogFormat: c.LogFormat, LogTo: p.stderr, FailuresPerMinute: c.Failures, DrainDelay: c.DrainDelay,
	})
}

// maxPassword is how much of a password file is read.
const maxPassword = 4096

// smtpPassword gives the password for the mail server, which never comes by a
// flag: other users of the machine see those.
func (c *serverCommand) smtpPassword(p *program) (string, error) {
	if password := p.getenv("LICET_SMTP_PASSWORD"); password != "" || c.SMTPFile == "" {
		return password, nil
	}
	f, err := os.Open(c.SMTPFile)
	if err != nil {
		return "", problem.Newf(problem.ConfigurationInvalid, "The file of the mail server's password cannot be read.").Because(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPassword))
	if err != nil {
		return "", problem.Newf(problem.ConfigurationInvalid, "The file of the mail server's password cannot be read.").Because(err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
