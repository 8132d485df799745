package identity

import (
	"context"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
)

// BlockMember keeps a member out of the organization until they are unblocked:
// their sessions and the tokens that act in the organization end at once (P13).
// Blocking a blocked one changes nothing. Errors: last_administrator,
// version_changed, not_found, forbidden.
func (s *Service) BlockMember(ctx context.Context, actor Actor, organizationID, personID string, version int64) (Colleague, error) {
	err := s.changeMember(ctx, actor, organizationID, personID, version, func(tx *database.Tx, r roster, m Membership) error {
		if m.BlockedAt != nil {
			return nil
		}
		now := s.now()
		becomes := m
		becomes.BlockedAt = &now
		if err := r.mayBecome(personID, &becomes); err != nil {
			return err
		}
		if err := updateMembership(tx, becomes); err != nil {
			return err
		}
		if err := endSessions(tx, personID, "", now); err != nil {
			return err
		}
		if err := s.revokeTokensIn(tx, actor, m); err != nil {
			return err
		}
		if err := recordMember(tx, actor, m, "blocked", now, nil); err != nil {
			return err
		}
		return s.tellMember(tx, m, "blocked", "", nil)
	})
	if err != nil {
		return Colleague{}, err
	}
	return colleague(s.DB.Read(ctx), organizationID, personID)
}

// UnblockMember lets a blocked member in again, as they were but for the tokens,
// which have ended. Errors: version_changed, not_found, forbidden.
func (s *Service) UnblockMember(ctx context.Context, actor Actor, organizationID, personID string, version int64) (Colleague, error) {
	err := s.changeMember(ctx, actor, organizationID, personID, version, func(tx *database.Tx, _ roster, m Membership) error {
		if m.BlockedAt == nil {
			return nil
		}
		m.BlockedAt = nil
		if err := updateMembership(tx, m); err != nil {
			return err
		}
		if err := recordMember(tx, actor, m, "unblocked", s.now(), nil); err != nil {
			return err
		}
		return s.tellMember(tx, m, "unblocked", "/", nil)
	})
	if err != nil {
		return Colleague{}, err
	}
	return colleague(s.DB.Read(ctx), organizationID, personID)
}

// RemoveMember ends a membership, with its grants and tokens; the person may be
// invited again. Errors: last_administrator, version_changed, not_found,
// forbidden.
func (s *Service) RemoveMember(ctx context.Context, actor Actor, organizationID, personID string, version int64) error {
	return s.changeMember(ctx, actor, organizationID, personID, version, func(tx *database.Tx, r roster, m Membership) error {
		if err := s.endMembership(tx, actor, r, m, "removed"); err != nil {
			return err
		}
		return s.tellMember(tx, m, "removed", "", nil)
	})
}

// Leave ends the membership of the person who acts, by a session. A blocked
// member does not find the organization. Errors: last_administrator, not_found,
// forbidden for a token.
func (s *Service) Leave(ctx context.Context, actor Actor, organizationID string) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		r, err := lockRoster(tx, organizationID)
		if err != nil {
			return err
		}
		m := r.of(actor.PersonID)
		if m == nil || m.BlockedAt != nil {
			return problem.New(problem.NotFound)
		}
		return s.endMembership(tx, actor, r, *m, "left")
	})
}

// endMembership takes away a membership and all that hangs on it.
func (s *Service) endMembership(tx *database.Tx, actor Actor, r roster, m Membership, verb string) error {
	if err := r.mayBecome(m.PersonID, nil); err != nil {
		return err
	}
	if err := s.revokeTokensIn(tx, actor, m); err != nil {
		return err
	}
	if err := lookAway(tx, m); err != nil {
		return err
	}
	if err := deleteMembership(tx, m); err != nil {
		return err
	}
	return recordMember(tx, actor, m, verb, s.now(), map[string]any{"role": m.Role})
}

// revokeTokensIn ends the tokens of a member that act in the organization.
func (s *Service) revokeTokensIn(tx *database.Tx, actor Actor, m Membership) error {
	ids, err := tokensIn(tx, m.OrganizationID, m.PersonID)
	if err != nil {
		return err
	}
	return s.revokeTokens(tx, actor, m.OrganizationID, ids)
}

func (s *Service) revokeTokens(tx *database.Tx, actor Actor, organizationID string, ids []string) error {
	now := s.now()
	for _, id := range ids {
		revoked, err := revokeToken(tx, id, now)
		if err == nil && revoked {
			err = event.Record(tx, event.Event{
				At: now, Kind: "token.revoked", Actor: actor.Actor, OrganizationID: organizationID,
				Subject: event.Subject{Kind: "token", ID: id},
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tellMember mails a member what became of their membership.
func (s *Service) tellMember(tx *database.Tx, m Membership, kind, link string, more func(language.Tag) map[string]any) error {
	p, err := PersonByID(tx, m.PersonID)
	if err != nil {
		return err
	}
	tag := p.Language
	data := map[string]any{}
	if more != nil {
		data = more(tag)
	}
	data["organization"] = m.OrganizationName
	return s.Mail.Send(tx, mail.Message{Kind: kind, To: p.Email, PersonID: p.ID, Language: tag, Data: data, Link: link})
}
