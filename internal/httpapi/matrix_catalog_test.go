package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
)

func catalogRows() rows {
	return rows{
		"create-product": {access: staffOnly(owners), make: func(_ *testing.T, c *cell) request {
			return request{body: api.NewProduct{Code: c.unique("p"), Name: "Product"}}
		}},
		"list-products": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{thing: c.newProduct(t).ID}
		}},
		"get-product": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{id: c.newProduct(t).ID}
		}},
		"change-product": {access: staffOnly(owners), make: func(t *testing.T, c *cell) request {
			return request{id: c.newProduct(t).ID, body: api.ProductChange{Name: c.unique("Name")}}
		}},
		"change-plan": {access: staffOnly(owners), make: func(t *testing.T, c *cell) request {
			return request{id: c.newPlan(t).ID, body: api.PlanChange{Name: ptr(c.unique("Name")), Policy: &api.PolicyChange{WarnPercent: ptr(int64(80))}}}
		}},
		"create-plan": {access: staffOnly(owners), make: func(_ *testing.T, c *cell) request {
			return request{body: c.draftPlan()}
		}},
		"list-plans": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{thing: c.newPlan(t).ID}
		}},
		"get-plan": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{id: c.newPlan(t).ID}
		}},
	}
}

func (c *cell) newProduct(t testing.TB) api.Product {
	t.Helper()
	return must[api.Product](t)(c.owner.CreateProduct(t.Context(), api.NewProduct{Code: c.unique("p"), Name: "Product"}))
}

func (c *cell) draftPlan() api.NewPlan {
	return api.NewPlan{
		ProductID: c.product.ID, Code: c.unique("p"), Name: "Plan",
		Policy: api.NewPolicy{Model: "trial", LicenseType: api.LicenseType{Code: "mobile", Name: "Mobile", Metric: "devices"}},
	}
}

func (c *cell) newPlan(t testing.TB) api.Plan {
	t.Helper()
	return must[api.Plan](t)(c.owner.CreatePlan(t.Context(), c.draftPlan()))
}
