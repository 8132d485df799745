package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
)

// colleague makes another member of the world's organization, and the path to them.
func (c *cell) colleague(t testing.TB, role identity.MemberRole) request {
	t.Helper()
	return request{id: c.organization.ID, path: map[string]string{"person": c.Member(t, c.organization.ID, role).ID}}
}

// steadfast makes another account administrator of the world's organization, so
// that nobody is the last one.
func (c *cell) steadfast(t testing.TB) {
	t.Helper()
	c.Member(t, c.organization.ID, identity.AccountAdministrator)
}

func memberRows() rows {
	return rows{
		"list-members": {access: inOrganization(anyStaff, administrators), make: func(t *testing.T, c *cell) request {
			r := c.colleague(t, identity.Member)
			return request{id: r.id, query: "sort=-since&search=Member&limit=200", thing: r.path["person"]}
		}},
		"get-member": {access: inOrganization(anyStaff, administrators), make: func(t *testing.T, c *cell) request {
			return c.colleague(t, identity.Member)
		}},
		"change-member": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
			r := c.colleague(t, identity.Member)
			r.body = api.MemberChange{Role: ptr("license_administrator"), VolumePurchasing: ptr(true)}
			return r
		}},
		"grant-keys": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
			r := c.colleague(t, identity.LicenseAdministrator)
			r.body = api.KeyGrants{Keys: []string{c.sell(t, c.organization.ID).Key.ID}}
			return r
		}},
		"block-member": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
			return c.colleague(t, identity.Member)
		}},
		"unblock-member": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
			r := c.colleague(t, identity.Member)
			c.exec(t, `UPDATE membership SET blocked_at = 1 WHERE person_id = ?`, r.path["person"])
			return r
		}},
		"remove-member": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
			return c.colleague(t, identity.Member)
		}},
		"leave-organization": {access: access{may: members, hidden: all(people[:4], strangers), session: true}, make: func(t *testing.T, c *cell) request {
			c.steadfast(t)
			return request{id: c.organization.ID}
		}},
	}
}
