package identity

import (
	"context"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// SignedIn is what a step of a sign-in gives. Every step makes a new session
// with a new secret; a cookie that came along is never taken over.
type SignedIn struct {
	PersonID string
	Stage    SessionStage
	Cookie   string // of the session
	Device   string // cookie by which the browser is known from now on; empty before the sign-in is complete
	Days     int64  // the session lives, whatever happens
}

// How somebody signed in, as it is recorded.
const (
	byPassword     = "password"
	bySecondFactor = "second_factor"
	byPasskey      = "passkey"
	byConfirmation = "confirmation"
	byInvitation   = "invitation"
)

// SignIn signs a person in by their password, as far as that goes: a person with
// a second factor still has to give it. Errors: credentials_invalid, whatever is
// wrong; busy.
func (s *Service) SignIn(ctx context.Context, c Caller, email, password string) (SignedIn, error) {
	p, err := maybe(PersonByEmail(s.DB.Read(ctx), email))
	if err != nil {
		return SignedIn{}, err
	}
	personID := ""
	if p != nil {
		personID = p.ID
	}
	fresh, right, err := s.verify(ctx, s.lane(c, personID), p, password)
	if err != nil {
		return SignedIn{}, err
	}
	if !right {
		return SignedIn{}, problem.New(problem.CredentialsInvalid)
	}
	var signed SignedIn
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		// Also locks the person, and notices that the password was changed meanwhile.
		swapped, err := swapPassword(tx, p.ID, p.password, fresh)
		if err != nil {
			return err
		}
		if !swapped {
			return problem.New(problem.CredentialsInvalid)
		}
		stage, err := stageAfterPassword(tx, p.ID)
		if err != nil {
			return err
		}
		signed, err = s.signIn(tx, c, p.ID, stage, byPassword)
		return err
	})
	return signed, err
}

// stageAfterPassword tells how far a right password leads.
func stageAfterPassword(q database.Querier, personID string) (SessionStage, error) {
	t, err := maybe(confirmedTOTP(q, personID))
	if err != nil {
		return "", err
	}
	if t != nil {
		return StageSecondFactor, nil
	}
	return StageComplete, nil
}

// signIn makes a session in the caller's transaction, which holds the person's
// lock. The session that came along ends.
func (s *Service) signIn(tx *database.Tx, c Caller, personID string, stage SessionStage, method string) (SignedIn, error) {
	settings, _, err := SettingsOf(tx)
	if err != nil {
		return SignedIn{}, err
	}
	id, err := newID()
	if err != nil {
		return SignedIn{}, err
	}
	cookie, hash, err := newSecret(s.Rand)
	if err != nil {
		return SignedIn{}, err
	}
	signed := SignedIn{PersonID: personID, Stage: stage, Cookie: cookie, Days: settings.SessionDays}
	if stage == StageComplete {
		if signed.Device, err = s.deviceFor(c, personID); err != nil {
			return SignedIn{}, err
		}
	}
	now := s.now()
	if err := endSessionOf(tx, secretHash(c.Session), now); err != nil {
		return SignedIn{}, err
	}
	organizationID, err := lastLookedAt(tx, personID)
	if err != nil {
		return SignedIn{}, err
	}
	err = insertSession(tx, Session{
		ID: id, PersonID: personID, Stage: stage, OrganizationID: organizationID, UserAgent: c.agent(), Address: c.Address,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(days(settings.SessionDays)),
	}, hash)
	if err != nil {
		return SignedIn{}, err
	}
	return signed, event.Record(tx, event.Event{
		At: now, Kind: "session.created", Actor: event.Actor{Kind: event.Person, ID: personID},
		Subject: event.Subject{Kind: "session", ID: id}, Data: map[string]any{"stage": stage, "method": method},
	})
}

// deviceFor keeps the cookie of a browser that is known, else makes one.
func (s *Service) deviceFor(c Caller, personID string) (string, error) {
	if s.device(c.Device, personID) != "" {
		return c.Device, nil
	}
	return s.newDevice(personID)
}

// SignOut ends the session that a cookie names, however far its sign-in has come.
// A cookie that names none changes nothing.
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		found, err := maybe(sessionByHash(tx, secretHash(cookie)))
		if err != nil || found == nil {
			return err
		}
		return s.endSession(tx, event.Actor{Kind: event.Person, ID: found.PersonID}, found.ID)
	})
}

// endSession ends a live session and records it.
func (s *Service) endSession(tx *database.Tx, actor event.Actor, id string) error {
	now := s.now()
	ended, err := endSessionByID(tx, id, now)
	if err != nil || !ended {
		return err
	}
	return event.Record(tx, event.Event{At: now, Kind: "session.ended", Actor: actor, Subject: event.Subject{Kind: "session", ID: id}})
}
