package agent

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// SignIn asks the publisher to sign in by code, to register a key to a person's
// organization and to activate the row with it. Run does the rest; the same key
// again gives the sign-in that goes on. The key may be left out where a row is
// active and only its organization is asked for. Errors: not_found;
// validation_failed; the publisher's, of a key that could not be activated;
// publisher_unreachable.
func (a *Agent) SignIn(ctx context.Context, site, licenseType, key string) (SignIn, error) {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return SignIn{}, err
	}
	if err := a.checkSignIn(ctx, row, key); err != nil {
		return SignIn{}, err
	}
	known, err := signInOf(a.db.Read(ctx), a.keyring, row.Key())
	if err == nil && !known.ended() && known.Secret.Key == key && a.now().Before(known.ExpiresAt) {
		return known, nil
	}
	if err != nil && !isNoRows(err) {
		return SignIn{}, err
	}
	asked, err := a.ask(ctx, row, key)
	if err != nil {
		return SignIn{}, err
	}
	s, err := a.newSignIn(row, key, asked)
	if err != nil {
		return SignIn{}, err
	}
	err = a.db.InTx(ctx, func(tx *database.Tx) error {
		return saveSignIn(tx, a.keyring, s, s.AskedAt.Add(s.Secret.Interval))
	})
	a.reschedule()
	return s, err
}

// checkSignIn finds out before a person is troubled whether the key could be
// activated once it is registered.
func (a *Agent) checkSignIn(ctx context.Context, row Row, key string) error {
	if a.cfg.Server == "" {
		return problem.Newf(problem.PublisherUnreachable,
			"This agent knows no server. Make a request file instead; the page where it is uploaded registers the key.")
	}
	if key == "" {
		var faults problem.Faults
		faults.Check(row.Held.Active, "/key", "a license key is needed, unless the row is active")
		return faults.Err()
	}
	out, err := a.client.Preview(ctx, row.Slot(), key)
	if err != nil {
		return coded(err)
	}
	switch code := problem.Code(out.Preview.Problem); {
	case !strings.EqualFold(out.Preview.LicenseType, row.Type):
		return problem.New(problem.WrongLicenseType) // not being registered hides it
	case code == "", code == problem.KeyNotRegistered:
		return nil
	case !code.Known():
		return problem.Newf(problem.Conflict, "%s", shown(out.Preview.Message))
	default:
		return problem.New(code)
	}
}

// ask asks the publisher for a code.
func (a *Agent) ask(ctx context.Context, row Row, key string) (api.DeviceAuthorization, error) {
	thumbprint, err := a.client.Thumbprint(ctx)
	if err != nil {
		return api.DeviceAuthorization{}, err
	}
	request := api.DeviceRequest{
		Installation: thumbprint, HostName: strings.TrimSpace(shown(a.hostName)), Product: a.cfg.Product, Version: strings.TrimSpace(shown(a.cfg.Version)),
		LicenseType: row.Type, Site: strings.TrimSpace(shown(row.Site.Name)), Key: key,
	}
	rows, err := a.Rows(ctx)
	if err != nil {
		return api.DeviceAuthorization{}, err
	}
	q := a.db.Read(ctx)
	needs, err := a.needsOrganization(q, rows)
	if err != nil {
		return api.DeviceAuthorization{}, err
	}
	if needs != nil {
		o, err := organizationOf(q)
		if err != nil {
			return api.DeviceAuthorization{}, err
		}
		request.UpgradeFrom = cmp.Or(o.Release, "earlier")
	}
	asked, err := a.management("").AskDevice(ctx, request)
	return asked, codedAPI(err)
}

// newSignIn takes over what the publisher answered, if it can be shown.
func (a *Agent) newSignIn(row Row, key string, asked api.DeviceAuthorization) (SignIn, error) {
	now := a.now()
	s := SignIn{
		RowKey: row.Key(), ID: a.newID(), State: SignInWaiting, UserCode: shown(asked.UserCode),
		VerificationURI: asked.VerificationURI, VerificationURIComplete: asked.VerificationURIComplete,
		AskedAt: now, ExpiresAt: now.Add(time.Duration(asked.ExpiresIn) * time.Second),
		Secret: signInSecret{DeviceCode: asked.DeviceCode, Key: key, Interval: max(time.Duration(asked.Interval)*time.Second, time.Second)},
	}
	for _, address := range []string{s.VerificationURI, s.VerificationURIComplete} {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.String() != shown(address) {
			return SignIn{}, problem.Newf(problem.PublisherUnreachable, "The publisher's answer cannot be used.").Because(err)
		}
	}
	return s, nil
}

