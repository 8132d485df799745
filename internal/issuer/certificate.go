package issuer

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// How long keys last (EXCHANGE, "Parties and trust"). The margin lets a clock
// that is set back a little still find itself inside a new root.
const (
	signsFor    = 365 * 24 * time.Hour
	livesYears  = 12
	rootYears   = 60
	renewBefore = 30 * 24 * time.Hour
	clockMargin = 24 * time.Hour
)

// Certificate is a signing certificate.
type Certificate struct {
	ID          string
	Fingerprint string // SHA-256 of the DER, base64url: how the revocation list names it
	DER         []byte
	NotBefore   time.Time
	NotAfter    time.Time // how long what it signed stays verifiable
	SignsUntil  time.Time
	RevokedAt   *time.Time
	Signing     bool // whether it is the one that signs now

	sealedKey []byte
}

// root is the root's certificate with its private key.
type root struct {
	der []byte
	key ed25519.PrivateKey
}

func newRoot(publisher, name string, now time.Time, rand io.Reader) (root, error) {
	_, key, err := ed25519.GenerateKey(rand)
	if err != nil {
		return root{}, err
	}
	der, err := licensefile.NewRoot(publisher, name, key, now.Add(-clockMargin), now.AddDate(rootYears, 0, 0), rand)
	return root{der: der, key: key}, err
}

// certify makes a signing certificate with a fresh key pair. It is valid from the
// root's beginning: a repeated request gets an answer with its first iat, also
// after a rotation, and that may lie long before the new certificate was made.
func (r root) certify(now time.Time, rand io.Reader) (Certificate, ed25519.PrivateKey, error) {
	public, private, err := ed25519.GenerateKey(rand)
	if err != nil {
		return Certificate{}, nil, err
	}
	parent, err := x509.ParseCertificate(r.der)
	if err != nil {
		return Certificate{}, nil, err
	}
	from, to := parent.NotBefore, now.AddDate(livesYears, 0, 0)
	der, err := licensefile.NewSigningCertificate(r.der, r.key, public, from, to, rand)
	if err != nil {
		return Certificate{}, nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Certificate{}, nil, err
	}
	return Certificate{
		ID: id.String(), Fingerprint: licensefile.CertificateID(der), DER: der,
		NotBefore: from, NotAfter: to, SignsUntil: now.Add(signsFor),
	}, private, nil
}

// parseRootKey reads a root's private key from PEM (PKCS #8) and checks that it
// belongs to the root's certificate.
func parseRootKey(keyPEM, rootDER []byte) (root, error) {
	block, rest := pem.Decode(keyPEM)
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) > 0 {
		return root{}, problem.Newf(problem.ValidationFailed, "The root key file must hold one PEM block PRIVATE KEY.")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return root{}, problem.Newf(problem.ValidationFailed, "The root key file cannot be read.").Because(err)
	}
	key, isEd25519 := parsed.(ed25519.PrivateKey)
	certificate, err := x509.ParseCertificate(rootDER)
	if err != nil {
		return root{}, err
	}
	public, hasEd25519 := certificate.PublicKey.(ed25519.PublicKey)
	if !isEd25519 || !hasEd25519 || !public.Equal(key.Public()) {
		return root{}, problem.Newf(problem.ValidationFailed, "This is not the key of the publisher's root.")
	}
	return root{der: rootDER, key: key}, nil
}

// rootKeyPEM gives a root's private key as PEM (PKCS #8).
func rootKeyPEM(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
