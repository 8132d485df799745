package identity

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/licethq/licet/internal/problem"
)

// Passkey is a key pair on a person's device that signs them in, after the device
// has made sure that it is them.
type Passkey struct {
	ID         string
	PersonID   string
	Name       string
	CreatedAt  time.Time
	LastUsedAt *time.Time // nil before the first sign-in

	credential webauthn.Credential
}

// ceremony is a registration or a sign-in between its two steps.
type ceremony struct {
	ID        string
	PersonID  string // empty while nobody has signed in
	Kind      string
	Session   webauthn.SessionData
	ExpiresAt time.Time
}

// The kinds of ceremony.
const (
	ceremonyRegister = "register"
	ceremonySignIn   = "sign_in"
)

// CeremonyStart is what a browser needs for a ceremony: the options go to
// navigator.credentials as they are.
type CeremonyStart struct {
	ID      string
	Options json.RawMessage
}

// passkeyOwner is a person as the library wants to see them.
type passkeyOwner struct {
	Person
	passkeys []Passkey
}

// WebAuthnID gives the handle that the device keeps: the person's id.
func (o passkeyOwner) WebAuthnID() []byte { return []byte(o.ID) }

// WebAuthnName gives the name that the device shows.
func (o passkeyOwner) WebAuthnName() string { return o.Email }

// WebAuthnDisplayName gives the name that the device shows, for people.
func (o passkeyOwner) WebAuthnDisplayName() string {
	return cmp.Or(strings.TrimSpace(o.FirstName+" "+o.LastName), o.Email)
}

// WebAuthnCredentials gives the passkeys.
func (o passkeyOwner) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(o.passkeys))
	for i, k := range o.passkeys {
		all[i] = k.credential
	}
	return all
}

// relyingParty gives the rules of ceremonies: passkeys belong to the host of the
// public URL, and are used with user verification only.
func (s *Service) relyingParty() (*webauthn.WebAuthn, error) {
	u, err := url.Parse(s.PublicURL)
	if err != nil {
		return nil, err
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: u.Hostname(), RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, problem.Newf(problem.NotSupported, "Passkeys need a public URL with a host name, not an address.").Because(err)
	}
	return w, nil
}

// newerCount reports whether the counter of a passkey went on. A device without
// one always says 0.
func newerCount(before, after uint32) bool { return after > before || before == 0 && after == 0 }
