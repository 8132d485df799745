package licensing

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Registration gives an unregistered key to an organization: to one that exists,
// or to one that the registrant founds with it (P2). One of the two is given.
type Registration struct {
	Key            string
	OrganizationID string
	Organization   *identity.NewOrganization // its kind is customer, whatever it says
}

// Validate reports every fault at once. Who founds an organization says its
// name, address and phone (P2).
func (r Registration) Validate() error {
	var f problem.Faults
	f.Check(r.Key != "", "/key", "must be given")
	f.Check((r.OrganizationID == "") != (r.Organization == nil), "/organization_id", "must be given, or the organization to found, but not both")
	if r.Organization != nil {
		f.Check(r.Organization.Address != "", "/organization/address", "must be given")
		f.Check(r.Organization.Phone != "", "/organization/phone", "must be given")
	}
	return f.Err()
}

// refusesRegistration says why nobody can register the subscription's key any
// more; nil when somebody can. Whether it has started does not matter.
func (s Subscription) refusesRegistration(policy catalog.Policy, zone *time.Location, now time.Time) error {
	s.OrganizationID, s.SuspendedAt = s.ID, nil
	err := s.refusesActivation(policy, zone, now)
	if problem.Is(err, problem.SubscriptionExpired) || problem.Is(err, problem.SubscriptionCanceled) {
		return err
	}
	return nil
}

// RegisterKey gives an unregistered subscription to an organization by its key
// (P2, P3): account administrators to theirs, sellers to any, and a person to
// one that they found with it and become the account administrator of. The same
// organization again changes nothing. Errors: validation_failed, key_unknown,
// key_mistyped, key_replaced, key_registered_elsewhere, subscription_expired,
// subscription_canceled, sublicense_ended, not_found, forbidden.
func (s *Service) RegisterKey(ctx context.Context, actor identity.Actor, r Registration) (Contract, error) {
	if err := mayRegister(actor, r); err != nil {
		return Contract{}, err
	}
	if err := r.Validate(); err != nil {
		return Contract{}, err
	}
	founded, err := s.draftRegistrant(r)
	if err != nil {
		return Contract{}, err
	}
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return Contract{}, err
	}
	var id string
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		id, err = s.register(tx, actor, r, founded, current)
		return err
	})
	if err != nil {
		return Contract{}, err
	}
	return s.contract(ctx, actor, id)
}

// mayRegister gives nil when the actor may register keys to the organization, or
// found one: a person who is not staff.
func mayRegister(actor identity.Actor, r Registration) error {
	if r.OrganizationID != "" {
		return actor.RequireIn(r.OrganizationID, identity.AccountAdministrator, identity.Sellers...)
	}
	err := actor.Require(identity.AnyStaff...)
	switch {
	case err == nil && r.Organization != nil:
		return problem.Newf(problem.Forbidden, "Create the organization first, then register the key to it.")
	case problem.Is(err, problem.Unauthenticated):
		return err
	}
	return nil
}

// draftRegistrant makes the organization that a registration founds; nil for
// none.
func (s *Service) draftRegistrant(r Registration) (*identity.Organization, error) {
	if r.Organization == nil {
		return nil, nil //nolint:nilnil // the organization is there already
	}
	n := *r.Organization
	n.Kind, n.Reference = identity.Customer, ""
	drafted, err := s.People.DraftOrganization(n)
	return &drafted, within("/organization", err)
}

// within puts the faults of a part of a request under the member that holds it.
func within(member string, err error) error {
	if !problem.Is(err, problem.ValidationFailed) {
		return err
	}
	var f problem.Faults
	for _, field := range problem.From(err).Fields {
		f.Check(false, member+field.Pointer, field.Message)
	}
	return f.Err()
}

// register does what RegisterKey says, in its transaction, and gives the
// subscription's id.
func (s *Service) register(tx *database.Tx, actor identity.Actor, r Registration, founded *identity.Organization, current *issuer.Current) (string, error) {
	normalized := licensefile.NormalizeKey(r.Key)
	t, _, err := s.offered(tx, s.lookup(normalized), "") // the pool is not asked
	switch {
	case errors.Is(err, database.ErrNoRows):
		return "", notFound(normalized)
	case err != nil:
		return "", err
	case t.Key.ReplacedBy != "":
		return "", problem.New(problem.KeyReplaced)
	}
	subscription := t.Subscription
	if err := actor.Keep(tx, subscription.ID); err != nil {
		return "", err
	}
	if subscription.OrganizationID != "" {
		return subscription.ID, t.registeredTo(actor, r, dayIn(current.Zone, s.now()))
	}
	now := s.now()
	if err := subscription.refusesRegistration(t.Offer.Policy, current.Zone, now); err != nil {
		return "", err
	}
	organizationID := r.OrganizationID
	if founded != nil {
		organizationID = founded.ID
		err = identity.FoundOrganization(tx, actor, *founded)
	} else {
		_, err = identity.OrganizationName(tx, organizationID)
	}
	if err != nil {
		return "", err
	}
	registered, err := registerSubscription(tx, subscription.ID, organizationID)
	if err != nil {
		return "", err
	}
	if !registered { // somebody was faster: look who
		return "", database.ErrAgain
	}
	return subscription.ID, event.Record(tx, event.Event{
		At: now, Kind: "key.registered", Actor: actor.Actor, OrganizationID: organizationID,
		Subject: event.Subject{Kind: "key", ID: t.Key.ID}, Data: map[string]any{"subscription": subscription.ID},
	})
}

// registeredTo gives nil when the key is already where the registration would
// bring it; who founded an organization with it and asks again means that one.
func (t terms) registeredTo(actor identity.Actor, r Registration, today licensefile.Date) error {
	holder := t.Subscription.OrganizationID
	member := actor.Membership(holder)
	again := r.Organization != nil && member != nil && member.Role == identity.AccountAdministrator
	switch {
	case holder != r.OrganizationID && !again:
		return problem.New(problem.KeyRegisteredElsewhere)
	case t.Key.ended(today):
		return problem.New(problem.SublicenseEnded)
	}
	return nil
}

// Registered gives the subscription that a registration registered, to those who
// may register keys to its organization.
func (s *Service) Registered(ctx context.Context, actor identity.Actor, id string) (Contract, error) {
	found, err := s.contract(ctx, actor, id)
	if err != nil {
		return Contract{}, err
	}
	if err := actor.RequireIn(found.OrganizationID, identity.AccountAdministrator, identity.Sellers...); err != nil {
		return Contract{}, err
	}
	return found, nil
}
