package licensing

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
	"github.com/licethq/licet/licensefile"
)

// Purposes of what is sealed or hashed with the master key.
const (
	purposeKey    = "license key"
	purposeLookup = "license key look-up"
)

// Service holds the verbs of licensing.
type Service struct {
	DB      *database.DB
	Keyring *seal.Keyring
	Issuer  *issuer.Service
	Offers  *catalog.Offers
	People  *identity.Service // drafts the organizations that registering founds
	Now     func() time.Time
	Rand    io.Reader
}

// now gives the time at the precision that is stored.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// lookup gives the hash by which a normalized key is found.
func (s *Service) lookup(normalized string) []byte {
	return s.Keyring.MAC(purposeLookup, []byte(normalized))
}

// IssuedKey is a fresh license key, shown in full this once.
type IssuedKey struct {
	ID  string
	Key string
}

// CreateSubscription issues a subscription of a plan with its primary key. With
// an organization the key is registered at once. Errors: validation_failed,
// not_found for a plan or organization that does not exist, forbidden.
func (s *Service) CreateSubscription(ctx context.Context, actor identity.Actor, n NewSubscription) (Subscription, IssuedKey, error) {
	if err := actor.Require(identity.Owner, identity.Sales); err != nil {
		return Subscription{}, IssuedKey{}, err
	}
	plan, err := catalog.PlanByID(s.DB.Read(ctx), n.PlanID)
	if err != nil {
		return Subscription{}, IssuedKey{}, err
	}
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return Subscription{}, IssuedKey{}, err
	}
	now := s.now()
	today := licensefile.Date(now.In(current.Zone).Format(time.DateOnly))
	if n.StartsOn == "" {
		n.StartsOn = today
	}
	if err := n.Validate(plan.Policy); err != nil {
		return Subscription{}, IssuedKey{}, err
	}
	made, key, text, err := s.draft(n, plan, today, now)
	if err != nil {
		return Subscription{}, IssuedKey{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, made.ID); err != nil {
			return err
		}
		if made.OrganizationID != "" {
			if made.OrganizationName, err = identity.OrganizationName(tx, made.OrganizationID); err != nil {
				return err
			}
		}
		return s.store(tx, actor, made, key, text)
	})
	return made, IssuedKey{ID: key.ID, Key: text}, err
}

// Issued gives a subscription and its primary key in full to staff who may issue
// one. Errors: not_found, forbidden.
func (s *Service) Issued(ctx context.Context, actor identity.Actor, id string) (Subscription, IssuedKey, error) {
	if err := actor.Require(identity.Owner, identity.Sales); err != nil {
		return Subscription{}, IssuedKey{}, err
	}
	found, err := s.subscription(ctx, id)
	if err != nil {
		return Subscription{}, IssuedKey{}, err
	}
	keyID, err := database.One(s.DB.Read(ctx), database.Value[string], `SELECT id FROM license_key
		WHERE subscription_id = ? AND kind = 'primary' AND replaced_by IS NULL`, id)
	if err != nil {
		return Subscription{}, IssuedKey{}, err
	}
	key, err := s.reveal(s.DB.Read(ctx), keyID)
	return found, IssuedKey{ID: keyID, Key: key}, err
}

// reveal gives a key in full.
func (s *Service) reveal(q database.Querier, keyID string) (string, error) {
	sealed, err := database.One(q, database.Value[[]byte], `SELECT sealed FROM license_key WHERE id = ?`, keyID)
	if err != nil {
		return "", err
	}
	plain, err := s.Keyring.Open(purposeKey, sealed, []byte(keyID))
	return string(plain), err
}

// draft makes the rows of a new subscription.
func (s *Service) draft(n NewSubscription, plan catalog.Plan, today licensefile.Date, now time.Time) (Subscription, Key, string, error) {
	subscriptionID, err := newID()
	if err != nil {
		return Subscription{}, Key{}, "", err
	}
	keyID, err := newID()
	if err != nil {
		return Subscription{}, Key{}, "", err
	}
	text, err := GenerateKey(plan.Policy.KeyFormat, s.Rand)
	if err != nil {
		return Subscription{}, Key{}, "", err
	}
	made := Subscription{
		ID: subscriptionID, OrganizationID: n.OrganizationID, PlanID: plan.ID, Quantity: n.Quantity, StartsOn: n.StartsOn,
		EndsOn: n.EndsOn, MaintenanceEndsOn: n.MaintenanceEndsOn, OfflineAllowed: plan.Policy.OfflineAllowed,
		Version: 1, CreatedAt: now,
	}
	if n.OfflineAllowed != nil {
		made.OfflineAllowed = *n.OfflineAllowed
	}
	normalized := licensefile.NormalizeKey(text)
	key := Key{
		ID: keyID, SubscriptionID: subscriptionID, Kind: PrimaryKey, LastFour: licensefile.LastFour(normalized),
		IssuedOn: today, CreatedAt: now,
	}
	if limit := plan.Policy.ActivationsPerKey; limit > 0 {
		key.ActivationLimit = &limit
	}
	return made, key, text, nil
}

