package identity

import (
	"context"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// OrganizationChange is what to change of an organization; nil leaves a part as it
// is. Kind and reference are for staff.
type OrganizationChange struct {
	Name      *string
	Address   *string
	Phone     *string
	Country   *string
	Kind      *OrganizationKind
	Reference *string
}

// applied gives an organization with the change, and the names of what differs.
func (c OrganizationChange) applied(o Organization) (Organization, []string) {
	var changed []string
	set := func(name string, to *string, from *string) {
		if to != nil && *to != *from {
			*from = *to
			changed = append(changed, name)
		}
	}
	set("name", c.Name, &o.Name)
	set("address", c.Address, &o.Address)
	set("phone", c.Phone, &o.Phone)
	set("country", c.Country, &o.Country)
	set("reference", c.Reference, &o.Reference)
	if c.Kind != nil && *c.Kind != o.Kind {
		o.Kind = *c.Kind
		changed = append(changed, "kind")
	}
	return o, changed
}

// ChangeOrganization changes what an organization says of itself, by its account
// administrators and by sellers (P13). A version other than 0 has to be the
// current one. Errors: validation_failed, version_changed, conflict when the
// reference is taken, not_found, forbidden.
func (s *Service) ChangeOrganization(ctx context.Context, actor Actor, id string, c OrganizationChange, version int64) (Organization, error) {
	if err := actor.RequireIn(id, AccountAdministrator, Sellers...); err != nil {
		return Organization{}, err
	}
	if (c.Kind != nil || c.Reference != nil) && !actor.staff(Sellers) {
		return Organization{}, problem.New(problem.Forbidden)
	}
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		r, err := lockRoster(tx, id)
		if err != nil {
			return err
		}
		if err := r.admits(actor, Sellers); err != nil {
			return err
		}
		o, err := organizationByID(tx, id)
		if err != nil {
			return notFound(err)
		}
		if err := SameVersion(version, o.Version); err != nil {
			return err
		}
		return s.storeProfile(tx, actor, c, o)
	})
	if err != nil {
		return Organization{}, taken(err, "An organization with this reference exists already.")
	}
	return s.Organization(ctx, actor, id)
}

func (s *Service) storeProfile(tx *database.Tx, actor Actor, c OrganizationChange, o Organization) error {
	o, changed := c.applied(o)
	if len(changed) == 0 {
		return nil
	}
	n := NewOrganization{Kind: o.Kind, Name: o.Name, Address: o.Address, Phone: o.Phone, Country: o.Country, Reference: o.Reference}
	if err := n.Validate(); err != nil {
		return err
	}
	if err := updateOrganization(tx, o); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: s.now(), Kind: "organization.changed", Actor: actor.Actor, OrganizationID: o.ID,
		Subject: event.Subject{Kind: "organization", ID: o.ID}, Data: map[string]any{"changed": changed, "kind": o.Kind},
	})
}
