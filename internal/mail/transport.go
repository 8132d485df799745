package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/licethq/licet/internal/problem"
)

// Transport is a mail server and how to talk to it.
type Transport struct {
	Host     string
	Port     int
	Security Security
	Username string // empty signs in nowhere
	Password string
	From     mail.Address

	Roots   *x509.CertPool // that the mail server's certificate must lead to; nil is the system's
	Timeout time.Duration  // of each step of a conversation; 0 is 30 seconds
}

// Security is how a conversation is kept from others.
type Security string

// The ways of security.
const (
	StartTLS Security = "starttls" // required, not merely tried
	Implicit Security = "tls"      // from the first byte (smtps)
	Plain    Security = "none"     // none: for a mail server on the same machine
)

const defaultTimeout = 30 * time.Second

// ParseTransport reads the address of a mail server and of the sender:
//
//	smtp://USER:PASSWORD@HOST:PORT        STARTTLS, port 587 by default
//	smtps://USER:PASSWORD@HOST:PORT       TLS from the first byte, port 465 by default
//	smtp://HOST:PORT?tls=none             no TLS and no password
//
// A password given apart counts before the one in the URL. from is such as
// "Example Software <licenses@example.com>".
func ParseTransport(smtpURL, password, from string) (*Transport, error) {
	u, err := url.Parse(smtpURL)
	if err != nil {
		return nil, invalid("The mail server's address must be such as smtp://user@mail.example.com:587.") // the cause would repeat the password
	}
	t := &Transport{Host: u.Hostname(), Username: u.User.Username(), Password: password}
	if t.Password == "" {
		t.Password, _ = u.User.Password()
	}
	switch tlsMode := u.Query().Get("tls"); {
	case u.Scheme == "smtps" && u.RawQuery == "":
		t.Security, t.Port = Implicit, gomail.DefaultPortSSL
	case u.Scheme == "smtp" && u.RawQuery == "":
		t.Security, t.Port = StartTLS, gomail.DefaultPortTLS
	case u.Scheme == "smtp" && tlsMode == "none" && u.RawQuery == "tls=none":
		t.Security, t.Port = Plain, gomail.DefaultPort
	default:
		return nil, invalid("The mail server's address must begin with smtp:// or smtps://, and may end in ?tls=none after smtp.")
	}
	if port := u.Port(); port != "" {
		t.Port, _ = strconv.Atoi(port)
	}
	if t.Host == "" || t.Port < 1 || t.Port > 65535 || strings.Trim(u.Path, "/") != "" {
		return nil, invalid("The mail server's address must name a host, and perhaps a port.")
	}
	if t.Username == "" != (t.Password == "") {
		return nil, invalid("The mail server's user and password are given together, or neither.")
	}
	if t.Username != "" && t.Security == Plain {
		return nil, invalid("A password is not sent to a mail server without TLS.")
	}
	sender, err := mail.ParseAddress(from)
	if err != nil || !bareAddress(sender.Address) || oneLine(sender.Name) != sender.Name {
		return nil, invalid("The sender of mails must be such as Example Software <licenses@example.com>.")
	}
	t.From = *sender
	return t, nil
}

func invalid(sentence string) error {
	return problem.Newf(problem.ConfigurationInvalid, "%s", sentence)
}

// refusal is an error of a mail server, or of the way to it.
type refusal struct {
	text string // without the recipient
	// permanent says that the mail server will never take this mail.
	permanent bool
}

// Error gives the text.
func (r *refusal) Error() string { return r.text }

// converse gives one letter to the mail server. It gives a *refusal unless the
// mail server said that it took it.
func (t *Transport) converse(ctx context.Context, id string, l letter, date time.Time) error {
	msg, err := t.message(id, l, date)
	if err != nil {
		return &refusal{text: mask(err.Error(), l.To), permanent: true}
	}
	var hangUp func() bool
	client, err := t.client(func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := t.dial(dialing, network, address)
		if err == nil {
			// Between its steps a conversation knows no context: a caller who leaves ends it.
			hangUp = context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	})
	if err != nil {
		return &refusal{text: mask(err.Error(), l.To)}
	}
	defer func() {
		if hangUp != nil {
			hangUp()
		}
	}()
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil // what went wrong went wrong after the mail was taken
	}
	if err == nil {
		return &refusal{text: "the mail server did not say whether it took the mail"}
	}
	return &refusal{text: mask(err.Error(), l.To), permanent: isPermanent(err)}
}

// isPermanent reports whether the mail server refused the recipient or the mail
// for good. A refused sender or password is the configuration's fault: it may
// be mended while the mail waits.
func isPermanent(err error) bool {
	var s *gomail.SendError
	if !errors.As(err, &s) || s.ErrorCode() < 500 {
		return false
	}
	return s.Reason == gomail.ErrSMTPRcptTo || s.Reason == gomail.ErrSMTPData || s.Reason == gomail.ErrSMTPDataClose
}

// maxError is how much of an error is kept.
const maxError = 300

// mask takes the recipient out of what a mail server said.
func mask(text, recipient string) string {
	text, _, _ = strings.Cut(text, ", affected recipient(s)")
	text = oneLine(text)
	for at := indexFold(text, recipient); at >= 0; at = indexFold(text, recipient) {
		text = text[:at] + "…" + text[at+len(recipient):]
	}
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError], "") + "…"
	}
	return text
}

// indexFold finds part in text whatever the case of ASCII letters is.
func indexFold(text, part string) int {
	for i := 0; part != "" && i+len(part) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}

func (t *Transport) tls() *tls.Config {
	return &tls.Config{ServerName: t.Host, RootCAs: t.Roots, MinVersion: tls.VersionTLS12}
}

func (t *Transport) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if t.Security == Implicit {
		return (&tls.Dialer{Config: t.tls()}).DialContext(ctx, network, address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (t *Transport) client(dial gomail.DialContextFunc) (*gomail.Client, error) {
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	_, domain, _ := strings.Cut(t.From.Address, "@")
	options := []gomail.Option{
		gomail.WithPort(t.Port), gomail.WithTimeout(timeout), gomail.WithHELO(domain),
		gomail.WithTLSConfig(t.tls()), gomail.WithDialContextFunc(dial),
	}
	switch t.Security {
	case Implicit:
		options = append(options, gomail.WithSSL())
	case Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if t.Username != "" {
		options = append(options, gomail.WithOpportunisticSMTPAuth(
			gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin),
			gomail.WithUsername(t.Username), gomail.WithPassword(t.Password))
	}
	return gomail.NewClient(t.Host, options...)
}

// message gives a letter in the form of a mail.
func (t *Transport) message(id string, l letter, date time.Time) (*gomail.Msg, error) {
	if !bareAddress(l.To) {
		return nil, fmt.Errorf("the recipient is not an address")
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(&mail.Address{Name: t.From.Name, Address: t.From.Address})
	m.ToMailAddress(&mail.Address{Address: l.To})
	if bareAddress(l.ReplyTo) {
		if err := m.ReplyTo(l.ReplyTo); err != nil {
			return nil, err
		}
	}
	_, domain, _ := strings.Cut(t.From.Address, "@")
	m.SetMessageIDWithValue(id + "@" + domain)
	m.SetDateWithValue(date)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: vacation notices do not answer
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.Subject(oneLine(l.Subject))
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	return m, nil
}

// Address gives host and port.
func (t *Transport) Address() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }
