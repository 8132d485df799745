package mail

import (
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/language"
)

// Filter says which mails a list holds; empty members ask for nothing.
type Filter struct {
	Kind     string
	To       string // the whole address, in any case
	Language language.Tag
	State    State
}

// List gives mails, the newest first, with their recipients.
func (o *Outbox) List(q database.Querier, f Filter, l database.Listing) (database.Page[Mail], error) {
	hash := []byte{}
	if f.To != "" {
		hash = o.hash(f.To)
	}
	found, err := listMails(q, f, hash, l)
	if err != nil {
		return database.Page[Mail]{}, err
	}
	page := database.Page[Mail]{Items: make([]Mail, len(found.Items)), Next: found.Next}
	for i, m := range found.Items {
		opened, err := o.open(m.ID, m.sealed)
		if err != nil {
			return database.Page[Mail]{}, err
		}
		m.To = opened.To
		page.Items[i] = m.Mail
	}
	return page, nil
}

// Opened is a mail with what it says.
type Opened struct {
	Mail
	Subject string
	Text    string // empty once it is sent
}

// Open gives a mail with what it says, which may let whoever reads it sign in.
// Error: not_found.
func (o *Outbox) Open(q database.Querier, id string) (Opened, error) {
	m, err := mailByID(q, id)
	if err != nil {
		return Opened{}, notFound(err)
	}
	l, err := o.open(id, m.sealed)
	if err != nil {
		return Opened{}, err
	}
	m.To = l.To
	return Opened{Mail: m.Mail, Subject: l.Subject, Text: l.Text}, nil
}
