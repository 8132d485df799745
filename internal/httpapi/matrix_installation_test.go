package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
)

func installationRows() rows {
	return rows{
		"list-installations": {access: seen(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{thing: c.installed(t)}
		}},
		"get-installation": {access: ofKey(anyStaff, keyHolders), make: ofInstalled},
		"change-installation": {access: ofKey(helpers, keyHolders), make: func(t *testing.T, c *cell) request {
			return request{id: c.installed(t), body: api.InstallationChange{Name: ptr(c.unique("Proxy"))}}
		}},
		"list-installation-events": {access: ofKey(anyStaff, keyHolders), make: func(t *testing.T, c *cell) request {
			row := c.activate(t, c.sold(t))
			for range 4 {
				change := api.InstallationChange{Notes: ptr(c.unique("note"))}
				must[api.KnownInstallation](t)(c.owner.ChangeInstallation(t.Context(), row.Installation.ID, change))
			}
			c.seal(t)
			return request{id: row.Installation.ID, thing: row.ID}
		}},
	}
}

// installed gives a new installation of the world's organization, on which whoever
// is to hold keys holds the active one.
func (c *cell) installed(t testing.TB) string {
	t.Helper()
	return c.activate(t, c.sold(t)).Installation.ID
}

func ofInstalled(t *testing.T, c *cell) request { return request{id: c.installed(t)} }
