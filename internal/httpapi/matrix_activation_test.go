package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
)

func activationRows() rows {
	return rows{
		"list-activations": {access: seen(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{thing: c.activate(t, c.sold(t)).ID}
		}},
		"get-activation": {access: ofKey(anyStaff, keyHolders), make: ofActivated},
		"release-activation": {access: staffOnly(helpers), make: func(t *testing.T, c *cell) request {
			r := ofActivated(t, c)
			r.body = api.Release{Reason: c.unique("moved")}
			return r
		}},
		"issue-license": {access: staffOnly(actingStaff), make: ofActivated},
		"exchange-file": {access: staffOnly(actingStaff), make: func(t *testing.T, c *cell) request {
			_, file := c.requestFile(t, c.sold(t).Key.Key)
			return request{body: file}
		}},
	}
}

// ofActivated is a request about a new row of the world's organization.
func ofActivated(t *testing.T, c *cell) request { return request{id: c.activate(t, c.sold(t)).ID} }
