package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
)

// InvitePrimary invites the primary email of a purchase to administer its
// organization (R2), in the caller's transaction. Whoever is a member or invited
// already is left alone. Errors: validation_failed of a mistyped address or an
// unknown language.
func (s *Service) InvitePrimary(tx *database.Tx, actor Actor, organizationID, email string, lang language.Tag) error {
	guest := Guest{Email: email, Role: AccountAdministrator, Language: lang}
	if !guest.wellFormed() {
		var f problem.Faults
		f.Check(validEmail(email), "/primary_email", "must be an email address such as role@example.com")
		f.Check(language.Valid(string(lang)), "/language", "must be en, ja or fr")
		return f.Err()
	}
	now := s.now()
	k, err := knownIn(tx, organizationID, now)
	if err != nil || k.members[emailKey(email)] || k.invited[emailKey(email)] {
		return err
	}
	settings, _, err := SettingsOf(tx)
	if err != nil {
		return err
	}
	i, err := newInvitation(actor, organizationID, guest, settings, now)
	if err != nil {
		return err
	}
	_, err = s.invite(tx, actor, i)
	return err
}

// newInvitation makes an invitation as it begins.
func newInvitation(actor Actor, organizationID string, g Guest, settings Settings, now time.Time) (Invitation, error) {
	id, err := newID()
	return Invitation{
		ID: id, OrganizationID: organizationID, Email: g.Email, Role: g.Role, Language: g.Language, InvitedBy: actor.PersonID,
		ExpiresAt: now.Add(days(settings.InvitationDays)), SentAt: now, CreatedAt: now,
	}, err
}

// invite stores, records and mails an invitation; false when the address has an
// open one, and then nothing happens.
func (s *Service) invite(tx *database.Tx, actor Actor, i Invitation) (bool, error) {
	secret, hash, err := newSecret(s.Rand)
	if err != nil {
		return false, err
	}
	if err := clearExpired(tx, i.OrganizationID, emailKey(i.Email), i.CreatedAt); err != nil {
		return false, err
	}
	stored, err := insertInvitation(tx, i, hash)
	if err != nil || !stored {
		return false, err
	}
	if err := recordInvitation(tx, actor, i, "created", i.CreatedAt, map[string]any{"role": i.Role}); err != nil {
		return false, err
	}
	return true, s.mailInvitation(tx, i, secret)
}

// mailInvitation sends the link that accepts.
func (s *Service) mailInvitation(tx *database.Tx, i Invitation, secret string) error {
	name, err := OrganizationName(tx, i.OrganizationID)
	if err != nil {
		return err
	}
	settings, _, err := SettingsOf(tx)
	if err != nil {
		return err
	}
	return s.Mail.Send(tx, mail.Message{
		Kind: "invitation", To: i.Email, Language: i.Language,
		Data: map[string]any{"organization": name, "count": int(settings.InvitationDays)}, Link: "/invite?token=" + secret,
	})
}

func recordInvitation(tx *database.Tx, actor Actor, i Invitation, verb string, at time.Time, data map[string]any) error {
	return event.Record(tx, event.Event{
		At: at, Kind: "invitation." + verb, Actor: actor.Actor, OrganizationID: i.OrganizationID,
		Subject: event.Subject{Kind: "invitation", ID: i.ID}, Data: data,
	})
}

// Invite invites everybody on a list, or nobody (P13). Errors: already_member
// and already_invited of a single address, validation_failed with what is wrong
// with each row, not_found, forbidden.
func (s *Service) Invite(ctx context.Context, actor Actor, organizationID string, l GuestList) ([]Invitation, error) {
	if err := actor.RequireIn(organizationID, AccountAdministrator, Sellers...); err != nil {
		return nil, err
	}
	rows, err := l.rows()
	if err != nil {
		return nil, err
	}
	var made []Invitation
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		r, err := lockRoster(tx, organizationID)
		if err != nil {
			return err
		}
		if err := r.admits(actor, Sellers); err != nil {
			return err
		}
		now := s.now()
		k, err := knownIn(tx, organizationID, now)
		if err != nil {
			return err
		}
		if err := l.refuse(judged(slices.Clone(rows), k)); err != nil {
			return err
		}
		made, err = s.inviteAll(tx, actor, organizationID, rows, now)
		return err
	})
	return made, err
}

