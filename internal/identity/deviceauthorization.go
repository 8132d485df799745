package identity

import (
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/licethq/licet/internal/problem"
)

// DeviceState says how far a sign-in by code has come.
type DeviceState string

// The states. An authorization leaves pending once, by a person, and approved
// once, by the agent that takes its token.
const (
	DevicePending  DeviceState = "pending"
	DeviceApproved DeviceState = "approved"
	DeviceDenied   DeviceState = "denied"
	DeviceUsed     DeviceState = "used"
)

// DeviceRequest is what an agent that asks to sign in by code says of itself. It
// is kept sealed and shown to whoever enters the code; nothing of it is proven.
type DeviceRequest struct {
	Installation string `json:"installation"` // thumbprint of its key
	HostName     string `json:"host_name"`
	Product      string `json:"product"` // code
	Version      string `json:"version"`
	UpgradeFrom  string `json:"upgrade_from,omitempty"` // the release before; empty at a first activation
	LicenseType  string `json:"license_type"`
	Site         string `json:"site"` // name
	Key          string `json:"key,omitempty"`
	Address      string `json:"address"` // that it asked from, as the server saw it
}

// DeviceAuthorization is a sign-in by code: an agent asks, a person who has
// signed in approves for an organization, and the agent gets a short-lived token
// (R1, in the shape of RFC 8628).
type DeviceAuthorization struct {
	ID             string
	UserCode       string // without its dash
	Request        DeviceRequest
	State          DeviceState
	PersonID       string // who approved or denied it
	OrganizationID string // that it was approved for
	Interval       time.Duration
	PolledAt       *time.Time
	CreatedAt      time.Time
	ExpiresAt      time.Time
}

// An agent waits so long between two polls at first, and so much longer after
// each one that came early (RFC 8628, 3.5).
const (
	pollInterval = 5 * time.Second
	slowDownBy   = 5 * time.Second
)

var thumbprintForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

const (
	maxCode    = 64
	maxVersion = 100
	maxKey     = 200
)

// Validate reports every fault at once. What an agent says is shown to people,
// on pages and in terminals, so it holds nothing that steers either.
func (r DeviceRequest) Validate() error {
	var f problem.Faults
	f.Check(thumbprintForm.MatchString(r.Installation), "/installation", "must be the RFC 7638 thumbprint of the installation's key")
	shown := func(pointer, s string, least, most int) {
		f.Text(pointer, s, least, most)
		f.Check(!strings.ContainsFunc(s, steers), pointer, "must not hold invisible characters")
	}
	shown("/host_name", r.HostName, 0, maxName)
	shown("/product", r.Product, 1, maxCode)
	shown("/version", r.Version, 0, maxVersion)
	shown("/upgrade_from", r.UpgradeFrom, 0, maxVersion)
	shown("/license_type", r.LicenseType, 1, maxCode)
	shown("/site", r.Site, 0, maxName)
	shown("/key", r.Key, 0, maxKey)
	return f.Err()
}

// steers reports whether a character changes how those around it are shown:
// the direction of text, joining, line and paragraph ends.
func steers(r rune) bool { return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }

// userCodeLetters leave out vowels, so that no words arise, and what is taken
// for a digit (RFC 8628, 6.1).
const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// newUserCode makes a code that people read off one screen and type into another.
func newUserCode(random io.Reader) (string, error) {
	code := make([]byte, userCodeLength)
	for i := range code {
		n, err := rand.Int(random, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			return "", err
		}
		code[i] = userCodeLetters[n.Int64()]
	}
	return string(code), nil
}

// ShownUserCode gives a code as agents show it: ABCD-EFGH.
func ShownUserCode(code string) string {
	if len(code) != userCodeLength {
		return code
	}
	return fmt.Sprintf("%s-%s", code[:userCodeLength/2], code[userCodeLength/2:])
}

// parseUserCode reads a code as people type it; "" is none.
func parseUserCode(typed string) string {
	code := strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, typed)
	if len(code) != userCodeLength || strings.Trim(code, userCodeLetters) != "" {
		return ""
	}
	return code
}

// open reports whether a person may still decide.
func (d DeviceAuthorization) open(now time.Time) bool {
	return d.State == DevicePending && now.Before(d.ExpiresAt)
}

// polled gives the authorization after its agent has asked at an instant, and
// the code to answer with; none means that the token is due.
func (d DeviceAuthorization) polled(now time.Time) (DeviceAuthorization, problem.Code) {
	early := d.PolledAt != nil && now.Before(d.PolledAt.Add(d.Interval))
	d.PolledAt = &now
	switch {
	case !now.Before(d.ExpiresAt), d.State == DeviceUsed:
		return d, problem.AuthorizationExpired
	case d.State == DeviceDenied:
		return d, problem.AuthorizationDenied
	case d.State == DeviceApproved:
		return d, ""
	case early:
		d.Interval += slowDownBy
		return d, problem.SlowDown
	default:
		return d, problem.AuthorizationPending
	}
}
