package identity

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// RequestInvitation asks the account administrators of an organization by mail
// to invite somebody: the person who acts, else whoever reads the mail of the
// given address (R2). Nobody learns whether there is such an organization, which
// may be "", or who its administrators are. Each of them gets so many mails an
// hour at most. Errors: validation_failed of a mistyped address.
func (s *Service) RequestInvitation(ctx context.Context, actor Actor, organizationID, email string) error {
	if actor.PersonID == "" {
		var f problem.Faults
		f.Check(validEmail(email), "/email", "must be an email address such as role@example.com")
		if err := f.Err(); err != nil {
			return err
		}
	}
	if organizationID == "" {
		return nil
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		asker, err := s.asker(tx, actor, email)
		if err != nil {
			return err
		}
		k, err := knownIn(tx, organizationID, s.now())
		if err != nil || k.members[emailKey(asker)] {
			return err
		}
		if err := lockMails(tx); err != nil {
			return err
		}
		told, err := s.tellAdministrators(tx, organizationID, asker)
		if err != nil || told == 0 {
			return err
		}
		return event.Record(tx, event.Event{
			At: s.now(), Kind: "invitation.requested", Actor: event.Actor{Kind: event.System, ID: "invitation request", OnBehalfOf: actor.PersonID},
			OrganizationID: organizationID, Subject: event.Subject{Kind: "organization", ID: organizationID}, Data: map[string]any{"mails": told},
		})
	})
}

func (s *Service) asker(q database.Querier, actor Actor, email string) (string, error) {
	if actor.PersonID == "" {
		return email, nil
	}
	p, err := PersonByID(q, actor.PersonID)
	return p.Email, notFound(err)
}

// tellAdministrators mails those who have not had too many mails of late, and
// tells how many they are.
func (s *Service) tellAdministrators(tx *database.Tx, organizationID, asker string) (int, error) {
	settings, _, err := SettingsOf(tx)
	if err != nil {
		return 0, err
	}
	all, err := membershipsIn(tx, organizationID)
	if err != nil {
		return 0, err
	}
	told := 0
	for _, m := range all {
		if !m.administers() {
			continue
		}
		p, err := PersonByID(tx, m.PersonID)
		if err != nil {
			return 0, err
		}
		recent, err := s.Mail.Recent(tx, p.Email, s.now().Add(-time.Hour))
		if err != nil {
			return 0, err
		}
		if recent >= settings.MailsPerHour {
			continue
		}
		told++
		err = s.tellMember(tx, m, "invitation_request", "/members?invite=1", func(language.Tag) map[string]any { return map[string]any{"email": asker} })
		if err != nil {
			return 0, err
		}
	}
	return told, nil
}
