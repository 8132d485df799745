package licensefile

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"time"
)

// NewRoot makes a publisher's self-signed root certificate. It carries the
// publisher id (urn:uuid:…) as its only URI name and may certify signing
// certificates, but no further authorities. Name is for people.
func NewRoot(publisher, name string, key crypto.Signer, from, to time.Time, rand io.Reader) ([]byte, error) {
	public, err := publicKey(key)
	if err != nil {
		return nil, err
	}
	if !validPublisher(publisher) {
		return nil, fmt.Errorf("licensefile: %q is not a publisher id", publisher)
	}
	template, err := template(publisher, name, from, to, rand)
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.MaxPathLenZero = true
	template.KeyUsage = x509.KeyUsageCertSign
	return x509.CreateCertificate(rand, template, template, public, key)
}

// NewSigningCertificate has a root certify a key that signs licenses and
// receipts. Its life must lie within the root's: a message is checked against
// both at its own iat.
func NewSigningCertificate(rootDER []byte, root crypto.Signer, public ed25519.PublicKey, from, to time.Time, rand io.Reader) ([]byte, error) {
	parent, publisher, err := parseRoot(rootDER)
	if err != nil {
		return nil, err
	}
	if rootPublic, err := publicKey(root); err != nil || !rootPublic.Equal(parent.PublicKey) {
		return nil, errors.New("licensefile: the root key does not fit the root certificate")
	}
	if from.Before(parent.NotBefore) || to.After(parent.NotAfter) {
		return nil, errors.New("licensefile: a signing certificate must live within its root's life")
	}
	template, err := template(publisher, parent.Subject.CommonName+" signing", from, to, rand)
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	return x509.CreateCertificate(rand, template, parent, public, root)
}

// template gives what both kinds of certificate have.
func template(publisher, name string, from, to time.Time, rand io.Reader) (*x509.Certificate, error) {
	var serial [16]byte
	if _, err := io.ReadFull(rand, serial[:]); err != nil {
		return nil, fmt.Errorf("licensefile: a certificate's serial number: %w", err)
	}
	serial[0] = serial[0]&0x7f | 0x40 // positive and of full length
	id, err := url.Parse(publisher)
	if err != nil {
		return nil, fmt.Errorf("licensefile: publisher id: %w", err)
	}
	if !to.After(from) {
		return nil, errors.New("licensefile: a certificate must end after it starts")
	}
	return &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial[:]),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             from.UTC().Truncate(time.Second),
		NotAfter:              to.UTC().Truncate(time.Second),
		BasicConstraintsValid: true,
		URIs:                  []*url.URL{id},
	}, nil
}

// parseRoot reads a root certificate and checks that it is a publisher's.
func parseRoot(der []byte) (certificate *x509.Certificate, publisher string, err error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, "", refusal(CodeTrustMalformed, err)
	}
	id, err := certificatePublisher(c)
	if err != nil {
		return nil, "", refusal(CodeTrustMalformed, err)
	}
	if !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil, "", refusal(CodeTrustMalformed, errors.New("not a certificate authority"))
	}
	if err := c.CheckSignatureFrom(c); err != nil {
		return nil, "", refusal(CodeTrustMalformed, err)
	}
	return c, id, nil
}

// certificatePublisher gives the publisher id in a certificate of the exchange.
func certificatePublisher(c *x509.Certificate) (string, error) {
	if _, ok := c.PublicKey.(ed25519.PublicKey); !ok {
		return "", errors.New("not an Ed25519 certificate")
	}
	if len(c.UnhandledCriticalExtensions) > 0 {
		return "", errors.New("unknown critical extensions")
	}
	if len(c.URIs) != 1 || !validPublisher(c.URIs[0].String()) {
		return "", errors.New("the certificate does not name one publisher")
	}
	return c.URIs[0].String(), nil
}

// CertificateID gives the id by which a revocation list names a certificate:
// the SHA-256 of its DER form, in base64url.
func CertificateID(der []byte) string {
	sum := sha256.Sum256(der)
	return urlBase64.EncodeToString(sum[:])
}

// TrustPEM gives the trust file of a root certificate, which ParseTrust reads.
func TrustPEM(rootDER []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certificateLabel, Bytes: rootDER})
}
