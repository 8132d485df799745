package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
)

func keyRows() rows {
	return rows{
		"list-keys":   {access: seen(anyStaff), make: func(t *testing.T, c *cell) request { return request{thing: c.sold(t).Key.ID} }},
		"get-key":     {access: ofKey(anyStaff, keyHolders), make: ofKeySold},
		"reveal-key":  {access: ofKey(actingStaff, keyHolders), make: ofKeySold},
		"replace-key": {access: inOrganization(administrators, actingStaff), make: ofKeySold},
		"create-sublicense": {access: inOrganization(administrators, actingStaff), make: func(t *testing.T, c *cell) request {
			return request{id: c.sold(t).Subscription.ID, body: c.draftSublicense()}
		}},
		"preview-sublicense": {access: inOrganization(administrators, actingStaff), quiet: true, make: func(t *testing.T, c *cell) request {
			return request{id: c.sold(t).Subscription.ID, body: c.draftSublicense()}
		}},
		"change-sublicense": {access: inOrganization(administrators, actingStaff), make: func(t *testing.T, c *cell) request {
			return request{id: c.sublicense(t).ID, body: api.SublicenseChange{Name: ptr(c.unique("Branch"))}}
		}},
		"preview-sublicense-change": {access: inOrganization(administrators, actingStaff), quiet: true, make: func(t *testing.T, c *cell) request {
			return request{id: c.sublicense(t).ID, body: api.SublicenseChange{Name: ptr(c.unique("Branch"))}}
		}},
		"delete-sublicense": {access: inOrganization(administrators, actingStaff), make: func(t *testing.T, c *cell) request {
			return request{id: c.sublicense(t).ID}
		}},
	}
}

// ofKeySold is a request about the key of a new subscription of the world's
// organization.
func ofKeySold(t *testing.T, c *cell) request { return request{id: c.sold(t).Key.ID} }

func (c *cell) draftSublicense() api.NewSublicense {
	return api.NewSublicense{Name: c.unique("Branch"), Quota: 10, Mode: "reserved"}
}

// sublicense makes a sublicense of a new subscription; whoever is to hold its key
// holds it.
func (c *cell) sublicense(t testing.TB) api.Key {
	t.Helper()
	made := must[api.IssuedSublicense](t)(c.owner.CreateSublicense(t.Context(), c.sold(t).Subscription.ID, c.draftSublicense()))
	c.grant(t, made.Sublicense.ID)
	return made.Sublicense
}
