package licensing

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// ReplaceKey gives a leaked key's place to a new one, which is returned in full
// this once (P19). The new key takes over its name, quota, end, limit, the people
// who look after it and its running activations, which show it after their next
// refresh; the old one answers key_replaced from then on. Errors: key_replaced,
// sublicense_ended, not_found, forbidden.
func (s *Service) ReplaceKey(ctx context.Context, actor identity.Actor, keyID string) (OwnedKey, IssuedKey, error) {
	stored, err := s.replaceable(ctx, actor, keyID)
	if err != nil {
		return OwnedKey{}, IssuedKey{}, err
	}
	old := stored.terms.take()
	plan, err := catalog.PlanByID(s.DB.Read(ctx), old.Subscription.PlanID)
	if err != nil {
		return OwnedKey{}, IssuedKey{}, err
	}
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return OwnedKey{}, IssuedKey{}, err
	}
	now := s.now()
	key, text, err := s.draftKey(old.Key.SubscriptionID, old.Key.Kind, plan.Policy, dayIn(publisher.Zone, now), now)
	if err != nil {
		return OwnedKey{}, IssuedKey{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, key.ID); err != nil {
			return err
		}
		return s.replace(tx, actor, keyID, key, text, publisher.Zone)
	})
	if err != nil {
		return OwnedKey{}, IssuedKey{}, err
	}
	made, err := s.keyByID(ctx, key.ID)
	return made, IssuedKey{ID: key.ID, Key: text}, err
}

// replaceable gives a key to those who may replace it; not_found to others.
func (s *Service) replaceable(ctx context.Context, actor identity.Actor, keyID string) (storedKey, error) {
	stored, err := findKey(s.DB.Read(ctx), keyID, "") // the pool is not asked
	if err != nil {
		return stored, err
	}
	return stored, actor.RequireIn(stored.terms.organization.String, identity.AccountAdministrator, identity.SellersAndHelpers...)
}

// replace puts a new key into an old one's place. The old one is locked before
// its activations are counted and moved, so that none starts or ends meanwhile;
// the serial of every moved slot grows, so that a request which was judged on the
// old key is judged again (updateSlot).
func (s *Service) replace(tx *database.Tx, actor identity.Actor, oldID string, key Key, text string, zone *time.Location) error {
	if _, err := lockSubscription(tx, key.SubscriptionID); err != nil {
		return err
	}
	if err := lockKey(tx, oldID); err != nil {
		return err
	}
	stored, err := findKey(tx, oldID, "")
	if err != nil {
		return err
	}
	old := stored.terms.take()
	switch old.state(dayIn(zone, key.CreatedAt)) {
	case KeyDeleted:
		return problem.New(problem.NotFound)
	case KeyReplacedBy:
		return problem.New(problem.KeyReplaced)
	case KeyEnded:
		return problem.New(problem.SublicenseEnded)
	case KeyValid, KeyUnregistered:
	}
	key.ActivationLimit = old.Key.ActivationLimit
	if err := insertKey(tx, key, old.Subscription.OrganizationID, s.lookup(licensefile.NormalizeKey(text)),
		s.Keyring.Seal(purposeKey, []byte(text), []byte(key.ID))); err != nil {
		return err
	}
	if err := supersedeKey(tx, oldID, key.ID); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: key.CreatedAt, Kind: "key.replaced", Actor: actor.Actor, OrganizationID: old.Subscription.OrganizationID,
		Subject: event.Subject{Kind: "key", ID: oldID}, Data: map[string]any{"replaced_by": key.ID, "rows": stored.rows},
	})
}

// IssuedReplacement gives a key that took another's place, in full, to those who
// may replace it. Errors: not_found, forbidden.
func (s *Service) IssuedReplacement(ctx context.Context, actor identity.Actor, keyID string) (OwnedKey, IssuedKey, error) {
	if _, err := s.replaceable(ctx, actor, keyID); err != nil {
		return OwnedKey{}, IssuedKey{}, err
	}
	return s.issued(ctx, keyID)
}

// issued gives a key with its text.
func (s *Service) issued(ctx context.Context, keyID string) (OwnedKey, IssuedKey, error) {
	found, err := s.keyByID(ctx, keyID)
	if err != nil {
		return OwnedKey{}, IssuedKey{}, err
	}
	text, err := s.reveal(s.DB.Read(ctx), keyID)
	return found, IssuedKey{ID: keyID, Key: text}, err
}
