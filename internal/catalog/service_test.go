package catalog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

var (
	operator = identity.System("test")
	noon     = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
)

func each(t *testing.T, fn func(t *testing.T, s *catalog.Service)) {
	databasetest.Each(t, database.ServerSchema(), func(t *testing.T, db *database.DB) {
		fn(t, &catalog.Service{DB: db, Now: func() time.Time { return noon }})
	})
}

func product(t *testing.T, s *catalog.Service, code string) catalog.Product {
	t.Helper()
	made, err := s.CreateProduct(t.Context(), operator, catalog.NewProduct{Code: code, Name: "Mac Management"})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestProductsAndPlansAreKeptAsGiven(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		p := product(t, s, "mac-management")
		policy := policyOf(catalog.Metered)
		policy.Entitlements = map[string]int64{"headstart": 50}
		plan, err := s.CreatePlan(t.Context(), operator, catalog.NewPlan{ProductID: p.ID, Code: "desktop", Name: "Desktop", Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		want := catalog.Plan{
			ID: plan.ID, ProductID: p.ID, Code: "desktop", Name: "Desktop", Policy: policy, Version: 1, CreatedAt: noon,
		}
		found, err := s.Plan(t.Context(), operator, plan.ID)
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("plan (-want +got):\n%s %v", diff, err)
		}
		foundProduct, err := s.Product(t.Context(), operator, p.ID)
		if diff := cmp.Diff(p, foundProduct); diff != "" || err != nil {
			t.Errorf("product (-want +got):\n%s %v", diff, err)
		}
		kinds, err := database.All(s.DB.Read(t.Context()), database.Value[string], `SELECT kind FROM event ORDER BY id`)
		if diff := cmp.Diff([]string{"product.created", "plan.created"}, kinds); diff != "" || err != nil {
			t.Errorf("events (-want +got):\n%s %v", diff, err)
		}
	})
}

func TestCodesAreTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		one, two := product(t, s, "one"), product(t, s, "two")
		plan := catalog.NewPlan{ProductID: one.ID, Code: "desktop", Name: "Desktop", Policy: policyOf(catalog.Subscription)}
		if _, err := s.CreatePlan(t.Context(), operator, plan); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreatePlan(t.Context(), operator, plan); !problem.Is(err, problem.Conflict) {
			t.Errorf("the same plan again: %v, want conflict", err)
		}
		if _, err := s.CreateProduct(t.Context(), operator, catalog.NewProduct{Code: "one", Name: "x"}); !problem.Is(err, problem.Conflict) {
			t.Errorf("the same product again: %v, want conflict", err)
		}
		plan.ProductID = two.ID
		if _, err := s.CreatePlan(t.Context(), operator, plan); err != nil {
			t.Errorf("the same code in another product: %v", err)
		}
		plan.ProductID = "absent"
		if _, err := s.CreatePlan(t.Context(), operator, plan); !problem.Is(err, problem.NotFound) {
			t.Errorf("a plan of no product: %v, want not_found", err)
		}
		ofTwo, err := s.Plans(t.Context(), operator, two.ID, database.Listing{})
		if err != nil || len(ofTwo.Items) != 1 || ofTwo.Items[0].ProductID != two.ID {
			t.Errorf("plans of one product: %v %v", ofTwo, err)
		}
		all, err := s.Plans(t.Context(), operator, "", database.Listing{})
		if err != nil || len(all.Items) != 2 {
			t.Errorf("all plans: %v %v", all, err)
		}
	})
}

func TestOffersNeverServesAnOlderVersion(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		p := product(t, s, "one")
		plan, err := s.CreatePlan(t.Context(), operator, catalog.NewPlan{ProductID: p.ID, Code: "d", Name: "D", Policy: policyOf(catalog.Subscription)})
		if err != nil {
			t.Fatal(err)
		}
		offers := catalog.NewOffers()
		q := s.DB.Read(t.Context())
		for range 2 {
			got, err := offers.Offer(q, catalog.OfferVersion{PlanID: plan.ID, Plan: 1, Product: 1})
			if diff := cmp.Diff(&catalog.Offer{Plan: plan, ProductCode: p.Code, ProductName: p.Name}, got); diff != "" || err != nil {
				t.Fatalf("(-want +got):\n%s %v", diff, err)
			}
		}
		err = s.DB.InTx(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(`UPDATE plan SET policy = ?, version = 2 WHERE id = ?`, `{"model":"trial"}`, plan.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := offers.Offer(q, catalog.OfferVersion{PlanID: plan.ID, Plan: 2, Product: 1}); err != nil || got.Policy.Model != catalog.Trial {
			t.Errorf("after the change: %v %v, want the new policy", got, err)
		}
		if _, err := offers.Offer(q, catalog.OfferVersion{PlanID: "absent"}); !problem.Is(err, problem.NotFound) {
			t.Errorf("absent: %v, want not_found", err)
		}
	})
}

func TestOnlyOwnersChangeTheCatalog(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		p := product(t, s, "one")
		for _, role := range []identity.Role{identity.Sales, identity.Support, identity.Auditor} {
			actor := identity.Actor{Actor: event.Actor{Kind: event.Token, ID: "t"}, Role: role}
			_, err := s.CreateProduct(t.Context(), actor, catalog.NewProduct{Code: "x", Name: "X"})
			_, errPlan := s.CreatePlan(t.Context(), actor, catalog.NewPlan{ProductID: p.ID})
			if !problem.Is(err, problem.Forbidden) || !problem.Is(errPlan, problem.Forbidden) {
				t.Errorf("%s: %v, %v, want forbidden", role, err, errPlan)
			}
			if _, err := s.Products(t.Context(), actor, database.Listing{}); err != nil {
				t.Errorf("%s reads: %v", role, err)
			}
		}
	})
}