func (s *Service) inviteAll(tx *database.Tx, actor Actor, organizationID string, rows []GuestRow, now time.Time) ([]Invitation, error) {
	settings, _, err := SettingsOf(tx)
	if err != nil {
		return nil, err
	}
	made, ids := make([]Invitation, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		if made[i], err = newInvitation(actor, organizationID, row.Guest, settings, now); err != nil {
			return nil, err
		}
		stored, err := s.invite(tx, actor, made[i])
		if err != nil {
			return nil, err
		}
		if !stored { // by an order, at the same time
			return nil, problem.New(problem.AlreadyInvited)
		}
		ids[i] = made[i].ID
	}
	return made, actor.Keep(tx, organizationID+" "+strings.Join(ids, " "))
}

// Invited gives what an earlier Invite with the same Idempotency-Key made, as it
// is now. Errors: not_found, forbidden.
func (s *Service) Invited(ctx context.Context, actor Actor, kept string) ([]Invitation, error) {
	organizationID, ids, _ := strings.Cut(kept, " ")
	var all []Invitation
	for _, id := range strings.Fields(ids) {
		found, err := s.Invitation(ctx, actor, organizationID, id)
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

// ResendInvitation mails an open invitation again, with a new link and its whole
// life before it; the link before stops working (P13). Errors: invitation_ended,
// not_found, forbidden.
func (s *Service) ResendInvitation(ctx context.Context, actor Actor, organizationID, id string) (Invitation, error) {
	return s.changeInvitation(ctx, actor, organizationID, id, func(tx *database.Tx, i Invitation) error {
		settings, _, err := SettingsOf(tx)
		if err != nil {
			return err
		}
		secret, hash, err := newSecret(s.Rand)
		if err != nil {
			return err
		}
		i.SentAt = s.now()
		i.ExpiresAt = i.SentAt.Add(days(settings.InvitationDays))
		renewed, err := renewInvitation(tx, i, hash)
		if err != nil {
			return err
		}
		if !renewed {
			return problem.New(problem.InvitationEnded)
		}
		if err := actor.Keep(tx, organizationID+" "+id); err != nil {
			return err
		}
		if err := recordInvitation(tx, actor, i, "resent", i.SentAt, nil); err != nil {
			return err
		}
		return s.mailInvitation(tx, i, secret)
	})
}

// WithdrawInvitation makes the link of an open invitation stop working;
// withdrawing it again changes nothing. Errors: invitation_ended when it was
// accepted, not_found, forbidden.
func (s *Service) WithdrawInvitation(ctx context.Context, actor Actor, organizationID, id string) (Invitation, error) {
	return s.changeInvitation(ctx, actor, organizationID, id, func(tx *database.Tx, i Invitation) error {
		now := s.now()
		withdrawn, err := withdrawInvitation(tx, id, now)
		switch {
		case err != nil:
			return err
		case withdrawn:
			return recordInvitation(tx, actor, i, "withdrawn", now, nil)
		case i.AcceptedAt != nil:
			return problem.New(problem.InvitationEnded)
		default:
			return nil
		}
	})
}

// changeInvitation loads an invitation for an account administrator or a seller
// and lets change change it, in one transaction; it gives how it is then.
func (s *Service) changeInvitation(
	ctx context.Context, actor Actor, organizationID, id string, change func(tx *database.Tx, i Invitation) error,
) (Invitation, error) {
	if err := actor.RequireIn(organizationID, AccountAdministrator, Sellers...); err != nil {
		return Invitation{}, err
	}
	var changed Invitation
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		r, err := lockRoster(tx, organizationID)
		if err != nil {
			return err
		}
		if err := r.admits(actor, Sellers); err != nil {
			return err
		}
		i, err := invitationByID(tx, organizationID, id)
		if err != nil {
			return notFound(err)
		}
		if err := change(tx, i); err != nil {
			return err
		}
		changed, err = invitationByID(tx, organizationID, id)
		return err
	})
	return changed, err
}
