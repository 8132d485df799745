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

// IssuedKey is a fresh license key, shown in full this once.
type IssuedKey struct {
	ID  string
	Key string
}

// draft is a subscription with its primary key that is not stored yet.
type draft struct {
	subscription Subscription
	key          Key
	text         string // the key in full
}

// CreateSubscription issues a subscription of a plan with its primary key,
// without an order: a trial, say. With an organization the key is registered at
// once. Errors: validation_failed, not_found for a plan or organization that does
// not exist, conflict when the reference is taken, forbidden.
func (s *Service) CreateSubscription(ctx context.Context, actor identity.Actor, n NewSubscription) (Contract, IssuedKey, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Contract{}, IssuedKey{}, err
	}
	plan, err := catalog.PlanByID(s.DB.Read(ctx), n.PlanID)
	if err != nil {
		return Contract{}, IssuedKey{}, err
	}
	now, zone, err := s.today(ctx)
	if err != nil {
		return Contract{}, IssuedKey{}, err
	}
	n = n.completed(plan.Policy, dayIn(zone, now))
	if err := n.Validate(plan.Policy); err != nil {
		return Contract{}, IssuedKey{}, err
	}
	made, err := s.draft(n, plan, zone, now)
	if err != nil {
		return Contract{}, IssuedKey{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, made.subscription.ID); err != nil {
			return err
		}
		if n.OrganizationID != "" {
			if _, err := identity.OrganizationName(tx, n.OrganizationID); err != nil {
				return err
			}
		}
		return s.store(tx, actor, made, "")
	})
	if err != nil {
		return Contract{}, IssuedKey{}, referenceTaken(err)
	}
	issued, err := s.contract(ctx, actor, made.subscription.ID)
	return issued, IssuedKey{ID: made.key.ID, Key: made.text}, err
}

// referenceTaken tells of a subscription's reference that another has.
func referenceTaken(err error) error {
	if database.IsUnique(err) {
		return problem.Newf(problem.Conflict, "A subscription with this reference exists already.").Because(err)
	}
	return err
}

// today gives the time, and the zone in which the publisher's days are. Both are
// there also while no certificate signs.
func (s *Service) today(ctx context.Context) (time.Time, *time.Location, error) {
	fixed, err := s.Issuer.Fixed(ctx)
	return s.now(), fixed.Zone, err
}

// Issued gives a subscription and its primary key in full to staff who may issue
// one. Errors: not_found, forbidden.
func (s *Service) Issued(ctx context.Context, actor identity.Actor, id string) (Contract, IssuedKey, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Contract{}, IssuedKey{}, err
	}
	found, err := s.contract(ctx, actor, id)
	if err != nil {
		return Contract{}, IssuedKey{}, err
	}
	keyID, err := primaryKeyOf(s.DB.Read(ctx), id)
	if err != nil {
		return Contract{}, IssuedKey{}, err
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

// draft makes the rows of a new subscription that is valid.
func (s *Service) draft(n NewSubscription, plan catalog.Plan, zone *time.Location, now time.Time) (draft, error) {
	subscriptionID, err := newID()
	if err != nil {
		return draft{}, err
	}
	keyID, err := newID()
	if err != nil {
		return draft{}, err
	}
	text, err := GenerateKey(plan.Policy.KeyFormat, s.Rand)
	if err != nil {
		return draft{}, err
	}
	made := Subscription{
		ID: subscriptionID, OrganizationID: n.OrganizationID, PlanID: plan.ID, Quantity: n.Quantity, StartsOn: n.StartsOn,
		EndsOn: n.EndsOn, MaintenanceEndsOn: n.MaintenanceEndsOn, OfflineAllowed: plan.Policy.OfflineAllowed,
		Reference: n.Reference, Version: 1, CreatedAt: now,
	}
	if n.OfflineAllowed != nil {
		made.OfflineAllowed = *n.OfflineAllowed
	}
	key := Key{
		ID: keyID, SubscriptionID: subscriptionID, Kind: PrimaryKey, LastFour: licensefile.LastFour(licensefile.NormalizeKey(text)),
		IssuedOn: dayIn(zone, now), CreatedAt: now,
	}
	if limit := plan.Policy.ActivationsPerKey; limit > 0 {
		key.ActivationLimit = &limit
	}
	return draft{made.settled(plan.Policy, zone, now), key, text}, nil
}

// store stores and records a new subscription, of an order when there is one.
func (s *Service) store(tx *database.Tx, actor identity.Actor, d draft, orderID string) error {
	made := d.subscription
	if err := insertSubscription(tx, made); err != nil {
		return err
	}
	sealed := s.Keyring.Seal(purposeKey, []byte(d.text), []byte(d.key.ID))
	if err := insertKey(tx, d.key, made.OrganizationID, s.lookup(licensefile.NormalizeKey(d.text)), sealed); err != nil {
		return err
	}
	data := event.Data{"plan": made.PlanID, "key": d.key.ID, "starts_on": made.StartsOn, "ends_on": made.EndsOn}
	if made.Quantity != nil {
		data["quantity"] = *made.Quantity
	}
	return recordChange(tx, actor, made, "subscription.created", made.CreatedAt, ofOrder(data, orderID))
}

// ofOrder adds the order to what an event says.
func ofOrder(data event.Data, orderID string) event.Data {
	if orderID != "" {
		data["order"] = orderID
	}
	return data
}

// recordChange records an event of a subscription.
func recordChange(tx *database.Tx, actor identity.Actor, s Subscription, kind string, now time.Time, data event.Data) error {
	return event.Record(tx, event.Event{
		At: now, Kind: kind, Actor: actor.Actor, OrganizationID: s.OrganizationID,
		Subject: event.Subject{Kind: "subscription", ID: s.ID}, Data: data,
	})
}
