package licensing

import (
	"context"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail"
)

// SetOffline allows or forbids offline activation of a subscription (P4), and
// answers the request for it if there was one. Rows that are activated offline
// already keep working. Errors: not_found, version_changed, forbidden.
func (s *Service) SetOffline(ctx context.Context, actor identity.Actor, c Change, allowed bool) (Contract, error) {
	if err := actor.Require(identity.Owner, identity.Sales, identity.Support); err != nil {
		return Contract{}, err
	}
	kind := "subscription.offline_forbidden"
	if allowed {
		kind = "subscription.offline_allowed"
	}
	return s.change(ctx, actor, c, func(c *changing) error {
		asked := c.OfflineAskedAt != nil
		if c.OfflineAllowed == allowed && !asked {
			return nil
		}
		c.OfflineAllowed, c.OfflineAskedAt = allowed, nil
		if err := c.save(kind, nil); err != nil || !asked || !allowed {
			return err
		}
		to, err := identity.AdministratorRecipients(c.tx, c.OrganizationID)
		if err != nil {
			return err
		}
		return s.mailAbout(c, "offline_enabled", to)
	})
}

// RequestOffline asks staff to allow offline activation of a subscription (P4).
// Asking again, or where it is allowed already, changes nothing. Errors:
// not_found, forbidden.
func (s *Service) RequestOffline(ctx context.Context, actor identity.Actor, id string) (Contract, error) {
	if err := s.mayAsk(ctx, actor, id); err != nil {
		return Contract{}, err
	}
	return s.change(ctx, actor, Change{ID: id}, func(c *changing) error {
		if c.OfflineAllowed || c.OfflineAskedAt != nil {
			return nil
		}
		c.OfflineAskedAt = &c.now
		if err := c.save("subscription.offline_asked", nil); err != nil {
			return err
		}
		to, err := identity.StaffRecipients(c.tx, identity.Owner, identity.Sales, identity.Support)
		if err != nil {
			return err
		}
		return s.mailAbout(c, "offline_requested", to)
	})
}

// mayAsk gives nil to those who look after a key of the subscription for its
// organization. Staff switch instead of asking.
func (s *Service) mayAsk(ctx context.Context, actor identity.Actor, id string) error {
	q := s.DB.Read(ctx)
	found, err := loadSubscription(q, id)
	if err != nil {
		return absent(err)
	}
	if err := actor.RequireIn(found.OrganizationID, identity.LicenseAdministrator); err != nil {
		return err
	}
	return maySee(q, actor, found)
}

// mailAbout writes mails about the subscription that is being changed.
func (s *Service) mailAbout(c *changing, kind string, to []identity.Recipient) error {
	stored, err := loadContract(c.tx, c.ID)
	if err != nil {
		return err
	}
	offer, err := s.Offers.Offer(c.tx, stored.offer)
	if err != nil {
		return err
	}
	for _, r := range to {
		err := s.People.Mail.Send(c.tx, mail.Message{
			Kind: kind, To: r.Email, PersonID: r.PersonID, Language: r.Language, Link: "/subscriptions/" + c.ID,
			Data: map[string]any{"organization": c.OrganizationName, "product": offer.ProductName, "plan": offer.Name},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
