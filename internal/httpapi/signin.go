package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

const (
	// deviceCookie holds by what a browser is known that has signed its person in.
	deviceCookie = "__Host-licet-device"
	// deviceCookieAge is as long as browsers keep any cookie, in seconds.
	deviceCookieAge = 400 * 24 * 60 * 60

	secondsPerDay = 24 * 60 * 60
)

func (h *handlers) registerSignIn() {
	const tag = "Signing in"
	accepted := func(op huma.Operation) huma.Operation {
		op.DefaultStatus = http.StatusAccepted
		return op
	}
	huma.Register(h.api, anonymous("get-support", http.MethodGet, "/support", tag, "Whom to turn to, and what sign-up asks for"), h.support)
	huma.Register(h.api, accepted(anonymous("sign-up", http.MethodPost, "/sign-ups", tag, "Begin an account; a mail says how to go on")), h.signUp)
	huma.Register(h.api, anonymous("confirm-sign-up", http.MethodPost, "/confirmations", tag, "Finish a sign-up with the link of its mail"), h.confirm)
	huma.Register(h.api, anonymous("sign-in", http.MethodPost, "/sign-ins", tag, "Sign in with email and password"), h.signIn)
	huma.Register(h.api, anonymous("sign-in-second-factor", http.MethodPost, "/sign-ins/second-factor", tag,
		"Complete a sign-in with a second factor"), h.secondFactor)
	huma.Register(h.api, accepted(anonymous("request-password-reset", http.MethodPost, "/password-resets", tag,
		"Ask for a mail with which to set a new password")), h.requestReset)
	huma.Register(h.api, empty(anonymous("complete-password-reset", http.MethodPost, "/password-resets/complete", tag,
		"Set a new password and end every session")), h.completeReset)
}

// Browser is what a browser sends along with every request. Huma looks into
// exported embedded types only.
type Browser struct {
	Session   string `cookie:"__Host-licet" hidden:"true"`
	Device    string `cookie:"__Host-licet-device" hidden:"true"`
	UserAgent string `header:"User-Agent" hidden:"true"`
}

func (b Browser) caller(ctx context.Context) identity.Caller {
	return identity.Caller{Address: addressFrom(ctx).String(), UserAgent: b.UserAgent, Session: b.Session, Device: b.Device}
}

// cookieOf gives a cookie that scripts cannot read and other sites do not send,
// for seconds; fewer than none removes it.
func cookieOf(name, value string, seconds int) string {
	c := http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return c.String()
}

// signedIn is the answer of a step of a sign-in.
type signedIn struct {
	SetCookie []string `header:"Set-Cookie"`
	Body      api.SignInStep
}

func answerSignedIn(s identity.SignedIn, err error) (*signedIn, error) {
	if err != nil {
		return nil, err
	}
	out := &signedIn{
		SetCookie: []string{cookieOf(sessionCookie, s.Cookie, int(s.Days)*secondsPerDay)},
		Body:      api.SignInStep{Stage: string(s.Stage)},
	}
	if s.Device != "" {
		out.SetCookie = append(out.SetCookie, cookieOf(deviceCookie, s.Device, deviceCookieAge))
	}
	return out, nil
}

// stored takes so many requests of an address a minute, for what strangers can
// make the server store.
func (h *handlers) stored(ctx context.Context) error {
	address := addressFrom(ctx)
	if err := h.Asked.Allow(address); err != nil {
		p := problem.New(problem.Busy)
		p.RetryAfter = problem.From(err).RetryAfter
		return p
	}
	h.Asked.Fail(address)
	return nil
}

func (h *handlers) support(ctx context.Context, _ *struct{}) (*body[api.Support], error) {
	publisher, err := h.Issuer.Publisher(ctx)
	if err != nil {
		return nil, err
	}
	contact, err := h.Identity.Contact(ctx)
	if err != nil {
		return nil, err
	}
	return &body[api.Support]{Body: api.Support{
		Publisher: publisher.Name, SupportEmail: contact.SupportEmail, SupportURL: contact.SupportURL,
		Languages: texts(language.Tags()), MinPassword: contact.MinPassword,
	}}, nil
}

type signUp struct {
	Browser
	Body api.SignUp
}

// checkMail is the one answer to whoever may not learn whether there is such an
// account.
func checkMail(err error) (*body[api.CheckMail], error) {
	if err != nil {
		return nil, err
	}
	return &body[api.CheckMail]{Body: api.CheckMail{Next: "check_mail"}}, nil
}

func (h *handlers) signUp(ctx context.Context, in *signUp) (*body[api.CheckMail], error) {
	b := in.Body
	return checkMail(h.Identity.SignUp(ctx, in.caller(ctx), identity.NewPerson{
		Email: b.Email, FirstName: b.FirstName, LastName: b.LastName, Password: b.Password, Language: language.Tag(b.Language),
	}))
}

type confirmation struct {
	Browser
	Body api.Confirmation
}

func (h *handlers) confirm(ctx context.Context, in *confirmation) (*signedIn, error) {
	return answerSignedIn(h.Identity.Confirm(ctx, in.caller(ctx), in.Body.Token, in.Body.Password))
}

type signInRequest struct {
	Browser
	Body api.SignIn
}

func (h *handlers) signIn(ctx context.Context, in *signInRequest) (*signedIn, error) {
	return answerSignedIn(h.Identity.SignIn(ctx, in.caller(ctx), in.Body.Email, in.Body.Password))
}

type secondFactor struct {
	Browser
	Body api.SecondFactor
}

func (h *handlers) secondFactor(ctx context.Context, in *secondFactor) (*signedIn, error) {
	return answerSignedIn(h.Identity.SecondFactor(ctx, in.caller(ctx), identity.Factor{Code: in.Body.Code, RecoveryCode: in.Body.RecoveryCode}))
}

type resetRequest struct {
	Languages string `header:"Accept-Language" doc:"Of the mail, when there is no such account."`
	Body      api.ResetRequest
}

func (h *handlers) requestReset(ctx context.Context, in *resetRequest) (*body[api.CheckMail], error) {
	if err := h.stored(ctx); err != nil {
		return nil, err
	}
	return checkMail(h.Identity.RequestReset(ctx, in.Body.Email, language.Match(in.Languages)))
}

type reset struct {
	Browser
	Body api.Reset
}

func (h *handlers) completeReset(ctx context.Context, in *reset) (*struct{}, error) {
	return nil, h.Identity.Reset(ctx, in.caller(ctx), in.Body.Token, in.Body.Password)
}
