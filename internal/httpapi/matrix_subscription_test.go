package httpapi_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/licethq/licet/api"
)

func subscriptionRows() rows {
	return rows{
		"create-subscription": {access: staffOnly(sellers), make: func(t *testing.T, c *cell) request {
			return request{body: api.NewSubscription{PlanID: c.newPlan(t).ID, EndsOn: "2099-12-31"}}
		}},
		"list-subscriptions": {access: seen(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{thing: c.sold(t).Subscription.ID}
		}},
		"get-subscription": {access: ofKey(anyStaff, keyHolders), make: ofSold},
		"renew-subscription": {access: staffOnly(sellers), make: func(t *testing.T, c *cell) request {
			return request{id: c.soldUntil(t, time.Now().AddDate(0, 0, 20)).Subscription.ID, body: api.Renewal{
				TermMonths: 12, Order: &api.OrderFacts{Channel: "direct", Reference: c.unique("PO")},
			}}
		}},
		"resize-subscription": {access: staffOnly(sellers), make: func(t *testing.T, c *cell) request {
			r := ofSold(t, c)
			r.body = api.QuantityChange{Quantity: ptr(101 + rand.Int64N(1_000_000))}
			return r
		}},
		"request-offline": {access: ofKey(keyHolders), make: func(t *testing.T, c *cell) request {
			r := ofSold(t, c)
			must[api.Subscription](t)(c.owner.SetOffline(t.Context(), r.id, false))
			return r
		}},
		"cancel-subscription": {access: staffOnly(sellers), make: func(t *testing.T, c *cell) request {
			r := ofSold(t, c)
			r.body = api.Cancellation{Reason: c.unique("Reason")}
			return r
		}},
		"reinstate-subscription": {access: staffOnly(sellers), make: func(t *testing.T, c *cell) request {
			r := ofSold(t, c)
			must[api.Subscription](t)(c.owner.Cancel(t.Context(), r.id, api.Cancellation{}))
			return r
		}},
		"set-offline": {access: staffOnly(actingStaff), make: func(t *testing.T, c *cell) request {
			r := ofSold(t, c)
			r.body = api.OfflineSwitch{Allowed: false}
			return r
		}},
		"suspend-subscription": {access: staffOnly(sellers), make: ofSold},
		"resume-subscription": {access: staffOnly(sellers), make: func(t *testing.T, c *cell) request {
			r := ofSold(t, c)
			must[api.Subscription](t)(c.owner.Suspend(t.Context(), r.id))
			return r
		}},
		"register-key": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
			return request{body: api.Registration{Key: c.sell(t, "").Key.Key, OrganizationID: c.organization.ID}}
		}},
	}
}

// ofSold is a request about a new subscription of the world's organization.
func ofSold(t *testing.T, c *cell) request { return request{id: c.sold(t).Subscription.ID} }

// ofSoldKey is a request about the key of a new subscription of the world's
// organization.
func ofSoldKey(t *testing.T, c *cell) request { return request{id: c.sold(t).Key.ID} }

// soldUntil sells a subscription to the world's organization that ends on a day.
func (c *cell) soldUntil(t testing.TB, end time.Time) api.IssuedSubscription {
	t.Helper()
	issued := must[api.IssuedSubscription](t)(c.owner.CreateSubscription(t.Context(), api.NewSubscription{
		PlanID: c.plan.ID, OrganizationID: c.organization.ID, Quantity: ptr(int64(100)), EndsOn: end.Format(time.DateOnly),
	}))
	c.grant(t, issued.Key.ID)
	return issued
}