// management gives a client of the publisher's management API. Requests hold
// keys and tokens, so they go to the configured server and nowhere else.
func (a *Agent) management(token string) *api.Client {
	c := api.New(a.cfg.Server, token)
	if a.cfg.HTTP != nil {
		c.HTTP = &http.Client{Transport: a.cfg.HTTP.Transport, Timeout: a.cfg.HTTP.Timeout}
	}
	c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// codedAPI turns an error of the management API into a problem that people can
// act on, as coded does for the exchange.
func codedAPI(err error) error {
	if err == nil {
		return nil
	}
	var refused *api.Problem
	if !errors.As(err, &refused) {
		return problem.New(problem.PublisherUnreachable).Because(err)
	}
	if refused.Status >= http.StatusInternalServerError {
		return problem.Newf(problem.PublisherUnreachable, "The publisher's server cannot answer right now. It is tried again.").Because(err)
	}
	p := problem.Newf(problem.Code(refused.Code), "%s", shown(refused.Detail))
	if !p.Code.Known() {
		p.Code = problem.Conflict
	}
	p.RetryAfter = refused.RetryAfter
	return p.Because(err)
}

// RowSignIn gives the sign-in of a row: one that goes on, or how the last one
// went. Errors: not_found.
func (a *Agent) RowSignIn(ctx context.Context, site, licenseType string) (SignIn, error) {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return SignIn{}, err
	}
	s, err := signInOf(a.db.Read(ctx), a.keyring, row.Key())
	if isNoRows(err) {
		err = noSignIn()
	}
	return s, err
}

// ForgetSignIn calls off the sign-in of a row, or forgets how it went. What was
// approved already is not undone. Errors: not_found.
func (a *Agent) ForgetSignIn(ctx context.Context, site, licenseType string) error {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return err
	}
	return a.db.InTx(ctx, func(tx *database.Tx) error {
		there, err := deleteSignIn(tx, row.Key())
		if err == nil && !there {
			err = noSignIn()
		}
		return err
	})
}

func noSignIn() error {
	return problem.Newf(problem.NotFound, "No sign-in of this row goes on. Start one with a license key.")
}

// advance brings a sign-in as far as it gets now, and notes when it goes on.
func (a *Agent) advance(ctx context.Context, s SignIn) {
	next, err := a.step(ctx, s)
	for err == nil && !next.ended() {
		if !a.keepSignIn(ctx, next, a.now()) {
			return
		}
		s = next
		next, err = a.step(ctx, s)
	}
	if ctx.Err() != nil { // stopped: it goes on after the next start
		return
	}
	if err == nil {
		a.keepSignIn(ctx, next, time.Time{})
		return
	}
	p := problem.From(err)
	if !a.now().Before(s.ExpiresAt) {
		p = problem.New(problem.AuthorizationExpired)
	}
	waiting, due := s.after(p, a.now())
	if waiting.ended() {
		a.log.WarnContext(ctx, "a sign-in by code failed", "license_type", s.LicenseType, "code", waiting.Code)
		due = time.Time{}
	}
	a.keepSignIn(ctx, waiting, due)
}

// keepSignIn stores a sign-in, and reports whether it is to go on.
func (a *Agent) keepSignIn(ctx context.Context, s SignIn, due time.Time) bool {
	var current bool
	now := a.now()
	err := a.db.InTx(context.WithoutCancel(ctx), func(tx *database.Tx) error {
		var err error
		current, err = updateSignIn(tx, a.keyring, s, due)
		if err != nil || !current || s.State != SignInDone {
			return err
		}
		o := Organization{ID: s.OrganizationID, Name: s.OrganizationName, Release: a.cfg.Version, SignedInAt: &now}
		if err := saveOrganization(tx, o); err != nil {
			return err
		}
		return a.judge(tx, now)
	})
	if err != nil {
		a.logFailure(ctx, "cannot note a sign-in", err)
		return false
	}
	if s.State == SignInDone {
		a.announce(ctx)
	}
	return current
}

// step does the next thing of a sign-in: it asks whether it was approved,
// registers the key, and activates the row. What was done is not done again.
func (a *Agent) step(ctx context.Context, s SignIn) (SignIn, error) {
	switch {
	case s.State == SignInWaiting:
		got, err := a.management("").DeviceToken(ctx, s.Secret.DeviceCode)
		if err != nil {
			return s, codedAPI(err)
		}
		s.State, s.Code, s.Message = SignInApproved, "", ""
		s.OrganizationID, s.OrganizationName = got.OrganizationID, shown(got.OrganizationName)
		s.ExpiresAt = got.ExpiresAt
		s.Secret.DeviceCode, s.Secret.Token, s.Secret.Failures = "", got.Token, 0
		return s, nil
	case s.Secret.Key == "":
		return s.done(), nil
	case s.Secret.Token != "":
		_, err := a.management(s.Secret.Token).RegisterKey(ctx, api.Registration{Key: s.Secret.Key, OrganizationID: s.OrganizationID})
		if err != nil {
			return s, codedAPI(err)
		}
		s.Secret.Token, s.Secret.Failures = "", 0 // it has served
		return s, nil
	default:
		if _, err := a.Activate(ctx, s.SiteID, s.LicenseType, s.Secret.Key); err != nil {
			return s, err
		}
		return s.done(), nil
	}
}
