package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Mail is a mail in the outbox.
type Mail struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind" doc:"Which mail it is, such as invitation."`
	Recipient string     `json:"recipient" doc:"Empty once erased."`
	Language  string     `json:"language"`
	State     string     `json:"state" doc:"queued, sent or failed."`
	Attempts  int64      `json:"attempts"`
	LastError string     `json:"last_error" doc:"What the mail server said last, without the recipient."`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
	FailedAt  *time.Time `json:"failed_at,omitempty"`
}

// MailText is what a mail says.
type MailText struct {
	Subject string `json:"subject"`
	Text    string `json:"text" doc:"Empty once the mail is sent. May hold a link that signs its reader in."`
}

// MailFilter says which mails to list; empty members ask for nothing.
type MailFilter struct {
	Kind      string
	Recipient string // the whole address
	Language  string
	State     string
	Sort      string
}

// Mails lists the outbox.
func (c *Client) Mails(ctx context.Context, f MailFilter, l Listing) (Page[Mail], error) {
	return get[Page[Mail]](ctx, c, "/mails", l.query("kind", f.Kind, "recipient", f.Recipient, "language", f.Language, "state", f.State, "sort", f.Sort))
}

// Mail gives a mail, without what it says.
func (c *Client) Mail(ctx context.Context, id string) (Mail, error) {
	return get[Mail](ctx, c, "/mails/"+url.PathEscape(id), nil)
}

// RevealMail gives what a mail says, which is recorded.
func (c *Client) RevealMail(ctx context.Context, id string) (MailText, error) {
	return send[MailText](ctx, c, http.MethodPost, "/mails/"+url.PathEscape(id)+"/reveal", nil)
}

// RetryMail queues a mail that failed again.
func (c *Client) RetryMail(ctx context.Context, id string) (Mail, error) {
	return send[Mail](ctx, c, http.MethodPost, "/mails/"+url.PathEscape(id)+"/retry", nil)
}

// SendTestMail sends a mail to whoever asks for it.
func (c *Client) SendTestMail(ctx context.Context) error {
	_, _, err := c.do(ctx, http.MethodPost, "/mail-tests", "", nil)
	return err
}
