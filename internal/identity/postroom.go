package identity

import (
	"context"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/jobs"
	"github.com/licethq/licet/internal/mail"
)

// Mails gives the outbox to staff, the newest first.
func (s *Service) Mails(ctx context.Context, actor Actor, f mail.Filter, l database.Listing) (database.Page[mail.Mail], error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return database.Page[mail.Mail]{}, err
	}
	return s.Mail.List(s.DB.Read(ctx), f, l)
}

// MailByID gives staff a mail. Errors: not_found, forbidden.
func (s *Service) MailByID(ctx context.Context, actor Actor, id string) (mail.Mail, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return mail.Mail{}, err
	}
	opened, err := s.Mail.Open(s.DB.Read(ctx), id)
	return opened.Mail, err
}

// ReadMail gives an owner a mail with its text, which is there until it is sent
// and may let whoever reads it sign in as its recipient: so that is recorded.
// Errors: not_found, forbidden.
func (s *Service) ReadMail(ctx context.Context, actor Actor, id string) (mail.Opened, error) {
	if err := actor.Require(Owners...); err != nil {
		return mail.Opened{}, err
	}
	var opened mail.Opened
	err := s.DB.InTx(ctx, func(tx *database.Tx) (err error) {
		if opened, err = s.Mail.Open(tx, id); err != nil {
			return err
		}
		return s.recordMail(tx, actor, "mail.read", id)
	})
	return opened, err
}

// RetryMail queues a mail that failed again. Errors: not_found, conflict when it
// did not fail, forbidden.
func (s *Service) RetryMail(ctx context.Context, actor Actor, id string) error {
	if err := actor.Require(Helpers...); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error { return s.retryMail(tx, actor, id) })
}

// SendTestMail writes a mail to the person who acts, to see that mail arrives.
// Errors: forbidden, also for the system, which has no address.
func (s *Service) SendTestMail(ctx context.Context, actor Actor) error {
	if err := actor.Require(Helpers...); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		p, err := PersonByID(tx, actor.PersonID)
		if err != nil {
			return notFound(err)
		}
		err = s.Mail.Send(tx, mail.Message{Kind: "test", To: p.Email, PersonID: p.ID, Language: p.Language, Link: "/"})
		if err != nil {
			return err
		}
		return s.recordMail(tx, actor, "mail.tested", p.ID)
	})
}

func (s *Service) recordMail(tx *database.Tx, actor Actor, kind, id string) error {
	subject := event.Subject{Kind: "mail", ID: id}
	if kind == "mail.tested" {
		subject.Kind = event.Person
	}
	return event.Record(tx, event.Event{At: s.now(), Kind: kind, Actor: actor.Actor, Subject: subject})
}

// Jobs gives the queue to staff, the newest first.
func (s *Service) Jobs(ctx context.Context, actor Actor, f jobs.Filter, l database.Listing) (database.Page[jobs.Job], error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return database.Page[jobs.Job]{}, err
	}
	return jobs.List(s.DB.Read(ctx), f, l)
}

// CountJobs tells staff how many jobs wait and have failed, by kind.
func (s *Service) CountJobs(ctx context.Context, actor Actor) ([]jobs.Counts, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return nil, err
	}
	return jobs.Count(s.DB.Read(ctx))
}

// RetryJob makes a job that failed wait again, and the mail that it is to
// deliver, if that is what it does. Errors: not_found, conflict when it has not
// failed, forbidden.
func (s *Service) RetryJob(ctx context.Context, actor Actor, id string) error {
	if err := actor.Require(Helpers...); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		j, err := jobs.ByID(tx, id)
		if err != nil {
			return err
		}
		if j.Kind == MailJob && j.State == jobs.Failed {
			// Its mail failed with it, and a failed mail is delivered by a job of its own.
			return s.retryMail(tx, actor, j.Payload)
		}
		if err := jobs.Retry(tx, id, s.now()); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: s.now(), Kind: "job.retried", Actor: actor.Actor, Subject: event.Subject{Kind: "job", ID: id},
		})
	})
}

// MailJob is the kind of the jobs that deliver mails; their payload is the id of
// one.
const MailJob = "mail"

// retryMail queues a mail again, and settles the job that gave it up.
func (s *Service) retryMail(tx *database.Tx, actor Actor, id string) error {
	if err := s.Mail.Retry(tx, id); err != nil {
		return err
	}
	if err := jobs.Settle(tx, MailJob, id, s.now()); err != nil {
		return err
	}
	return s.recordMail(tx, actor, "mail.retried", id)
}
