package agent

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"regexp"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// SourceKind says how a source tells what it knows.
type SourceKind string

// The kinds of source.
const (
	SourceAPI     SourceKind = "api"     // a program enrolls and unenrolls devices through the agent's API
	SourceCSV     SourceKind = "csv"     // lists of devices, each replacing the one before
	SourceNanoMDM SourceKind = "nanomdm" // the webhook of a NanoMDM server
)

// The sources that every agent has from its first start, at the default site.
const (
	DefaultAPISource = "api"
	DefaultCSVSource = "csv"
)

// Source is where facts about devices come from. All its devices are at its site.
type Source struct {
	Name      string
	Kind      SourceKind
	SiteID    string
	SiteName  string
	CreatedAt time.Time
	HeardAt   *time.Time // when it last told something; nil is never

	Devices int64 // managed by it, in lists
}

// NewSource is what a source is made of.
type NewSource struct {
	Name string
	Kind SourceKind
	Site string // id or name; empty is the default site

	// Secret signs the bodies of a webhook. Empty: one is made.
	Secret string
}

// minSecret keeps a webhook's secret from being guessed.
const minSecret = 16

var sourceName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func (n NewSource) check() error {
	var faults problem.Faults
	faults.Check(sourceName.MatchString(n.Name), "/name", "must be 1 to 40 lower-case letters, digits or dashes")
	known := n.Kind == SourceAPI || n.Kind == SourceCSV || n.Kind == SourceNanoMDM
	faults.Check(known, "/kind", "must be api, csv or nanomdm")
	if n.Kind == SourceNanoMDM {
		faults.Check(n.Secret == "" || len(n.Secret) >= minSecret, "/secret", "must be at least 16 characters, or left out")
		faults.Text("/secret", n.Secret, 0, maxIdentifier)
	} else {
		faults.Check(n.Secret == "", "/secret", "only a nanomdm source has one")
	}
	return faults.Err()
}

// CreateSource adds a source. For a webhook it gives the secret, which is shown
// this once. Errors: validation_failed, not_found for the site, conflict when
// the name is taken.
func (a *Agent) CreateSource(ctx context.Context, n NewSource) (s Source, secret string, err error) {
	if err := n.check(); err != nil {
		return Source{}, "", err
	}
	if n.Kind == SourceNanoMDM && n.Secret == "" {
		random := make([]byte, 32)
		rand.Read(random)
		n.Secret = base64.RawURLEncoding.EncodeToString(random)
	}
	s = Source{Name: n.Name, Kind: n.Kind, CreatedAt: a.now()}
	var sealed []byte
	if n.Secret != "" {
		sealed = a.keyring.Seal(purposeWebhook, []byte(n.Secret), []byte(n.Name))
	}
	err = a.db.InTx(ctx, func(tx *database.Tx) error {
		site, err := findSite(tx, n.Site)
		if err != nil {
			return err
		}
		s.SiteID, s.SiteName = site.ID, site.Name
		return insertSource(tx, s, sealed)
	})
	if database.IsUnique(err) {
		err = problem.Newf(problem.Conflict, "There is a source of this name already.").Because(err)
	}
	return s, n.Secret, err
}

// Sources lists the sources with how many managed devices each knows.
func (a *Agent) Sources(ctx context.Context) ([]Source, error) {
	return allSources(a.db.Read(ctx))
}

// source looks a source of a kind up.
func (a *Agent) source(q database.Querier, name string, kind SourceKind) (Source, error) {
	s, _, err := sourceByName(q, name)
	if errors.Is(err, database.ErrNoRows) || err == nil && s.Kind != kind {
		return Source{}, problem.Newf(problem.NotFound, "There is no %s source of this name here. See the list of sources.", kind)
	}
	return s, err
}

// purposeWebhook is the purpose under which webhook secrets are sealed.
const purposeWebhook = "agent webhook secret"

// TakeWebhook takes a webhook call of a NanoMDM server. Events that say nothing
// of a device's management are acknowledged and forgotten. Errors:
// webhook_not_signed when the signature does not match or there is no such
// source, in the same words; validation_failed.
func (a *Agent) TakeWebhook(ctx context.Context, sourceName string, body []byte, signature string) error {
	s, sealed, err := sourceByName(a.db.Read(ctx), sourceName)
	if err != nil && !errors.Is(err, database.ErrNoRows) {
		return err
	}
	var secret []byte
	if err == nil && s.Kind == SourceNanoMDM {
		if secret, err = a.keyring.Open(purposeWebhook, sealed, []byte(s.Name)); err != nil {
			return err
		}
	}
	if !signedBy(secret, body, signature) {
		return problem.New(problem.WebhookNotSigned)
	}
	fact, heeded, err := readNanoMDM(body, s.Name, a.now())
	if err != nil {
		a.log.WarnContext(ctx, "webhook event not taken", "source", s.Name, "error", err.Error())
		return err
	}
	if !heeded {
		return nil
	}
	// What a device-management server reports is a fact and never refused (P7).
	_, err = a.takeFacts(ctx, []Fact{fact}, nil)
	return err
}
