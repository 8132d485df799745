package licensing

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Contract is a subscription as people see it (P14): with what was bought, where
// it stands now, how its licenses are split, and whom to buy more from. All of
// that is computed at every read.
type Contract struct {
	Subscription
	Offer *catalog.Offer
	State State

	EndsAt           *time.Time       // when it stops, grace included; nil for ever
	GraceEndsOn      licensefile.Date // the last day of the grace that it is in; empty when it is in none
	DaysLeft         *int64           // from today to its last day, never negative; nil for ever
	RenewableOn      licensefile.Date // from when on it may be renewed; empty for never
	Renewable        bool             // now
	MaintenanceEnded bool

	Seats       Seats
	Keys        int64 // those that work: neither replaced nor deleted
	Activations int64 // live rows
	Contact     *Contact
}

// Seats says how a subscription's licenses are split (P11).
type Seats struct {
	Pool
	Limited      bool  // whether there is a number at all
	Dynamic      int64 // sum of the quotas of dynamic sublicenses; it may exceed the total
	DynamicInUse int64
}

// SubscriptionFilter chooses subscriptions. Empty members choose all.
type SubscriptionFilter struct {
	OrganizationID string
	ProductID      string
	PlanID         string
	State          State
	Search         string // part of an organization's name or a reference, or the last four of a key
	OfflineAsked   bool   // only those for which offline activation was asked
	Unregistered   bool   // only those without an organization
}

// Subscription gives a subscription to staff, to its organization's account
// administrators, and to license administrators with a key of it. Errors:
// not_found, forbidden.
func (s *Service) Subscription(ctx context.Context, actor identity.Actor, id string) (Contract, error) {
	now, zone, err := s.today(ctx)
	if err != nil {
		return Contract{}, err
	}
	var found []Contract
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		stored, err := loadContract(q, id)
		if err != nil {
			return absent(err)
		}
		if err := maySee(q, actor, stored.subscription); err != nil {
			return err
		}
		found, err = s.contracts(q, actor, []storedContract{stored}, now, zone)
		return err
	})
	if err != nil {
		return Contract{}, err
	}
	return found[0], nil
}

// Subscriptions lists subscriptions for staff and for the members of an
// organization who look after keys of theirs.
func (s *Service) Subscriptions(ctx context.Context, actor identity.Actor, f SubscriptionFilter, l database.Listing) (database.Page[Contract], error) {
	sight, err := actor.See(f.OrganizationID, identity.AnyStaff...)
	if err != nil {
		return database.Page[Contract]{}, err
	}
	now, zone, err := s.today(ctx)
	if err != nil {
		return database.Page[Contract]{}, err
	}
	var page database.Page[Contract]
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		found, err := listContracts(q, f, sight, isStaff(actor), contractDays{now: now, zone: zone}, l)
		if err != nil {
			return err
		}
		page.Next = found.Next
		page.Items, err = s.contracts(q, actor, found.Items, now, zone)
		return err
	})
	return page, err
}

// maySee gives nil when the actor may see a subscription: not_found alike for a
// foreign one and for one none of whose keys is granted.
func maySee(q database.Querier, actor identity.Actor, s Subscription) error {
	if err := actor.RequireIn(s.OrganizationID, identity.LicenseAdministrator, identity.AnyStaff...); err != nil {
		return err
	}
	if isStaff(actor) {
		return nil
	}
	sight, err := actor.See(s.OrganizationID)
	if err != nil || !sight.Limited {
		return err
	}
	granted, err := hasKeyOf(q, s.ID, sight.Keys)
	if err == nil && !granted {
		return problem.New(problem.NotFound)
	}
	return err
}

func isStaff(actor identity.Actor) bool { return actor.Require(identity.AnyStaff...) == nil }

// absent turns a row that is not there into not_found.
func absent(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return problem.New(problem.NotFound)
	}
	return err
}

// contract gives a subscription as the actor, who was allowed to change it, sees
// it now.
func (s *Service) contract(ctx context.Context, actor identity.Actor, id string) (Contract, error) {
	now, zone, err := s.today(ctx)
	if err != nil {
		return Contract{}, err
	}
	var found []Contract
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		stored, err := loadContract(q, id)
		if err != nil {
			return absent(err)
		}
		found, err = s.contracts(q, actor, []storedContract{stored}, now, zone)
		return err
	})
	if err != nil {
		return Contract{}, err
	}
	return found[0], nil
}

// contracts adds to subscriptions what is computed at every read.
func (s *Service) contracts(q database.Querier, actor identity.Actor, stored []storedContract, now time.Time, zone *time.Location) ([]Contract, error) {
	ids := make([]string, len(stored))
	for i := range stored {
		ids[i] = stored[i].subscription.ID
	}
	around, err := loadAround(q, ids, dayIn(zone, now))
	if err != nil {
		return nil, err
	}
	all := make([]Contract, len(stored))
	for i, found := range stored {
		offer, err := s.Offers.Offer(q, found.offer)
		if err != nil {
			return nil, err
		}
		c := contractOf(found.subscription, offer, zone, now)
		about := around[c.ID]
		c.Seats, c.Keys, c.Activations, c.Contact = about.seats, about.keys, about.activations, about.contact
		if c.Quantity != nil {
			c.Seats.Limited, c.Seats.Total = true, *c.Quantity
		}
		if !isStaff(actor) {
			c.Reference, c.CancelNote = "", ""
		}
		all[i] = c
	}
	return all, nil
}

// contractOf computes where a subscription stands.
func contractOf(s Subscription, offer *catalog.Offer, zone *time.Location, now time.Time) Contract {
	policy, today := offer.Policy, dayIn(zone, now)
	brought := s.brought(policy, zone, now)
	c := Contract{
		Subscription: s, Offer: offer, State: s.State(policy, zone, now), EndsAt: s.End(policy, zone),
		MaintenanceEnded: brought.MaintenanceEnded,
	}
	if brought.State == inGrace {
		c.GraceEndsOn = dayIn(zone, c.EndsAt.Add(-1))
	}
	if last := s.LastDay(); last != "" {
		left := max(0, daysBetween(today, last))
		c.DaysLeft = &left
	}
	c.RenewableOn = s.renewableOn(policy)
	c.Renewable = s.refusesRenewal(policy, today) == nil
	return c
}
