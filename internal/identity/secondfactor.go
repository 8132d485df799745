package identity

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// Factor is what somebody gives besides their password: a code of their
// authenticator app, or a recovery code.
type Factor struct {
	Code         string
	RecoveryCode string
}

// SecondFactor completes a sign-in that wants one. Errors: unauthenticated when
// no sign-in waits for it (any more), second_factor_invalid, busy.
func (s *Service) SecondFactor(ctx context.Context, c Caller, f Factor) (SignedIn, error) {
	session, err := s.session(ctx, c.Session, StageSecondFactor)
	if err != nil {
		return SignedIn{}, err
	}
	var signed SignedIn
	err = s.tryFactor(ctx, s.factorLane(c, session.PersonID), session.PersonID, f, func(tx *database.Tx) error {
		ended, err := endSessionByID(tx, session.ID, s.now())
		if err != nil {
			return err
		}
		if !ended { // a reset, or the same step twice
			return problem.New(problem.Unauthenticated)
		}
		signed, err = s.signIn(tx, c, session.PersonID, StageComplete, bySecondFactor)
		return err
	})
	return signed, err
}

// tryFactor takes a factor, in the lane's turn, and does what it was given for in
// the same transaction.
func (s *Service) tryFactor(ctx context.Context, l Lane, personID string, f Factor, then func(tx *database.Tx) error) error {
	wrong := problem.New(problem.SecondFactorInvalid)
	err := s.Gate.Try(ctx, l, func() (bool, error) {
		err := s.DB.InTx(ctx, func(tx *database.Tx) error {
			if err := lockPerson(tx, personID); err != nil {
				return err
			}
			right, err := s.takeFactor(tx, personID, f)
			if err != nil {
				return err
			}
			if !right {
				return wrong
			}
			return then(tx)
		})
		if errors.Is(err, wrong) {
			return false, nil
		}
		if err != nil {
			return true, err
		}
		wrong = nil
		return true, nil
	})
	if err == nil && wrong != nil {
		err = wrong
	}
	return err
}

// takeFactor uses a factor up; false when it is wrong, or was used before.
func (s *Service) takeFactor(tx *database.Tx, personID string, f Factor) (bool, error) {
	if f.RecoveryCode != "" {
		return useRecoveryCode(tx, personID, s.recoveryHash(personID, f.RecoveryCode), s.now())
	}
	t, err := maybe(confirmedTOTP(tx, personID))
	if err != nil || t == nil {
		return false, err
	}
	step, right, err := s.matchCode(personID, t.Sealed, f.Code)
	if err != nil || !right {
		return false, err
	}
	// A code is taken once: whoever looked over the shoulder is too late.
	return takeStep(tx, personID, step)
}

func (s *Service) matchCode(personID string, sealed []byte, code string) (step int64, right bool, err error) {
	secret, err := s.Keyring.Open(totpPurpose, sealed, []byte(personID))
	if err != nil {
		return 0, false, err
	}
	step, right = matchStep(string(secret), code, s.now())
	return step, right, nil
}

// BeginTOTP makes the secret of an authenticator app; it counts once a first code
// confirms it. publisher is what the app shows. Errors: second_factor_set.
func (s *Service) BeginTOTP(ctx context.Context, actor Actor, publisher string) (TOTPStart, error) {
	if err := actor.RequirePerson(); err != nil {
		return TOTPStart{}, err
	}
	secret := make([]byte, totpSecret)
	if _, err := io.ReadFull(s.Rand, secret); err != nil {
		return TOTPStart{}, err
	}
	text := secretEncoding.EncodeToString(secret)
	sealed := s.Keyring.Seal(totpPurpose, []byte(text), []byte(actor.PersonID))
	var p Person
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := lockPerson(tx, actor.PersonID); err != nil {
			return err
		}
		var err error
		if p, err = PersonByID(tx, actor.PersonID); err != nil {
			return notFound(err)
		}
		stored, err := storeTOTP(tx, p.ID, sealed)
		if err == nil && !stored {
			err = problem.New(problem.SecondFactorSet)
		}
		return err
	})
	if err != nil {
		return TOTPStart{}, err
	}
	return TOTPStart{Secret: text, URL: otpauth(publisher, p.Email, text)}, nil
}

