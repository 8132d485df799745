package server

import (
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/jobs"
)

// How a mail is tried: after half a minute, then later and later up to every two
// hours, which makes about a day and a half.
const (
	mailTries   = 24
	mailFirst   = 30 * time.Second
	mailLongest = 2 * time.Hour
	mailLimit   = 5 * time.Minute
)

// queueMail queues the delivery of a mail.
func (d *Data) queueMail(tx *database.Tx, mailID string) error {
	_, err := d.Jobs.Add(tx, identity.MailJob, mailID, d.Jobs.Now())
	return err
}

// handlers gives what does the jobs. Without a mail server, mails wait.
func (d *Data) handlers() map[string]jobs.Handler {
	if d.Mail.Transport == nil {
		return nil
	}
	return map[string]jobs.Handler{identity.MailJob: {
		Do: d.Mail.Deliver, GiveUp: d.Mail.GiveUp,
		Tries: mailTries, First: mailFirst, Longest: mailLongest, Limit: mailLimit,
	}}
}
