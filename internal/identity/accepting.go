package identity

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// InvitationInside is what the link of an invitation shows to whoever has it.
type InvitationInside struct {
	OrganizationName string
	Email            string
	Role             MemberRole
	Language         string
	ExpiresAt        time.Time
	Expired          bool
	AccountExists    bool // then its person signs in to accept, else they make an account by accepting
}

// InspectInvitation shows what an invitation is for. Errors: link_invalid when
// the link is not the newest of any, invitation_ended when it was accepted or
// withdrawn.
func (s *Service) InspectInvitation(ctx context.Context, token string) (InvitationInside, error) {
	q := s.DB.Read(ctx)
	i, err := openInvitation(q, token)
	if err != nil {
		return InvitationInside{}, err
	}
	name, err := OrganizationName(q, i.OrganizationID)
	if err != nil {
		return InvitationInside{}, err
	}
	person, err := maybe(PersonByEmail(q, i.Email))
	return InvitationInside{
		OrganizationName: name, Email: i.Email, Role: i.Role, Language: string(i.Language), ExpiresAt: i.ExpiresAt,
		Expired: !s.now().Before(i.ExpiresAt), AccountExists: person != nil,
	}, err
}

// openInvitation gives the invitation of a link that was neither accepted nor
// withdrawn; it may have expired.
func openInvitation(q database.Querier, token string) (Invitation, error) {
	i, err := invitationByHash(q, secretHash(token))
	switch {
	case errors.Is(err, database.ErrNoRows):
		return i, problem.New(problem.LinkInvalid)
	case err == nil && (i.AcceptedAt != nil || i.WithdrawnAt != nil):
		return i, problem.New(problem.InvitationEnded)
	default:
		return i, err
	}
}

// AcceptInvitation makes the person who has signed in a member. An invitation is
// accepted once, by the person of its address. Errors: link_invalid,
// invitation_ended, invitation_for_another, already_member, forbidden for a
// token.
func (s *Service) AcceptInvitation(ctx context.Context, actor Actor, token string) (Membership, error) {
	if err := actor.RequirePerson(); err != nil {
		return Membership{}, err
	}
	var m Membership
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := lockPerson(tx, actor.PersonID); err != nil { // who may be erased at this moment
			return err
		}
		i, err := openInvitation(tx, token)
		if err != nil {
			return err
		}
		p, err := PersonByID(tx, actor.PersonID)
		if err != nil {
			return notFound(err)
		}
		if emailKey(p.Email) != emailKey(i.Email) {
			return problem.New(problem.InvitationForAnother)
		}
		m, err = s.accept(tx, actor, i, token)
		return err
	})
	if database.IsUnique(err) { // by another way, at the same time
		err = problem.New(problem.AlreadyMember).Because(err)
	}
	return m, err
}

// AcceptAsNew makes an account for whoever has the link of an invitation, which
// confirms the address, makes the person a member, and signs them in. Errors:
// link_invalid, invitation_ended, account_exists when the address has an account,
// validation_failed, busy.
func (s *Service) AcceptAsNew(ctx context.Context, c Caller, token string, n NewPerson) (Membership, SignedIn, error) {
	p, err := s.draftGuest(ctx, c, token, n)
	if err != nil {
		return Membership{}, SignedIn{}, err
	}
	actor := Actor{Actor: event.Actor{Kind: event.Person, ID: p.ID}, PersonID: p.ID}
	var m Membership
	var signed SignedIn
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		i, err := openInvitation(tx, token)
		if err != nil {
			return err
		}
		if err := StorePerson(tx, actor, p); err != nil {
			return err
		}
		if m, err = s.accept(tx, actor, i, token); err != nil {
			return err
		}
		if err := endLinks(tx, emailKey(p.Email), s.now()); err != nil { // of a sign-up that waits
			return err
		}
		signed, err = s.signIn(tx, c, p.ID, StageComplete, byInvitation)
		return err
	})
	if database.IsUnique(err) { // somebody with this address was faster
		err = problem.New(problem.AccountExists).Because(err)
	}
	return m, signed, err
}

// draftGuest makes the person of an invitation's address, with a password.
func (s *Service) draftGuest(ctx context.Context, c Caller, token string, n NewPerson) (Person, error) {
	q := s.DB.Read(ctx)
	i, err := openInvitation(q, token)
	if err != nil {
		return Person{}, err
	}
	if !s.now().Before(i.ExpiresAt) {
		return Person{}, problem.New(problem.InvitationEnded)
	}
	known, err := maybe(PersonByEmail(q, i.Email))
	if err != nil {
		return Person{}, err
	}
	if known != nil {
		return Person{}, problem.New(problem.AccountExists)
	}
	settings, _, err := SettingsOf(q)
	if err != nil {
		return Person{}, err
	}
	n.Email = i.Email
	if n.Language == "" {
		n.Language = i.Language
	}
	if err := n.Validate(settings); err != nil {
		return Person{}, err
	}
	hash, err := s.HashPassword(ctx, c, n.Password)
	if err != nil {
		return Person{}, err
	}
	return s.draftPerson(n, hash)
}

// accept uses an invitation up and stores the membership, in the transaction of
// the caller, who has seen that it is the actor's.
func (s *Service) accept(tx *database.Tx, actor Actor, i Invitation, token string) (Membership, error) {
	now := s.now()
	_, err := membershipOf(tx, i.OrganizationID, actor.PersonID)
	if err == nil {
		return Membership{}, problem.New(problem.AlreadyMember)
	}
	if !errors.Is(err, database.ErrNoRows) {
		return Membership{}, err
	}
	accepted, err := acceptInvitation(tx, i.ID, secretHash(token), actor.PersonID, now)
	if err != nil {
		return Membership{}, err
	}
	if !accepted {
		return Membership{}, problem.New(problem.InvitationEnded)
	}
	if err := recordInvitation(tx, actor, i, "accepted", now, nil); err != nil {
		return Membership{}, err
	}
	m := Membership{
		OrganizationID: i.OrganizationID, PersonID: actor.PersonID, Role: i.Role, EverySite: true, Version: 1, Since: now,
	}
	if err := addMember(tx, actor, m); err != nil {
		return Membership{}, err
	}
	return membershipOf(tx, i.OrganizationID, actor.PersonID)
}