// ConfirmTOTP makes an authenticator app count, with its first code, and gives
// the recovery codes, this once. Errors: second_factor_invalid, second_factor_set,
// not_found when none was begun, busy.
func (s *Service) ConfirmTOTP(ctx context.Context, actor Actor, code string) ([]string, error) {
	if err := actor.RequirePerson(); err != nil {
		return nil, err
	}
	codes, err := s.draftRecoveryCodes()
	if err != nil {
		return nil, err
	}
	right := false
	err = s.Gate.Try(ctx, Lane{Key: "factor of " + actor.PersonID, Known: true}, func() (bool, error) {
		err := s.DB.InTx(ctx, func(tx *database.Tx) error {
			if err := lockPerson(tx, actor.PersonID); err != nil {
				return err
			}
			right, err = s.confirmTOTP(tx, actor, code, codes)
			return err
		})
		return right, err
	})
	if err == nil && !right {
		err = problem.New(problem.SecondFactorInvalid)
	}
	if err != nil {
		return nil, err
	}
	return codes, nil
}

func (s *Service) confirmTOTP(tx *database.Tx, actor Actor, code string, codes []string) (bool, error) {
	t, err := totpOf(tx, actor.PersonID)
	if err != nil {
		return false, notFound(err)
	}
	if t.ConfirmedAt != nil {
		return false, problem.New(problem.SecondFactorSet)
	}
	step, right, err := s.matchCode(actor.PersonID, t.Sealed, code)
	if err != nil || !right {
		return false, err
	}
	if err := confirmTOTP(tx, actor.PersonID, step, s.now()); err != nil {
		return false, err
	}
	if err := s.replaceRecoveryCodes(tx, actor.PersonID, codes); err != nil {
		return false, err
	}
	return true, s.recordPerson(tx, actor, "person.second_factor_set")
}

// recordPerson records what an actor changed on themselves.
func (s *Service) recordPerson(tx *database.Tx, actor Actor, kind string) error {
	return event.Record(tx, event.Event{
		At: s.now(), Kind: kind, Actor: actor.Actor, Subject: event.Subject{Kind: "person", ID: actor.PersonID},
	})
}

func (s *Service) draftRecoveryCodes() ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		var err error
		if codes[i], err = newRecoveryCode(s.Rand); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

func (s *Service) replaceRecoveryCodes(tx *database.Tx, personID string, codes []string) error {
	if err := deleteRecoveryCodes(tx, personID); err != nil {
		return err
	}
	for _, code := range codes {
		if err := insertRecoveryCode(tx, personID, s.recoveryHash(personID, code)); err != nil {
			return err
		}
	}
	return nil
}

// Proof shows that a session's holder is its person: the password, or a factor.
type Proof struct {
	Password string
	Factor
}

// RemoveTOTP removes the actor's second factor and its recovery codes. Errors:
// credentials_invalid or second_factor_invalid when the proof is wrong,
// not_found when there is none, busy.
func (s *Service) RemoveTOTP(ctx context.Context, actor Actor, c Caller, proof Proof) error {
	return s.proven(ctx, actor, c, proof, func(tx *database.Tx) error {
		if err := deleteRecoveryCodes(tx, actor.PersonID); err != nil {
			return err
		}
		removed, err := deleteTOTP(tx, actor.PersonID)
		if err != nil {
			return err
		}
		if !removed {
			return problem.New(problem.NotFound)
		}
		return s.recordPerson(tx, actor, "person.second_factor_removed")
	})
}

// RenewRecoveryCodes replaces the actor's recovery codes; those before work no
// more. Errors as of RemoveTOTP.
func (s *Service) RenewRecoveryCodes(ctx context.Context, actor Actor, c Caller, proof Proof) ([]string, error) {
	codes, err := s.draftRecoveryCodes()
	if err != nil {
		return nil, err
	}
	err = s.proven(ctx, actor, c, proof, func(tx *database.Tx) error {
		if _, err := confirmedTOTP(tx, actor.PersonID); err != nil {
			return notFound(err)
		}
		if err := s.replaceRecoveryCodes(tx, actor.PersonID, codes); err != nil {
			return err
		}
		return s.recordPerson(tx, actor, "person.recovery_codes_renewed")
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// proven does something that a stolen session alone may not.
func (s *Service) proven(ctx context.Context, actor Actor, c Caller, proof Proof, then func(tx *database.Tx) error) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	if strings.TrimSpace(proof.Code+proof.RecoveryCode) != "" {
		return s.tryFactor(ctx, s.factorLane(c, actor.PersonID), actor.PersonID, proof.Factor, then)
	}
	p, err := PersonByID(s.DB.Read(ctx), actor.PersonID)
	if err != nil {
		return notFound(err)
	}
	_, right, err := s.verify(ctx, s.lane(c, p.ID), &p, proof.Password)
	if err != nil {
		return err
	}
	if !right {
		return problem.New(problem.CredentialsInvalid)
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := lockPerson(tx, p.ID); err != nil {
			return err
		}
		return then(tx)
	})
}
