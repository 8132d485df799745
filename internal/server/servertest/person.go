package servertest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
)

// Password is the password of everybody whom Person makes.
const Password = "correct horse battery staple"

// sessionCookie is the name of the cookie that holds a session.
const sessionCookie = "__Host-licet"

// clientTimeout is long enough for a slow machine.
const clientTimeout = 60 * time.Second

// Person is somebody who has an account with a password.
type Person struct {
	ID       string
	Email    string
	Password string
}

// Person makes somebody with a confirmed address and a password, without the
// mails and hashes that it usually takes.
func (s *Server) Person(t testing.TB, firstName, lastName string) Person {
	t.Helper()
	p := Person{ID: uuid.NewString(), Email: "person-" + uuid.NewString() + "@example.com", Password: Password}
	cheap := identity.Hashing{Memory: 8, Passes: 1, Threads: 1}
	hash, err := cheap.Hash(rand.Reader, Password)
	if err != nil {
		t.Fatalf("hash a password: %v", err)
	}
	s.exec(t, `INSERT INTO person (id, email, email_key, first_name, last_name, password, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Email, p.Email, firstName, lastName, hash, database.Micros(s.now()))
	return p
}

// Staff makes a member of staff with a password.
func (s *Server) Staff(t testing.TB, role identity.Role) Person {
	t.Helper()
	p := s.Person(t, "Staff", string(role))
	s.exec(t, `INSERT INTO staff (person_id, role, created_at) VALUES (?, ?, ?)`, p.ID, string(role), database.Micros(s.now()))
	return p
}

// Member makes somebody with a password who is a member of an organization.
func (s *Server) Member(t testing.TB, organizationID string, role identity.MemberRole) Person {
	t.Helper()
	p := s.Person(t, "Member", string(role))
	s.exec(t, `INSERT INTO membership (organization_id, person_id, role, created_at) VALUES (?, ?, ?, ?)`,
		organizationID, p.ID, string(role), database.Micros(s.now()))
	return p
}

// Session gives a client that speaks for a person by a session of their own,
// made without signing in. It needs no TLS.
func (s *Server) Session(t testing.TB, personID string) *api.Client {
	t.Helper()
	return s.WithCookie(t, s.Cookie(t, personID))
}

// Cookie makes a complete session of a person and gives what its cookie holds.
func (s *Server) Cookie(t testing.TB, personID string) string {
	t.Helper()
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	cookie := base64.RawURLEncoding.EncodeToString(secret[:])
	hash := sha256.Sum256([]byte(cookie))
	now := s.now()
	s.exec(t, `INSERT INTO session (id, person_id, hash, stage, user_agent, address, created_at, last_seen_at, expires_at)
		VALUES (?, ?, ?, 'complete', 'test', '127.0.0.1', ?, ?, ?)`,
		uuid.NewString(), personID, hash[:], database.Micros(now), database.Micros(now), database.Micros(now.AddDate(0, 0, 30)))
	return cookie
}

// Browser gives a client for nobody that keeps cookies, as a browser does. Start
// the server with TLS: session cookies go nowhere else.
func (s *Server) Browser(t testing.TB) *api.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := api.New(s.URL, "")
	client.HTTP = &http.Client{Transport: s.transport(t), Jar: jar, Timeout: clientTimeout}
	return client
}

// transport trusts the certificate of the server.
func (s *Server) transport(t testing.TB) http.RoundTripper {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	if s.Config.CertFile == "" {
		return transport
	}
	text, err := os.ReadFile(s.Config.CertFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("the test certificate cannot be read")
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport
}

// withCookie names a session in every request.
type withCookie struct {
	cookie string
	next   http.RoundTripper
}

// RoundTrip makes the request.
func (c *withCookie) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: c.cookie})
	return c.next.RoundTrip(r)
}

func (s *Server) now() time.Time {
	if s.Config.Now != nil {
		return s.Config.Now()
	}
	return time.Now()
}

func (s *Server) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	err := s.Data.DB.InTx(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("prepare the database: %v", err)
	}
}

// SignIn gives a client that has signed in as a person with their password, in a
// browser of its own. Start the server with TLS.
func (s *Server) SignIn(t testing.TB, p Person) *api.Client {
	t.Helper()
	client := s.Browser(t)
	step, err := client.SignIn(t.Context(), api.SignIn{Email: p.Email, Password: p.Password})
	if err != nil || step.Stage != string(identity.StageComplete) {
		t.Fatalf("sign in: stage %q, %v", step.Stage, err)
	}
	return client
}

// Mail delivers, over SMTP, what the server has written, and gives the oldest mail
// to an address that was not given yet.
func (s *Server) Mail(t testing.TB, to string) mailtest.Mail {
	t.Helper()
	s.Deliver(t)
	return s.inbox.Wait(t, to)
}

// Deliver delivers what the server has written, and gives every mail so far.
func (s *Server) Deliver(t testing.TB) []mailtest.Mail {
	t.Helper()
	s.mail.Lock()
	defer s.mail.Unlock()
	if s.inbox == nil { // it lives as long as the server
		s.inbox = mailtest.Start(s.test)
		s.Data.Mail.Transport = s.inbox.Transport(t)
	}
	waiting, err := database.All(s.Data.DB.Read(t.Context()), database.Value[string],
		`SELECT id FROM mail WHERE sent_at IS NULL AND failed_at IS NULL ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range waiting {
		if err := s.Data.Mail.Deliver(t.Context(), id); err != nil {
			t.Fatalf("deliver a mail: %v", err)
		}
	}
	return s.inbox.Mails()
}

// WithCookie gives a client that brings a session's cookie along, whatever it is.
func (s *Server) WithCookie(t testing.TB, cookie string) *api.Client {
	t.Helper()
	client := api.New(s.URL, "")
	client.HTTP.Transport = &withCookie{cookie: cookie, next: s.transport(t)}
	return client
}
