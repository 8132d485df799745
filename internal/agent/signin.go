package agent

import (
	"time"
	"unicode"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// SignInState says how far a sign-in by code has come.
type SignInState string

// The states. Waiting becomes approved when a person approves it in the portal;
// then the agent registers the key and activates, which is done or failed.
const (
	SignInWaiting  SignInState = "waiting"
	SignInApproved SignInState = "approved"
	SignInDone     SignInState = "done"
	SignInFailed   SignInState = "failed"
)

// SignIn is a sign-in by code (R1): the agent shows a code, a person approves it
// in the portal for an organization, and the agent registers its key there and
// activates the row. Without a key, a row that is active only learns its
// organization. It is kept sealed as it is, so that it survives a restart.
type SignIn struct {
	RowKey `json:"row"`

	ID    string      `json:"id"`
	State SignInState `json:"state"`

	UserCode                string    `json:"user_code"`
	VerificationURI         string    `json:"verification_uri"`
	VerificationURIComplete string    `json:"verification_uri_complete"`
	AskedAt                 time.Time `json:"asked_at"`
	ExpiresAt               time.Time `json:"expires_at"` // then it fails, if it is not done

	OrganizationID   string `json:"organization_id"` // once approved
	OrganizationName string `json:"organization_name"`

	// Code and Message say why it failed, or what the last try met that goes on.
	Code    string `json:"code"`
	Message string `json:"message"`

	Secret signInSecret `json:"secret"`
}

// signInSecret is what a sign-in never shows.
type signInSecret struct {
	DeviceCode string        `json:"device_code"`
	Key        string        `json:"key"`
	Token      string        `json:"token"`
	Interval   time.Duration `json:"interval"`
	Failures   int64         `json:"failures"` // in a row, of reaching the publisher
}

// MaskedKey shows the key that is to be activated, without revealing it.
func (s SignIn) MaskedKey() string {
	if s.Secret.Key == "" {
		return ""
	}
	return licensefile.MaskKey(licensefile.NormalizeKey(s.Secret.Key))
}

// ended reports whether nothing more happens.
func (s SignIn) ended() bool { return s.State == SignInDone || s.State == SignInFailed }

// failed ends the sign-in. What it needed is forgotten.
func (s SignIn) failed(p *problem.Problem) SignIn {
	s.State, s.Code, s.Message = SignInFailed, string(p.Code), p.Message
	s.Secret = signInSecret{}
	return s
}

// done ends the sign-in. What it needed is forgotten.
func (s SignIn) done() SignIn {
	s.State, s.Code, s.Message = SignInDone, "", ""
	s.Secret = signInSecret{}
	return s
}

// The longest wait between two tries while the publisher is not reached.
const signInRetryMost = time.Minute

// after gives the sign-in after a try that ended in a problem, and when it goes
// on: the publisher says how long to wait for the person; whoever is not reached
// is tried again, ever later; everything else is the end.
func (s SignIn) after(p *problem.Problem, now time.Time) (SignIn, time.Time) {
	wait := s.Secret.Interval
	switch p.Code {
	case problem.AuthorizationPending, problem.SlowDown:
		// The publisher says how long to wait from now on.
		wait = max(wait, p.RetryAfter)
		s.Secret.Interval, s.Secret.Failures, s.Code, s.Message = wait, 0, "", ""
	case problem.PublisherUnreachable, problem.TooManyFailures, problem.Busy, problem.RequestInProgress:
		s.Secret.Failures++
		wait = max(min(wait<<min(s.Secret.Failures, 8), signInRetryMost), p.RetryAfter)
		s.Code, s.Message = string(p.Code), p.Message
	default:
		return s.failed(p), now
	}
	next := now.Add(wait)
	if next.After(s.ExpiresAt) {
		next = s.ExpiresAt
	}
	return s, next
}

// shown gives a text of somebody else's for pages and terminals: one line, with
// nothing in it that steers either.
func shown(s string) string {
	clean := []rune(readable(s))
	for i, r := range clean {
		if unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			clean[i] = ' '
		}
	}
	return string(clean)
}
