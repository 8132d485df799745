package httpapi_test

import (
	"testing"

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
		"get-subscription": {access: staffOnly(anyStaff), make: ofSold},
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
