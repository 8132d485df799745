package identity

import (
	"context"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
)

// RequestReset mails a link that sets a new password (R4), or that there is no
// such account; tag is the language of the latter. The answer is the same.
// Errors: validation_failed.
func (s *Service) RequestReset(ctx context.Context, email string, tag language.Tag) error {
	var f problem.Faults
	f.Check(validEmail(email), "/email", "must be an email address such as role@example.com")
	checkLanguage(&f, tag)
	if err := f.Err(); err != nil {
		return err
	}
	settings, _, err := SettingsOf(s.DB.Read(ctx))
	if err != nil {
		return err
	}
	reset, err := s.draftLink(linkReset, email, minutes(settings.ResetMinutes))
	if err != nil {
		return err
	}
	return s.mailing(ctx, email, func(tx *database.Tx) error {
		known, err := maybe(PersonByEmail(tx, email))
		if err != nil {
			return err
		}
		if known == nil {
			return s.Mail.Send(tx, mail.Message{Kind: mailNoAccount, To: email, Language: tag, Link: signUpPath})
		}
		return s.sendReset(tx, *known, reset, mailReset)
	})
}

// sendReset mails a link with which a person sets a password, in their language.
func (s *Service) sendReset(tx *database.Tx, p Person, l link, kind string) error {
	l.PersonID = p.ID
	if err := insertLink(tx, l); err != nil {
		return err
	}
	if err := s.recordLink(tx, "reset.requested", l); err != nil {
		return err
	}
	return s.Mail.Send(tx, mail.Message{Kind: kind, To: p.Email, PersonID: p.ID, Language: p.Language, Link: resetPath + l.secret})
}

// Reset sets the password of whom the link was mailed to, and ends their
// sessions. It signs nobody in, so that a second factor is asked for as ever.
// Errors: link_invalid, link_expired, validation_failed, busy.
func (s *Service) Reset(ctx context.Context, c Caller, token, password string) error {
	q := s.DB.Read(ctx)
	l, err := findLink(q, linkReset, token, s.now())
	if err != nil {
		return err
	}
	p, err := PersonByID(q, l.PersonID)
	if err != nil {
		return notFound(err)
	}
	if err := s.checkNewPassword(q, p, "/password", password); err != nil {
		return err
	}
	hash, err := s.HashPassword(ctx, c, password)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := lockPerson(tx, p.ID); err != nil {
			return err
		}
		if _, err := takeLink(tx, linkReset, token, s.now()); err != nil {
			return err
		}
		if err := setPassword(tx, p.ID, hash); err != nil {
			return err
		}
		if err := endLinks(tx, l.EmailKey, s.now()); err != nil {
			return err
		}
		// Whoever read the mail is the person.
		return s.changedPassword(tx, personActor(p.ID), p, "")
	})
}

// checkNewPassword reports what keeps a password from becoming a person's.
func (s *Service) checkNewPassword(q database.Querier, p Person, pointer, password string) error {
	settings, _, err := SettingsOf(q)
	if err != nil {
		return err
	}
	var f problem.Faults
	checkPassword(&f, pointer, password, settings.MinPassword, p.Email, p.FirstName, p.LastName)
	return f.Err()
}

// changedPassword ends a person's sessions but one, tells them, and records it.
func (s *Service) changedPassword(tx *database.Tx, actor Actor, p Person, keptSession string) error {
	now := s.now()
	if err := endSessions(tx, p.ID, keptSession, now); err != nil {
		return err
	}
	err := event.Record(tx, event.Event{
		At: now, Kind: "person.password_changed", Actor: actor.Actor, Subject: event.Subject{Kind: "person", ID: p.ID},
	})
	if err != nil {
		return err
	}
	return s.Mail.Send(tx, mail.Message{Kind: mailPasswordChanged, To: p.Email, PersonID: p.ID, Language: p.Language, Link: signInPath})
}

// ChangePassword replaces the actor's own password and ends their other
// sessions. Errors: credentials_invalid when the current one is wrong,
// validation_failed, busy.
func (s *Service) ChangePassword(ctx context.Context, actor Actor, c Caller, current, next string) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	q := s.DB.Read(ctx)
	p, err := PersonByID(q, actor.PersonID)
	if err != nil {
		return notFound(err)
	}
	if err := s.checkNewPassword(q, p, "/new_password", next); err != nil {
		return err
	}
	_, right, err := s.verify(ctx, s.lane(c, p.ID), &p, current)
	if err != nil {
		return err
	}
	if !right {
		return problem.New(problem.CredentialsInvalid)
	}
	hash, err := s.HashPassword(ctx, c, next)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		swapped, err := swapPassword(tx, p.ID, p.password, hash)
		if err != nil {
			return err
		}
		if !swapped {
			return problem.New(problem.CredentialsInvalid)
		}
		return s.changedPassword(tx, actor, p, actor.SessionID)
	})
}
