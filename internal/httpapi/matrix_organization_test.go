package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
)

func organizationRows() rows {
	return rows{
		"create-organization": {access: staffOnly(sellers), make: func(_ *testing.T, c *cell) request {
			return request{body: api.NewOrganization{Kind: "distributor", Name: c.unique("Organization")}}
		}},
		"list-organizations": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{thing: c.another(t)}
		}},
		"get-organization": {access: inOrganization(anyStaff, members), make: func(_ *testing.T, c *cell) request {
			return request{id: c.organization.ID}
		}},
		"change-organization": {access: inOrganization(sellers, administrators), make: func(_ *testing.T, c *cell) request {
			return request{id: c.organization.ID, body: api.OrganizationChange{Name: ptr(c.unique("Blue Harbor"))}}
		}},
	}
}
