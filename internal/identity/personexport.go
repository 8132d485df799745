package identity

import (
	"context"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/mail"
)

// PersonExport is everything that is kept about a person, but for secrets and
// what only has their id as a subject.
type PersonExport struct {
	Account     Account
	StaffRole   Role
	Memberships []Membership
	Sessions    []Session // ended ones too, until they are cleaned up
	Tokens      []Token
	Passkeys    []Passkey
	Invitations []Invitation // to their address
	Mails       []mail.Mail  // kinds and instants
	Events      []string     // ids of those that they caused
}

// ExportPerson gives everything that is kept about a person to an owner (P19).
// Errors: not_found, forbidden.
func (s *Service) ExportPerson(ctx context.Context, actor Actor, id string) (PersonExport, error) {
	if err := actor.Require(Owners...); err != nil {
		return PersonExport{}, err
	}
	return s.export(ctx, id)
}

// ExportSelf gives a person everything that is kept about them, by a session.
func (s *Service) ExportSelf(ctx context.Context, actor Actor) (PersonExport, error) {
	if err := actor.RequirePerson(); err != nil {
		return PersonExport{}, err
	}
	return s.export(ctx, actor.PersonID)
}

func (s *Service) export(ctx context.Context, id string) (PersonExport, error) {
	var e PersonExport
	err := s.DB.Snapshot(ctx, func(q database.Querier) error {
		a, err := acquaintance(q, id)
		if err != nil {
			return err
		}
		e = PersonExport{StaffRole: a.StaffRole, Memberships: a.Memberships}
		if e.Account, err = accountOf(q, id); err != nil {
			return err
		}
		if e.Sessions, err = sessionsOf(q, id); err != nil {
			return err
		}
		if e.Tokens, err = tokensOf(q, id); err != nil {
			return err
		}
		if e.Passkeys, err = passkeysOf(q, id); err != nil {
			return err
		}
		if e.Invitations, err = invitationsTo(q, emailKey(a.Email)); err != nil {
			return err
		}
		if e.Mails, err = s.Mail.About(q, id, a.Email); err != nil {
			return err
		}
		e.Events, err = eventsBy(q, id)
		return err
	})
	return e, err
}
