package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	mailing "github.com/licethq/licet/internal/mail"
)

// StartSecure runs a mail server that offers STARTTLS, and takes mails only from
// who signs in, which it allows only then.
func StartSecure(t testing.TB, user, password string) *Inbox {
	t.Helper()
	certificate := selfSigned(t)
	i := start(t, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, user, password)
	i.roots = x509.NewCertPool()
	i.roots.AddCert(certificate.Leaf)
	return i
}

// Secure gives the way to a mail server that StartSecure started.
func (i *Inbox) Secure(t testing.TB, user, password string) *mailing.Transport {
	t.Helper()
	transport, err := mailing.ParseTransport("smtp://"+user+"@"+i.addr, password, "Example Software <licenses@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	transport.Roots = i.roots
	return transport
}

func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.com"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.inbox.user || password != s.inbox.pass {
			return smtp.ErrAuthFailed
		}
		s.open = true
		return nil
	}), nil
}