func (s *Service) store(tx *database.Tx, actor identity.Actor, made Subscription, key Key, text string) error {
	if err := insertSubscription(tx, made); err != nil {
		return err
	}
	normalized := licensefile.NormalizeKey(text)
	sealed := s.Keyring.Seal(purposeKey, []byte(text), []byte(key.ID))
	if err := insertKey(tx, key, made.OrganizationID, s.lookup(normalized), sealed); err != nil {
		return err
	}
	data := map[string]any{"plan": made.PlanID, "key": key.ID, "starts_on": made.StartsOn, "ends_on": made.EndsOn}
	if made.Quantity != nil {
		data["quantity"] = *made.Quantity
	}
	return event.Record(tx, event.Event{
		At: made.CreatedAt, Kind: "subscription.created", Actor: actor.Actor, OrganizationID: made.OrganizationID,
		Subject: event.Subject{Kind: "subscription", ID: made.ID}, Data: data,
	})
}

// Subscription gives a subscription; not_found when there is none.
func (s *Service) Subscription(ctx context.Context, actor identity.Actor, id string) (Subscription, error) {
	if err := actor.Require(identity.AnyStaff...); err != nil {
		return Subscription{}, err
	}
	return s.subscription(ctx, id)
}

func (s *Service) subscription(ctx context.Context, id string) (Subscription, error) {
	found, err := loadSubscription(s.DB.Read(ctx), id)
	if errors.Is(err, database.ErrNoRows) {
		return found, problem.New(problem.NotFound)
	}
	return found, err
}

// Subscriptions lists subscriptions for staff and for the members of an
// organization who look after keys of theirs.
func (s *Service) Subscriptions(ctx context.Context, actor identity.Actor, organizationID string, l database.Listing) (database.Page[Subscription], error) {
	sight, err := actor.See(organizationID, identity.AnyStaff...)
	if err != nil {
		return database.Page[Subscription]{}, err
	}
	return listSubscriptions(s.DB.Read(ctx), sight, l)
}

// SetOffline allows or forbids offline activation of a subscription (P4). Rows
// that are activated offline already keep working.
func (s *Service) SetOffline(ctx context.Context, actor identity.Actor, id string, allowed bool) (Subscription, error) {
	if err := actor.Require(identity.Owner, identity.Sales, identity.Support); err != nil {
		return Subscription{}, err
	}
	kind := "subscription.offline_forbidden"
	if allowed {
		kind = "subscription.offline_allowed"
	}
	return s.change(ctx, actor, id, kind, func(_ time.Time, c *Subscription) bool {
		changed := c.OfflineAllowed != allowed
		c.OfflineAllowed = allowed
		return changed
	})
}

// Suspend stops a subscription: its rows learn at their next contact and refuse
// every operation; managed devices stay.
func (s *Service) Suspend(ctx context.Context, actor identity.Actor, id string) (Subscription, error) {
	if err := actor.Require(identity.Owner, identity.Sales); err != nil {
		return Subscription{}, err
	}
	return s.change(ctx, actor, id, "subscription.suspended", func(now time.Time, c *Subscription) bool {
		changed := c.SuspendedAt == nil
		if changed {
			c.SuspendedAt = &now
		}
		return changed
	})
}

// Resume lets a suspended subscription run again.
func (s *Service) Resume(ctx context.Context, actor identity.Actor, id string) (Subscription, error) {
	if err := actor.Require(identity.Owner, identity.Sales); err != nil {
		return Subscription{}, err
	}
	return s.change(ctx, actor, id, "subscription.resumed", func(_ time.Time, c *Subscription) bool {
		changed := c.SuspendedAt != nil
		c.SuspendedAt = nil
		return changed
	})
}

// change alters a subscription and records it; an alteration that changes
// nothing is recorded by nobody.
func (s *Service) change(ctx context.Context, actor identity.Actor, id, kind string, alter func(time.Time, *Subscription) bool) (Subscription, error) {
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		found, err := lockSubscription(tx, id)
		if errors.Is(err, database.ErrNoRows) {
			return problem.New(problem.NotFound)
		}
		if err != nil {
			return err
		}
		now := s.now()
		if !alter(now, &found) {
			return nil
		}
		if err := updateSubscription(tx, found); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: now, Kind: kind, Actor: actor.Actor, OrganizationID: found.OrganizationID,
			Subject: event.Subject{Kind: "subscription", ID: id},
		})
	})
	if err != nil {
		return Subscription{}, err
	}
	return s.subscription(ctx, id)
}
