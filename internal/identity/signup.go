package identity

import (
	"context"
	"encoding/json"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
)

// The mails of people who sign up or forgot their password. Names that strangers
// give stay out of them.
const (
	mailConfirm         = "confirm"
	mailAccountExists   = "account_exists"
	mailAlreadyInvited  = "already_invited"
	mailReset           = "reset"
	mailNoAccount       = "no_account"
	mailPasswordChanged = "password_changed"
)

const (
	confirmPath   = "/confirm?token="
	resetPath     = "/reset?token="
	signUpPath    = "/sign-up"
	signInPath    = "/sign-in"
	signUpPurpose = "sign-up"
)

// signUpData is what a link keeps, sealed, until it is confirmed.
type signUpData struct {
	Email     string       `json:"email"`
	FirstName string       `json:"first_name"`
	LastName  string       `json:"last_name"`
	Language  language.Tag `json:"language"`
	Password  string       `json:"password"` // its hash
}

// SignUp begins an account. Whatever the address is, the answer and the work are
// the same, and the mail says how to go on (R3): confirm, sign in or reset, or
// that an invitation waits. Errors: validation_failed, busy.
func (s *Service) SignUp(ctx context.Context, c Caller, n NewPerson) error {
	settings, _, err := SettingsOf(s.DB.Read(ctx))
	if err != nil {
		return err
	}
	if err := n.Validate(settings); err != nil {
		return err
	}
	hash, err := s.HashPassword(ctx, c, n.Password)
	if err != nil {
		return err
	}
	confirm, err := s.draftLink(linkConfirm, n.Email, hours(settings.ConfirmHours))
	if err != nil {
		return err
	}
	plain, err := json.Marshal(signUpData{n.Email, n.FirstName, n.LastName, n.Language, hash})
	if err != nil {
		return err
	}
	confirm.Sealed = s.Keyring.Seal(signUpPurpose, plain, []byte(confirm.ID))
	reset, err := s.draftLink(linkReset, n.Email, minutes(settings.ResetMinutes))
	if err != nil {
		return err
	}
	return s.mailing(ctx, n.Email, func(tx *database.Tx) error {
		known, err := maybe(PersonByEmail(tx, n.Email))
		if err != nil {
			return err
		}
		if known != nil {
			return s.sendReset(tx, *known, reset, mailAccountExists)
		}
		return s.sendConfirm(tx, n, confirm)
	})
}

// mailing runs what writes a mail to an address because a stranger asked, unless
// that address got too many of late.
func (s *Service) mailing(ctx context.Context, email string, write func(tx *database.Tx) error) error {
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := lockMails(tx); err != nil {
			return err
		}
		settings, _, err := SettingsOf(tx)
		if err != nil {
			return err
		}
		recent, err := s.Mail.Recent(tx, email, s.now().Add(-time.Hour))
		if err != nil || recent >= settings.MailsPerHour {
			return err
		}
		return write(tx)
	})
}

func (s *Service) sendConfirm(tx *database.Tx, n NewPerson, l link) error {
	m := mail.Message{Kind: mailConfirm, To: n.Email, Language: n.Language, Link: confirmPath + l.secret}
	inviting, err := maybe(invitedBy(tx, l.EmailKey, s.now()))
	if err != nil {
		return err
	}
	if inviting != nil {
		m.Kind, m.Data = mailAlreadyInvited, map[string]any{"organization": *inviting}
	}
	if err := insertLink(tx, l); err != nil {
		return err
	}
	if err := s.recordLink(tx, "sign_up.requested", l); err != nil {
		return err
	}
	return s.Mail.Send(tx, m)
}

func (s *Service) recordLink(tx *database.Tx, kind string, l link) error {
	return event.Record(tx, event.Event{
		At: l.CreatedAt, Kind: kind, Actor: event.Actor{Kind: event.System, ID: "sign-in page"}, Subject: event.Subject{Kind: "link", ID: l.ID},
	})
}

// Confirm makes the account that a sign-up asked for, and signs its person in.
// It takes the link, which only the reader of the mail has, and the password,
// which only whoever signed up has: a stranger who signs up with somebody's
// address would otherwise know the password of the account that this somebody
// confirms. Errors: link_invalid, link_expired, credentials_invalid,
// account_exists when the address got an account meanwhile; busy.
func (s *Service) Confirm(ctx context.Context, c Caller, token, password string) (SignedIn, error) {
	if err := s.checkSignUp(ctx, c, token, password); err != nil {
		return SignedIn{}, err
	}
	var signed SignedIn
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		l, err := takeLink(tx, linkConfirm, token, s.now())
		if err != nil {
			return err
		}
		p, err := s.confirmed(l)
		if err != nil {
			return err
		}
		known, err := maybe(PersonByEmail(tx, p.Email))
		if err != nil {
			return err
		}
		if known != nil {
			return problem.New(problem.AccountExists)
		}
		if err := StorePerson(tx, personActor(p.ID), p); err != nil {
			return err
		}
		if err := endLinks(tx, l.EmailKey, s.now()); err != nil {
			return err
		}
		signed, err = s.signIn(tx, c, p.ID, StageComplete, byConfirmation)
		return err
	})
	if database.IsUnique(err) { // somebody was faster
		err = problem.New(problem.AccountExists).Because(err)
	}
	return signed, err
}

// checkSignUp holds a password against that of the sign-up which a link is for.
func (s *Service) checkSignUp(ctx context.Context, c Caller, token, password string) error {
	l, err := findLink(s.DB.Read(ctx), linkConfirm, token, s.now())
	if err != nil {
		return err
	}
	p, err := s.confirmed(l)
	if err != nil {
		return err
	}
	_, right, err := s.verify(ctx, s.lane(c, p.ID), &p, password)
	if err == nil && !right {
		err = problem.New(problem.CredentialsInvalid)
	}
	return err
}

// confirmed gives the person whom a sign-up asked for.
func (s *Service) confirmed(l link) (Person, error) {
	plain, err := s.Keyring.Open(signUpPurpose, l.Sealed, []byte(l.ID))
	if err != nil {
		return Person{}, err
	}
	var d signUpData
	if err := json.Unmarshal(plain, &d); err != nil {
		return Person{}, err
	}
	return s.draftPerson(NewPerson{Email: d.Email, FirstName: d.FirstName, LastName: d.LastName, Language: d.Language}, d.Password)
}

// StorePerson stores and records a new person in the caller's transaction.
func StorePerson(tx *database.Tx, actor Actor, p Person) error {
	if err := insertPerson(tx, p); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: p.CreatedAt, Kind: "person.created", Actor: actor.Actor,
		Subject: event.Subject{Kind: "person", ID: p.ID}, Data: map[string]any{"language": p.Language},
	})
}
