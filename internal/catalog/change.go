package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// ProductChange is what staff may change of a product. Its code stays: installed
// programs name it.
type ProductChange struct {
	ID      string
	Version int64 // the version to change; 0 for any
	Name    string
}

// ChangeProduct renames a product. Errors: validation_failed, not_found,
// version_changed, forbidden.
func (s *Service) ChangeProduct(ctx context.Context, actor identity.Actor, c ProductChange) (Product, error) {
	if err := actor.Require(identity.Owners...); err != nil {
		return Product{}, err
	}
	var f problem.Faults
	f.Text("/name", c.Name, 1, maxName)
	if err := f.Err(); err != nil {
		return Product{}, err
	}
	var is Product
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		was, err := productByID(tx, c.ID)
		if err != nil {
			return notFound(err)
		}
		if err := identity.SameVersion(c.Version, was.Version); err != nil {
			return err
		}
		if is = was; is.Name == c.Name {
			return nil
		}
		is.Name, is.Version = c.Name, was.Version+1
		if err := updateProduct(tx, is); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: s.now(), Kind: "product.changed", Actor: actor.Actor, Subject: event.Subject{Kind: "product", ID: is.ID},
			Data: event.Data{"changed": []string{"name"}},
		})
	})
	return is, err
}

// PlanChange is what staff may change of a plan. Its code and product stay.
type PlanChange struct {
	ID      string
	Version int64   // the version to change; 0 for any
	Name    *string // nil leaves it
	// Policy gives the new policy for the present one; nil leaves it. It is pure.
	Policy func(Policy) (Policy, error)
}

// ChangePlan changes a plan. Its subscriptions follow the new policy from their
// next contact on, and where they stand is looked at again. What keys look like
// and what is licensed stays as soon as there are subscriptions, and so does the
// model. Errors: validation_failed, not_found, version_changed, forbidden.
func (s *Service) ChangePlan(ctx context.Context, actor identity.Actor, c PlanChange) (Plan, error) {
	if err := actor.Require(identity.Owners...); err != nil {
		return Plan{}, err
	}
	var is Plan
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		was, err := planByID(tx, c.ID)
		if err != nil {
			return notFound(err)
		}
		if err := identity.SameVersion(c.Version, was.Version); err != nil {
			return err
		}
		sold, err := planIsSold(tx, was.ID)
		if err != nil {
			return err
		}
		if is, err = was.changed(c, sold); err != nil {
			return err
		}
		return s.storeChange(tx, actor, was, &is)
	})
	return is, err
}

// changed gives the plan after a change. sold says whether it has subscriptions.
func (p Plan) changed(c PlanChange, sold bool) (Plan, error) {
	is := p
	if c.Name != nil {
		is.Name = *c.Name
	}
	if c.Policy != nil {
		var err error
		if is.Policy, err = c.Policy(p.Policy); err != nil {
			return Plan{}, err
		}
	}
	var f problem.Faults
	f.Text("/name", is.Name, 1, maxName)
	is.Policy.check(&f, "/policy")
	const stays = "must stay as it is, since the plan has subscriptions; make another plan"
	f.Check(!sold || is.Policy.Model == p.Policy.Model, "/policy/model", stays)
	f.Check(!sold || is.Policy.Type.Code == p.Policy.Type.Code, "/policy/license_type/code", stays)
	f.Check(!sold || is.Policy.KeyFormat == p.Policy.KeyFormat, "/policy/key_format", stays)
	return is, f.Err()
}

// storeChange stores and records what has changed of a plan, if anything has.
func (s *Service) storeChange(tx *database.Tx, actor identity.Actor, was Plan, is *Plan) error {
	before, after, err := difference(was.Policy, is.Policy)
	if err != nil {
		return err
	}
	changed := slices.Sorted(maps.Keys(after))
	if is.Name != was.Name {
		changed = append([]string{"name"}, changed...)
	}
	if len(changed) == 0 {
		return nil
	}
	if err := updatePlan(tx, *is); err != nil {
		return err
	}
	is.Version++
	now := s.now()
	if is.Policy.ExpiryGraceDays != was.Policy.ExpiryGraceDays || is.Policy.ExpiringWithinDays != was.Policy.ExpiringWithinDays {
		if err := statesAreDue(tx, is.ID, now); err != nil {
			return err
		}
	}
	return event.Record(tx, event.Event{
		At: now, Kind: "plan.changed", Actor: actor.Actor, Subject: event.Subject{Kind: "plan", ID: is.ID},
		Data: event.Data{"changed": changed, "before": before, "after": after},
	})
}

// difference gives the members of a policy that differ, as they were and as they
// are; one that was or is left out is null.
func difference(was, is Policy) (before, after map[string]json.RawMessage, err error) {
	old, err := was.members()
	if err != nil {
		return nil, nil, err
	}
	fresh, err := is.members()
	if err != nil {
		return nil, nil, err
	}
	before, after = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	names := maps.Clone(old)
	maps.Copy(names, fresh)
	for name := range names {
		if !bytes.Equal(old[name], fresh[name]) {
			before[name], after[name] = old[name], fresh[name]
		}
	}
	return before, after, nil
}

func (p Policy) members() (map[string]json.RawMessage, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	err = json.Unmarshal(data, &members)
	return members, err
}
