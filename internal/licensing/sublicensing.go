package licensing

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// mayDivide gives nil when the actor may make and change sublicenses of an
// organization's subscription: only account administrators do (P10), and staff
// for them.
func mayDivide(actor identity.Actor, organizationID string) error {
	return actor.RequireIn(organizationID, identity.AccountAdministrator, identity.SellersAndHelpers...)
}

// CreateSublicense makes a sublicense with a key of its own, which is returned
// in full this once. Errors: validation_failed, pool_exhausted,
// dynamic_not_allowed, key_not_registered, subscription_expired,
// subscription_canceled, not_found, forbidden.
func (s *Service) CreateSublicense(ctx context.Context, actor identity.Actor, subscriptionID string, n Sublicense) (OwnedKey, IssuedKey, error) {
	var none OwnedKey
	subscription, err := s.dividable(ctx, actor, subscriptionID)
	if err != nil {
		return none, IssuedKey{}, err
	}
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return none, IssuedKey{}, err
	}
	plan, err := catalog.PlanByID(s.DB.Read(ctx), subscription.PlanID)
	if err != nil {
		return none, IssuedKey{}, err
	}
	now := s.now()
	key, text, err := s.draftKey(subscriptionID, SublicenseKey, plan.Policy, dayIn(publisher.Zone, now), now)
	if err != nil {
		return none, IssuedKey{}, err
	}
	key = n.to(key)
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, key.ID); err != nil {
			return err
		}
		return s.storeSublicense(tx, actor, key, text, publisher.Zone)
	})
	if err != nil {
		return none, IssuedKey{}, err
	}
	made, err := s.keyByID(ctx, key.ID)
	return made, IssuedKey{ID: key.ID, Key: text}, err
}

// storeSublicense stores a new sublicense, if the rule lets it.
func (s *Service) storeSublicense(tx *database.Tx, actor identity.Actor, key Key, text string, zone *time.Location) error {
	n := *key.sublicense()
	r, err := s.newDivision(tx, key.SubscriptionID, n, key.IssuedOn)
	if err != nil {
		return err
	}
	if err := r.Subscription.refusesDivision(r.Policy, zone, key.CreatedAt); err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	if _, err := r.rule(); err != nil {
		return err
	}
	lookup := s.lookup(licensefile.NormalizeKey(text))
	sealed := s.Keyring.Seal(purposeKey, []byte(text), []byte(key.ID))
	if err := insertSublicense(tx, key, r.Subscription.OrganizationID, lookup, sealed, n.endDue(zone)); err != nil {
		return err
	}
	return recordSublicense(tx, actor, "created", r.Subscription, key, key.CreatedAt)
}

// IssuedSublicense gives a sublicense and its key in full to those who may make
// one. Errors: not_found, forbidden.
func (s *Service) IssuedSublicense(ctx context.Context, actor identity.Actor, keyID string) (OwnedKey, IssuedKey, error) {
	if _, err := s.divided(ctx, actor, keyID); err != nil {
		return OwnedKey{}, IssuedKey{}, err
	}
	return s.issued(ctx, keyID)
}

// draftKey makes a key of a subscription, and its text.
func (s *Service) draftKey(subscriptionID string, kind KeyKind, policy catalog.Policy, today licensefile.Date, now time.Time) (Key, string, error) {
	id, err := newID()
	if err != nil {
		return Key{}, "", err
	}
	text, err := GenerateKey(policy.KeyFormat, s.Rand)
	if err != nil {
		return Key{}, "", err
	}
	key := Key{
		ID: id, SubscriptionID: subscriptionID, Kind: kind, LastFour: licensefile.LastFour(licensefile.NormalizeKey(text)),
		IssuedOn: today, Version: 1, CreatedAt: now,
	}
	if limit := policy.ActivationsPerKey; limit > 0 {
		key.ActivationLimit = &limit
	}
	return key, text, nil
}

// recordSublicense records what became of a sublicense.
func recordSublicense(tx *database.Tx, actor identity.Actor, verb string, of Subscription, key Key, now time.Time) error {
	return event.Record(tx, event.Event{
		At: now, Kind: "sublicense." + verb, Actor: actor.Actor, OrganizationID: of.OrganizationID,
		Subject: event.Subject{Kind: "key", ID: key.ID},
		Data:    map[string]any{"subscription": of.ID, "quota": *key.Quota, "reserved": key.Reserved, "ends_on": key.EndsOn},
	})
}

