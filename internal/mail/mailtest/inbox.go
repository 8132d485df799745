package mailtest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	mailing "github.com/licethq/licet/internal/mail"
)

// Inbox is a mail server that keeps what it takes.
type Inbox struct {
	addr  string
	roots *x509.CertPool
	user  string
	pass  string

	mu      sync.Mutex
	changed chan struct{} // closed when a mail arrives
	mails   []arrived
	verdict func(step Step, to string) error
}

// arrived is a mail and whether somebody waited for it.
type arrived struct {
	Mail
	taken bool
}

// Step is a moment of a conversation at which the server may refuse.
type Step string

// The steps of a conversation.
const (
	Recipient Step = "recipient" // RCPT TO
	Data      Step = "data"      // after the mail, before it is taken
	Taken     Step = "taken"     // after it is kept, before the server says so
)

// patience bounds how long Wait waits for a mail that never comes.
const patience = 30 * time.Second

// Start runs a mail server without TLS until the test ends.
func Start(t testing.TB) *Inbox {
	t.Helper()
	return start(t, nil, "", "")
}

func start(t testing.TB, config *tls.Config, user, pass string) *Inbox {
	t.Helper()
	i := &Inbox{changed: make(chan struct{}), user: user, pass: pass}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{inbox: i, conn: c, open: user == ""}, nil
	}))
	s.Domain = "mail.example.com"
	s.TLSConfig = config
	s.ReadTimeout, s.WriteTimeout = patience, patience
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives as long as the test
	if err != nil {
		t.Fatal(err)
	}
	i.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		l.Close() // a server that has not begun to serve yet does not know it
		s.Close() //nolint:errcheck // it may be closed already
		if err := <-served; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the mail server ended: %v", err)
		}
	})
	return i
}

// URL is the address of the mail server, for a server's configuration.
func (i *Inbox) URL() string { return "smtp://" + i.addr + "?tls=none" }

// Transport gives the way to the mail server.
func (i *Inbox) Transport(t testing.TB) *mailing.Transport {
	t.Helper()
	transport, err := mailing.ParseTransport(i.URL(), "", "Example Software <licenses@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

// ErrHangUp is a verdict that breaks the connection without a word.
var ErrHangUp = errors.New("hang up")

// Judge sets what is asked at each step of a conversation; an error, such as a
// *smtp.SMTPError or ErrHangUp, refuses it.
func (i *Inbox) Judge(verdict func(step Step, to string) error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.verdict = verdict
}

func (s *session) judge(step Step, to string) error {
	s.inbox.mu.Lock()
	verdict := s.inbox.verdict
	s.inbox.mu.Unlock()
	if verdict == nil {
		return nil
	}
	err := verdict(step, to)
	if errors.Is(err, ErrHangUp) {
		s.conn.Conn().Close()
	}
	return err
}

func (i *Inbox) keep(m Mail) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mails = append(i.mails, arrived{Mail: m})
	close(i.changed)
	i.changed = make(chan struct{})
}

// take gives the oldest mail to an address that nobody waited for yet, or a
// channel that is closed when another mail arrives.
func (i *Inbox) take(to string) (Mail, <-chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n := range i.mails {
		if m := &i.mails[n]; !m.taken && strings.EqualFold(m.To, to) {
			m.taken = true
			return m.Mail, nil
		}
	}
	return Mail{}, i.changed
}

// Wait gives the oldest mail to an address that no Wait has given yet, and waits
// for it to arrive.
func (i *Inbox) Wait(t testing.TB, to string) Mail {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		m, changed := i.take(to)
		if changed == nil {
			return m
		}
		select {
		case <-changed:
		case <-timer.C:
			t.Fatalf("no mail to %s arrived in %v", to, patience)
		}
	}
}

// Mails gives every mail that has arrived, the oldest first.
func (i *Inbox) Mails() []Mail {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := make([]Mail, len(i.mails))
	for n, m := range i.mails {
		all[n] = m.Mail
	}
	return all
}

// Mail is a mail as it arrived.
type Mail struct {
	From    string // of the envelope
	To      string // of the envelope
	Subject string // decoded
	Text    string // the plain part
	HTML    string // the other part
	Headers mail.Header
	Links   []string // addresses in the plain part
	TLS     bool     // whether it came through TLS
}
