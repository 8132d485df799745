package catalog_test

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

func plan(t *testing.T, s *catalog.Service, productID string) catalog.Plan {
	t.Helper()
	made, err := s.CreatePlan(t.Context(), operator, catalog.NewPlan{
		ProductID: productID, Code: "desktop", Name: "Desktop", Policy: policyOf(catalog.Subscription),
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// altering gives a change of a plan's policy.
func altering(p catalog.Plan, alter func(*catalog.Policy)) catalog.PlanChange {
	return catalog.PlanChange{ID: p.ID, Policy: func(policy catalog.Policy) (catalog.Policy, error) {
		alter(&policy)
		return policy, nil
	}}
}

// sell stores a subscription of a plan, which nothing is due for.
func sell(t *testing.T, s *catalog.Service, planID string) {
	t.Helper()
	err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO subscription (id, plan_id, starts_on, created_at) VALUES (?, ?, '2027-01-01', 0)`, "s-of-"+planID, planID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func due(t *testing.T, s *catalog.Service) int64 {
	t.Helper()
	n, err := database.One(s.DB.Read(t.Context()), database.Value[int64], `SELECT COUNT(*) FROM subscription WHERE state_due IS NOT NULL`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAPlanChangesAndTheLogSaysWhat(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		was := plan(t, s, product(t, s, "one").ID)
		name := "Desktop computers"
		change := altering(was, func(p *catalog.Policy) { p.WarnPercent, p.Entitlements = 80, map[string]int64{"support": 1} })
		change.Name = &name
		is, err := s.ChangePlan(t.Context(), operator, change)
		want := was
		want.Name, want.Version, want.Policy.WarnPercent, want.Policy.Entitlements = name, 2, 80, map[string]int64{"support": 1}
		if diff := cmp.Diff(want, is); diff != "" || err != nil {
			t.Errorf("changed (-want +got):\n%s %v", diff, err)
		}
		found, err := s.Plan(t.Context(), operator, was.ID)
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("stored (-want +got):\n%s %v", diff, err)
		}
		data, err := database.One(s.DB.Read(t.Context()), database.Value[string], `SELECT data FROM event WHERE kind = 'plan.changed'`)
		if err != nil {
			t.Fatal(err)
		}
		var told map[string]any
		if err := json.Unmarshal([]byte(data), &told); err != nil {
			t.Fatal(err)
		}
		wantTold := map[string]any{
			"changed": []any{"name", "entitlements", "warn_percent"},
			"before":  map[string]any{"entitlements": nil, "warn_percent": 90.0},
			"after":   map[string]any{"entitlements": map[string]any{"support": 1.0}, "warn_percent": 80.0},
		}
		if diff := cmp.Diff(wantTold, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestAChangeThatChangesNothingIsNone(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		p := product(t, s, "one")
		was := plan(t, s, p.ID)
		is, err := s.ChangePlan(t.Context(), operator, altering(was, func(*catalog.Policy) {}))
		same, errProduct := s.ChangeProduct(t.Context(), operator, catalog.ProductChange{ID: p.ID, Name: p.Name})
		if err != nil || errProduct != nil || is.Version != 1 || same.Version != 1 {
			t.Errorf("versions %d and %d, %v %v; want 1", is.Version, same.Version, err, errProduct)
		}
		n, err := database.One(s.DB.Read(t.Context()), database.Value[int64], `SELECT COUNT(*) FROM event WHERE kind LIKE '%.changed'`)
		if err != nil || n != 0 {
			t.Errorf("%d changes recorded, want none: %v", n, err)
		}
	})
}

func TestWhatWasSoldStaysWhatItIs(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		was := plan(t, s, product(t, s, "one").ID)
		change := altering(was, func(p *catalog.Policy) {
			p.Model, p.Type.Code, p.KeyFormat = catalog.Metered, "mobile", catalog.KeyFormat{Style: catalog.KeyDigits16}
		})
		sell(t, s, was.ID)
		_, err := s.ChangePlan(t.Context(), operator, change)
		var got []string
		for _, f := range problem.From(err).Fields {
			got = append(got, f.Pointer)
		}
		if diff := cmp.Diff([]string{"/policy/model", "/policy/license_type/code", "/policy/key_format"}, got); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
		if _, err := s.ChangePlan(t.Context(), operator, altering(was, func(p *catalog.Policy) { p.Type.Name = "Computers" })); err != nil {
			t.Errorf("another name of the type: %v", err)
		}
	})
}

func TestAnUnsoldPlanMayBecomeAnother(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		was := plan(t, s, product(t, s, "one").ID)
		is, err := s.ChangePlan(t.Context(), operator, altering(was, func(p *catalog.Policy) { *p = policyOf(catalog.Metered) }))
		if err != nil || is.Policy.Model != catalog.Metered {
			t.Errorf("%+v %v, want a metered plan", is.Policy, err)
		}
	})
}

func TestOnlyDaysThatStatesFollowHaveThemLookedAtAgain(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		was := plan(t, s, product(t, s, "one").ID)
		sell(t, s, was.ID)
		for _, c := range []struct {
			name  string
			alter func(*catalog.Policy)
			want  int64
		}{
			{"a warning", func(p *catalog.Policy) { p.WarnPercent = 50 }, 0},
			{"a grace", func(p *catalog.Policy) { p.ExpiryGraceDays = 5 }, 1},
		} {
			if _, err := s.ChangePlan(t.Context(), operator, altering(was, c.alter)); err != nil {
				t.Fatal(err)
			}
			if got := due(t, s); got != c.want {
				t.Errorf("%s: %d subscriptions are due, want %d", c.name, got, c.want)
			}
		}
	})
}

// TestOneOfManyChangesForOneVersionIsMade races owners who have all read the
// same version.
func TestOneOfManyChangesForOneVersionIsMade(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		p := product(t, s, "one")
		was := plan(t, s, p.ID)
		errs := make([]error, 16)
		var racing sync.WaitGroup
		for n := range errs {
			racing.Go(func() {
				if n%2 == 0 {
					_, errs[n] = s.ChangeProduct(t.Context(), operator, catalog.ProductChange{ID: p.ID, Version: 1, Name: "Name " + string(rune('A'+n))})
					return
				}
				change := altering(was, func(policy *catalog.Policy) { policy.WarnPercent = int64(n) })
				change.Version = 1
				_, errs[n] = s.ChangePlan(t.Context(), operator, change)
			})
		}
		racing.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !problem.Is(err, problem.VersionChanged) {
				t.Errorf("got %v, want version_changed", err)
			}
		}
		if made != 2 {
			t.Errorf("%d changes were made, want one of the product and one of the plan", made)
		}
	})
}

func TestFaultyChangesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s *catalog.Service) {
		p := product(t, s, "one")
		was := plan(t, s, p.ID)
		empty := ""
		sales := identity.Actor{Actor: event.Actor{Kind: event.Token, ID: "t"}, Role: identity.Sales}
		for name, c := range map[string]struct {
			change func() error
			want   problem.Code
		}{
			"a name of nothing": {func() error {
				_, err := s.ChangePlan(t.Context(), operator, catalog.PlanChange{ID: was.ID, Name: &empty})
				return err
			}, problem.ValidationFailed},
			"a policy out of bounds": {func() error {
				_, err := s.ChangePlan(t.Context(), operator, altering(was, func(p *catalog.Policy) { p.WarnPercent = 101 }))
				return err
			}, problem.ValidationFailed},
			"an absent plan": {func() error {
				_, err := s.ChangePlan(t.Context(), operator, catalog.PlanChange{ID: "absent"})
				return err
			}, problem.NotFound},
			"an absent product": {func() error {
				_, err := s.ChangeProduct(t.Context(), operator, catalog.ProductChange{ID: "absent", Name: "X"})
				return err
			}, problem.NotFound},
			"a product's name of nothing": {func() error {
				_, err := s.ChangeProduct(t.Context(), operator, catalog.ProductChange{ID: p.ID})
				return err
			}, problem.ValidationFailed},
			"by sales": {func() error {
				_, err := s.ChangePlan(t.Context(), sales, catalog.PlanChange{ID: was.ID})
				return err
			}, problem.Forbidden},
			"a product by sales": {func() error {
				_, err := s.ChangeProduct(t.Context(), sales, catalog.ProductChange{ID: p.ID, Name: "X"})
				return err
			}, problem.Forbidden},
		} {
			if err := c.change(); !problem.Is(err, c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
	})
}
