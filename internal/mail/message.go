package mail

import (
	"net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// Message asks for a mail.
type Message struct {
	Kind     string // which mail it is: its words are mail.KIND.subject, .text and perhaps .action
	To       string // a bare address
	PersonID string // who that is, when it is somebody known
	Language language.Tag
	Data     map[string]any // what the words show
	Link     string         // path and query under the public URL, where the action leads; or ""
}

// State tells what became of a mail.
type State string

// The states of a mail.
const (
	Queued State = "queued"
	Sent   State = "sent"
	Failed State = "failed"
)

// Mail is a mail as it stands in the outbox.
type Mail struct {
	ID        string
	Kind      string
	To        string // empty once erased
	Language  language.Tag
	State     State
	Attempts  int64
	LastError string
	CreatedAt time.Time
	SentAt    *time.Time
	FailedAt  *time.Time
}

// maxAddress is what SMTP allows (RFC 5321).
const maxAddress = 254

// bareAddress reports whether s is an address and nothing else: no name, no
// second one, nothing that could end a header.
func bareAddress(s string) bool {
	if len(s) > maxAddress || strings.ContainsFunc(s, unicode.IsControl) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && !strings.ContainsAny(s, " <>\",;")
}

// validate reports what keeps a mail from being written.
func (m Message) validate() error {
	var f problem.Faults
	f.Check(bareAddress(m.To), "/to", "must be an email address such as role@example.com")
	f.Check(language.Valid(string(m.Language)), "/language", "must be en, ja or fr")
	return f.Err()
}

// oneLine gives text without what could end a header or a line of it.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s))
}

// shown gives data as mails may show it: texts on one line.
func shown(data map[string]any) map[string]any {
	all := make(map[string]any, len(data))
	for name, v := range data {
		if s, ok := v.(string); ok {
			v = oneLine(s)
		}
		all[name] = v
	}
	return all
}
