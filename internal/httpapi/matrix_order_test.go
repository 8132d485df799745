package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
)

func orderRows() rows {
	return rows{
		"place-order": {access: staffOnly(sellers), make: func(_ *testing.T, c *cell) request {
			return request{body: c.draftOrder()}
		}},
		// Others of the organization see no orders; those of other organizations see
		// their own.
		"list-orders": {
			access: access{may: all(anyStaff, administrators), blind: []who{foreigner, boundElsewhere}},
			make:   func(t *testing.T, c *cell) request { return request{thing: c.ordered(t).Order.ID} },
		},
		"get-order": {access: inOrganization(anyStaff, administrators), make: func(t *testing.T, c *cell) request {
			return request{id: c.ordered(t).Order.ID}
		}},
	}
}

func (c *cell) draftOrder() api.NewOrder {
	return api.NewOrder{
		OrderFacts: api.OrderFacts{Channel: "reseller", Reseller: "Northwind Resale", Reference: c.unique("PO")}, OrganizationID: c.organization.ID,
		Lines: []api.NewOrderLine{{Action: "new", PlanID: c.plan.ID, TermMonths: 12, Quantity: ptr(int64(10))}},
	}
}

func (c *cell) ordered(t testing.TB) api.PlacedOrder {
	t.Helper()
	return must[api.PlacedOrder](t)(c.owner.PlaceOrder(t.Context(), c.draftOrder()))
}
