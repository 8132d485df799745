package server

import (
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
)

// Folder says where the data lies and with what it opens.
type Folder struct {
	Path          string // of the data folder
	Database      string // sqlite:PATH or postgres://…; empty is licet.db in the folder
	MasterKeyFile string // empty is master.key in the folder
	MasterKey     string // the text of a master key file, from the environment; counts before the file
}

// Config is everything that a server is told at its start.
type Config struct {
	Folder Folder

	Listen      string // host:port; port 0 takes a free one
	PublicURL   string // where agents and people reach the server; empty is where it listens
	CertFile    string // PEM, with KeyFile: serve TLS
	KeyFile     string
	BehindProxy bool // a proxy ends TLS and sets X-Forwarded-For

	Publisher string // name, at first start
	TimeZone  string // IANA name, at first start

	SMTPURL      string // of the mail server, such as smtp://user@mail.example.com:587; empty keeps mails queued
	SMTPPassword string // counts before one in the URL
	MailFrom     string // sender of mails, such as Example Software <licenses@example.com>

	LogLevel  string // debug, info, warn or error; empty is info
	LogFormat string // text or json; empty is text
	LogTo     io.Writer

	// FailuresPerMinute is how many wrong keys, bad signatures and wrong tokens
	// an address may send; 0 is the default of 10.
	FailuresPerMinute int
	// DrainDelay is how long the server still accepts connections after /readyz
	// said that it is stopping.
	DrainDelay time.Duration

	// LockTimeout is how long a change waits while another process holds the
	// database; 0 is 5 seconds.
	LockTimeout time.Duration

	// Started is called once, with the server's own URL, when it accepts
	// connections; nil is fine.
	Started func(url string)

	Now  func() time.Time // nil is the clock
	Rand io.Reader        // nil is crypto/rand
}

const (
	databaseName  = "licet.db"
	masterKeyName = "master.key"
	lockName      = "server.lock"
)

// databaseURL gives the database to open.
func (f Folder) databaseURL() string {
	if f.Database != "" {
		return f.Database
	}
	return "sqlite:" + filepath.Join(f.Path, databaseName)
}

// sqliteFile gives the file of a SQLite database, or false.
func (f Folder) sqliteFile() (string, bool) {
	return strings.CutPrefix(f.databaseURL(), "sqlite:")
}

func (f Folder) masterKeyFile() string {
	if f.MasterKeyFile != "" {
		return f.MasterKeyFile
	}
	return filepath.Join(f.Path, masterKeyName)
}

// keyLiesWithData reports whether whoever copies the data folder copies the
// master key too.
func (f Folder) keyLiesWithData() bool {
	if f.MasterKey != "" {
		return false
	}
	folder, err1 := filepath.Abs(f.Path)
	key, err2 := filepath.Abs(f.masterKeyFile())
	if err1 != nil || err2 != nil {
		return false
	}
	relative, err := filepath.Rel(folder, key)
	return err == nil && !strings.HasPrefix(relative, "..")
}

func (c Config) logger() (*slog.Logger, error) {
	to, level, format := c.LogTo, c.LogLevel, c.LogFormat
	if to == nil {
		to = os.Stderr
	}
	if level == "" {
		level = "info"
	}
	if format == "" {
		format = "text"
	}
	logger, err := httpserver.NewLogger(to, level, format)
	if err != nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The log level must be debug, info, warn or error, and the format text or json.").Because(err)
	}
	return logger, nil
}

// transport gives the way to the mail server; nil when there is none.
func (c Config) transport() (*mail.Transport, error) {
	if c.SMTPURL == "" && c.MailFrom == "" {
		return nil, nil //nolint:nilnil // mails wait
	}
	if c.SMTPURL == "" || c.MailFrom == "" {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The mail server and the sender of mails are given together: --smtp-url and --mail-from.")
	}
	return mail.ParseTransport(c.SMTPURL, c.SMTPPassword, c.MailFrom)
}

// namesMissing says what a first start lacks.
func (c Config) namesMissing() error {
	if c.Publisher != "" && c.TimeZone != "" {
		return nil
	}
	return problem.Newf(problem.ConfigurationInvalid,
		`The first start needs the publisher's name and time zone, such as --publisher "Example Software" --time-zone Europe/Paris.`)
}

// checkPublicURL refuses what could not be put before a path.
func checkPublicURL(text string) error {
	u, err := url.Parse(text)
	if text == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.User == nil {
		return nil
	}
	return problem.Newf(problem.ConfigurationInvalid, "The public URL must be such as https://licet.example.com.").Because(err)
}