// dividable gives a subscription to those who may divide it; not_found to
// others.
func (s *Service) dividable(ctx context.Context, actor identity.Actor, subscriptionID string) (Subscription, error) {
	found, err := loadSubscription(s.DB.Read(ctx), subscriptionID)
	if errors.Is(err, database.ErrNoRows) {
		return found, problem.New(problem.NotFound)
	}
	if err != nil {
		return found, err
	}
	return found, mayDivide(actor, found.OrganizationID)
}

// newDivision locks a subscription and gives what bears on a new sublicense. The
// root is locked before its pool is summed up: two who reserve at once would both
// see the same licenses free.
func (s *Service) newDivision(tx *database.Tx, subscriptionID string, n Sublicense, today licensefile.Date) (division, error) {
	found, err := lockSubscription(tx, subscriptionID)
	if errors.Is(err, database.ErrNoRows) {
		return division{}, problem.New(problem.NotFound)
	}
	if err != nil {
		return division{}, err
	}
	r := division{Subscription: found, Today: today, After: n}
	err = r.load(tx)
	return r, err
}

// load adds the plan's policy and the pool.
func (r *division) load(q database.Querier) error {
	plan, err := catalog.PlanByID(q, r.Subscription.PlanID)
	if err != nil {
		return err
	}
	r.Policy = plan.Policy
	r.Pool, err = loadPool(q, r.Subscription.ID, r.Today)
	return err
}

// PreviewSublicense says what a new sublicense would do to the pool. It changes
// nothing. Errors: validation_failed, not_found, forbidden.
func (s *Service) PreviewSublicense(ctx context.Context, actor identity.Actor, subscriptionID string, n Sublicense) (SublicenseEffect, error) {
	found, err := s.dividable(ctx, actor, subscriptionID)
	if err != nil {
		return SublicenseEffect{}, err
	}
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return SublicenseEffect{}, err
	}
	r := division{Subscription: found, Today: dayIn(publisher.Zone, s.now()), After: n}
	if err := s.DB.Snapshot(ctx, r.load); err != nil {
		return SublicenseEffect{}, err
	}
	if err := r.Validate(); err != nil {
		return SublicenseEffect{}, err
	}
	return r.effect(), nil
}

// ChangeSublicense renames, resizes, converts or ends a sublicense. version is
// the one to change, 0 for any. Errors: those of CreateSublicense, and
// quota_too_small, sublicense_ended, key_replaced, version_changed.
func (s *Service) ChangeSublicense(ctx context.Context, actor identity.Actor, keyID string, c SublicenseChange, version int64) (OwnedKey, error) {
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return OwnedKey{}, err
	}
	subscriptionID, err := s.divided(ctx, actor, keyID)
	if err != nil {
		return OwnedKey{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if _, err := lockSubscription(tx, subscriptionID); err != nil {
			return err
		}
		return s.changeSublicense(tx, actor, keyID, c, version, publisher.Zone)
	})
	if err != nil {
		return OwnedKey{}, err
	}
	return s.keyByID(ctx, keyID)
}

// changeSublicense does what ChangeSublicense says, in its transaction, which has
// locked the root.
func (s *Service) changeSublicense(
	tx *database.Tx, actor identity.Actor, keyID string, c SublicenseChange, version int64, zone *time.Location,
) error {
	now := s.now()
	key, r, err := s.divisionOf(tx, keyID, c, dayIn(zone, now))
	if err != nil {
		return err
	}
	if err := identity.SameVersion(version, key.Version); err != nil {
		return err
	}
	if *r.Before == r.After {
		return nil
	}
	if err := r.Validate(); err != nil {
		return err
	}
	pool, err := r.rule()
	if err != nil {
		return err
	}
	key = r.After.to(key)
	key.Version++
	if err := updateSublicense(tx, key, r.After.endDue(zone)); err != nil {
		return err
	}
	if err := recordSublicense(tx, actor, "changed", r.Subscription, key, now); err != nil {
		return err
	}
	if r.maximum(pool, r.After) <= r.maximum(r.Pool, *r.Before) {
		return nil
	}
	// Enlarging it starts the clock of its rows over their limit anew, as buying
	// more does (R5).
	slots, err := slotsOverOfKey(tx, keyID)
	if err != nil {
		return err
	}
	restart := &changing{tx: tx, actor: actor, Subscription: r.Subscription, policy: r.Policy, zone: zone, now: now}
	return restart.restartSlots(slots, pool)
}

