package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// Service holds the verbs of the catalog.
type Service struct {
	DB  *database.DB
	Now func() time.Time
}

// now gives the time at the precision that is stored.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// CreateProduct creates a product. Errors: validation_failed, conflict when the
// code is taken, forbidden.
func (s *Service) CreateProduct(ctx context.Context, actor identity.Actor, n NewProduct) (Product, error) {
	if err := actor.Require(identity.Owners...); err != nil {
		return Product{}, err
	}
	if err := n.Validate(); err != nil {
		return Product{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Product{}, err
	}
	made := Product{ID: id.String(), Code: n.Code, Name: n.Name, Version: 1, CreatedAt: s.now()}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, made.ID); err != nil {
			return err
		}
		if err := insertProduct(tx, made); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: made.CreatedAt, Kind: "product.created", Actor: actor.Actor,
			Subject: event.Subject{Kind: "product", ID: made.ID}, Data: map[string]any{"code": made.Code},
		})
	})
	if err != nil {
		return Product{}, taken(err, "A product with this code exists already.")
	}
	return made, nil
}

// Product gives a product; not_found when there is none.
func (s *Service) Product(ctx context.Context, actor identity.Actor, id string) (Product, error) {
	if err := actor.Require(identity.AnyStaff...); err != nil {
		return Product{}, err
	}
	found, err := productByID(s.DB.Read(ctx), id)
	return found, notFound(err)
}

// Products lists products for staff.
func (s *Service) Products(ctx context.Context, actor identity.Actor, l database.Listing) (database.Page[Product], error) {
	if err := actor.Require(identity.AnyStaff...); err != nil {
		return database.Page[Product]{}, err
	}
	return listProducts(s.DB.Read(ctx), l)
}

// CreatePlan creates a plan of a product. Errors: validation_failed, not_found
// for the product, conflict when the code is taken, forbidden.
func (s *Service) CreatePlan(ctx context.Context, actor identity.Actor, n NewPlan) (Plan, error) {
	if err := actor.Require(identity.Owners...); err != nil {
		return Plan{}, err
	}
	if err := n.Validate(); err != nil {
		return Plan{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Plan{}, err
	}
	made := Plan{
		ID: id.String(), ProductID: n.ProductID, Code: n.Code, Name: n.Name, Policy: n.Policy, Version: 1, CreatedAt: s.now(),
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, made.ID); err != nil {
			return err
		}
		if _, err := productByID(tx, made.ProductID); err != nil {
			return notFound(err)
		}
		if err := insertPlan(tx, made); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: made.CreatedAt, Kind: "plan.created", Actor: actor.Actor,
			Subject: event.Subject{Kind: "plan", ID: made.ID},
			Data:    map[string]any{"product": made.ProductID, "code": made.Code, "policy": made.Policy},
		})
	})
	if err != nil {
		return Plan{}, taken(err, "The product has a plan with this code already.")
	}
	return made, nil
}

// Plan gives a plan; not_found when there is none.
func (s *Service) Plan(ctx context.Context, actor identity.Actor, id string) (Plan, error) {
	if err := actor.Require(identity.AnyStaff...); err != nil {
		return Plan{}, err
	}
	return PlanByID(s.DB.Read(ctx), id)
}

// Plans lists plans for staff, of one product when given.
func (s *Service) Plans(ctx context.Context, actor identity.Actor, productID string, l database.Listing) (database.Page[Plan], error) {
	if err := actor.Require(identity.AnyStaff...); err != nil {
		return database.Page[Plan]{}, err
	}
	return listPlans(s.DB.Read(ctx), productID, l)
}

// PlanByID gives a plan; not_found when there is none.
func PlanByID(q database.Querier, id string) (Plan, error) {
	found, err := planByID(q, id)
	return found, notFound(err)
}

func notFound(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return problem.New(problem.NotFound)
	}
	return err
}

func taken(err error, sentence string) error {
	if database.IsUnique(err) {
		return problem.Newf(problem.Conflict, "%s", sentence).Because(err)
	}
	return err
}
