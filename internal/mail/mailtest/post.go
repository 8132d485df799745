package mailtest

import (
	"sync"
	"testing"
	"time"

	"github.com/licethq/licet/internal/database"
	mailing "github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/seal"
)

// PublicURL is what links begin with in mails of an outbox that Open gives.
const PublicURL = "https://licet.example.com"

// Post is an outbox and the inbox that it delivers to.
type Post struct {
	*Inbox
	Outbox *mailing.Outbox

	mu     sync.Mutex
	queued []string
}

// Open gives an outbox that delivers, over SMTP, when the test waits for a mail.
func Open(t testing.TB, db *database.DB, keyring *seal.Keyring, now func() time.Time) *Post {
	t.Helper()
	p := &Post{Inbox: Start(t)}
	p.Outbox = &mailing.Outbox{
		DB: db, Keyring: keyring, Now: now, PublicURL: PublicURL, Transport: p.Transport(t), Queue: p.queue,
		Contact: func(database.Querier) (mailing.Contact, error) {
			return mailing.Contact{Publisher: "Example Software", SupportEmail: "support@example.com"}, nil
		},
	}
	return p
}

// queue notes a mail; one whose transaction is rolled back is found absent.
func (p *Post) queue(_ *database.Tx, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queued = append(p.queued, id)
	return nil
}

// Deliver sends what is queued.
func (p *Post) Deliver(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	ids := p.queued
	p.queued = nil
	p.mu.Unlock()
	for _, id := range ids {
		if err := p.Outbox.Deliver(t.Context(), id); err != nil {
			t.Fatalf("deliver a mail: %v", err)
		}
	}
}

// Wait delivers what is queued and gives the oldest mail to an address that no
// Wait has given yet.
func (p *Post) Wait(t testing.TB, to string) Mail {
	t.Helper()
	p.Deliver(t)
	return p.Inbox.Wait(t, to)
}