// PreviewChange says what a change of a sublicense would do to the pool. It
// changes nothing. Errors: those of ChangeSublicense but the rule's, which stands
// in the effect.
func (s *Service) PreviewChange(ctx context.Context, actor identity.Actor, keyID string, c SublicenseChange) (SublicenseEffect, error) {
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return SublicenseEffect{}, err
	}
	if _, err := s.divided(ctx, actor, keyID); err != nil {
		return SublicenseEffect{}, err
	}
	var r division
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		_, r, err = s.divisionOf(q, keyID, c, dayIn(publisher.Zone, s.now()))
		return err
	})
	if err != nil {
		return SublicenseEffect{}, err
	}
	if err := r.Validate(); err != nil {
		return SublicenseEffect{}, err
	}
	return r.effect(), nil
}

// divided gives the subscription of a sublicense to those who may change it;
// not_found to others, and for a key of another kind.
func (s *Service) divided(ctx context.Context, actor identity.Actor, keyID string) (string, error) {
	found, err := findKey(s.DB.Read(ctx), keyID, "") // the pool is not asked
	if err != nil {
		return "", err
	}
	t := found.terms.take()
	if err := mayDivide(actor, t.Subscription.OrganizationID); err != nil {
		return "", err
	}
	if t.Key.sublicense() == nil || t.Key.DeletedAt != nil {
		return "", problem.New(problem.NotFound)
	}
	return t.Subscription.ID, nil
}

// divisionOf gives a sublicense that stands and what bears on its change.
func (s *Service) divisionOf(q database.Querier, keyID string, c SublicenseChange, today licensefile.Date) (Key, division, error) {
	stored, err := findKey(q, keyID, today)
	if err != nil {
		return Key{}, division{}, err
	}
	t, err := s.withOffer(q, &stored.terms)
	if err != nil {
		return Key{}, division{}, err
	}
	switch t.state(today) {
	case KeyDeleted:
		return t.Key, division{}, problem.New(problem.NotFound)
	case KeyReplacedBy:
		return t.Key, division{}, problem.New(problem.KeyReplaced)
	case KeyEnded:
		return t.Key, division{}, problem.New(problem.SublicenseEnded)
	case KeyValid, KeyUnregistered:
	}
	before := t.Key.sublicense()
	return t.Key, division{
		Pool: t.Pool, Subscription: t.Subscription, Policy: t.Offer.Policy, Today: today,
		Before: before, After: c.apply(*before), Used: t.KeyUsed, Force: c.Force,
	}, nil
}

// DeleteSublicense deletes a sublicense that is not activated: its quota returns
// to the pool. Errors: sublicense_activated, key_replaced, version_changed,
// not_found, forbidden.
func (s *Service) DeleteSublicense(ctx context.Context, actor identity.Actor, keyID string, version int64) error {
	subscriptionID, err := s.divided(ctx, actor, keyID)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		subscription, err := lockSubscription(tx, subscriptionID)
		if err != nil {
			return err
		}
		if err := lockKey(tx, keyID); err != nil { // before its rows are counted: nobody activates it meanwhile
			return err
		}
		stored, err := findKey(tx, keyID, "")
		if err != nil {
			return err
		}
		key := stored.terms.take().Key
		switch {
		case key.DeletedAt != nil:
			return problem.New(problem.NotFound)
		case key.ReplacedBy != "":
			return problem.New(problem.KeyReplaced)
		case stored.rows > 0:
			return problem.New(problem.SublicenseActivated)
		}
		if err := identity.SameVersion(version, key.Version-1); err != nil { // lockKey has counted
			return err
		}
		now := s.now()
		if err := deleteSublicense(tx, keyID, now); err != nil {
			return err
		}
		if err := countSublicenses(tx, subscriptionID, -1); err != nil {
			return err
		}
		return recordSublicense(tx, actor, "deleted", subscription, key, now)
	})
}
