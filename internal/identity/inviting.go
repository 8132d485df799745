package identity

import (
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
