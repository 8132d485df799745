package identity

import (
	"context"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// Erasing makes another capability forget a person in the transaction that
// erases them.
type Erasing func(tx *database.Tx, p Person) error

// ErasePerson erases a person by an owner, for good (P19): their name, address,
// password, passkeys, second factor, sessions, tokens, memberships, invitations
// and mails. What they did stays in the log under their id, and their address may
// sign up anew, as another person. An organization may be left without an
// administrator by this; staff can invite another. Errors: last_owner, not_found,
// forbidden.
func (s *Service) ErasePerson(ctx context.Context, actor Actor, id string) error {
	if err := actor.Require(Owners...); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error { return s.erase(tx, actor, id, false) })
}

// EraseSelf erases the person who acts by a session, as ErasePerson does, once
// they have named their own address. Errors: last_administrator when one of
// their organizations has no other, last_owner, validation_failed, forbidden for
// a token.
func (s *Service) EraseSelf(ctx context.Context, actor Actor, email string) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		p, err := PersonByID(tx, actor.PersonID)
		if err != nil {
			return notFound(err)
		}
		var f problem.Faults
		f.Check(emailKey(email) == emailKey(p.Email), "/email", "must be the email address of your own account")
		if err := f.Err(); err != nil {
			return err
		}
		return s.erase(tx, actor, actor.PersonID, true)
	})
}

// erase takes locks in the order staff, organizations by id, person.
func (s *Service) erase(tx *database.Tx, actor Actor, id string, keepAdministrators bool) error {
	if err := s.dismissErased(tx, actor, id); err != nil {
		return err
	}
	if err := s.endMemberships(tx, actor, id, keepAdministrators); err != nil {
		return err
	}
	if err := lockPerson(tx, id); err != nil {
		return err
	}
	p, err := PersonByID(tx, id)
	if err != nil {
		return notFound(err)
	}
	if left, err := membershipsOf(tx, id); err != nil || len(left) > 0 { // one came meanwhile
		return again(err)
	}
	if err := deleteTraces(tx, id, emailKey(p.Email)); err != nil {
		return err
	}
	if err := s.Mail.Forget(tx, p.Email); err != nil {
		return err
	}
	if err := s.Mail.ForgetPerson(tx, id); err != nil {
		return err
	}
	for _, forget := range s.Erasing {
		if err := forget(tx, p); err != nil {
			return err
		}
	}
	now := s.now()
	if err := blankPerson(tx, id, now); err != nil {
		return err
	}
	return event.Record(tx, event.Event{At: now, Kind: "person.erased", Actor: actor.Actor, Subject: event.Subject{Kind: "person", ID: id}})
}

func again(err error) error {
	if err == nil {
		return database.ErrAgain
	}
	return err
}

// dismissErased takes somebody who is to be erased off the staff.
func (s *Service) dismissErased(tx *database.Tx, actor Actor, id string) error {
	role, err := roleOf(tx, id)
	if err != nil || role == "" {
		return err
	}
	if err := lockStaff(tx); err != nil {
		return err
	}
	all, err := listStaff(tx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.PersonID != id {
			continue
		}
		if err := mayBecomeStaff(all, m, ""); err != nil {
			return err
		}
		return s.dismiss(tx, actor, m)
	}
	return nil
}

// endMemberships ends those of somebody who is to be erased.
func (s *Service) endMemberships(tx *database.Tx, actor Actor, id string, keepAdministrators bool) error {
	all, err := membershipsOf(tx, id)
	if err != nil {
		return err
	}
	for _, m := range all {
		r, err := lockRoster(tx, m.OrganizationID)
		if err != nil {
			return err
		}
		current := r.of(id)
		if current == nil {
			continue
		}
		if !keepAdministrators {
			r = nil
		}
		if err := s.endMembership(tx, actor, r, *current, "removed"); err != nil {
			return err
		}
	}
	return nil
}
