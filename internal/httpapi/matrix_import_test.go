package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
)

func importRows() rows {
	return rows{
		"import": {access: staffOnly(sellers), make: func(_ *testing.T, c *cell) request {
			return request{body: api.NewImport{Organizations: "reference,name\n" + c.unique("C") + ",Import\n"}}
		}},
		"merge-organization": {access: staffOnly(owners), make: func(t *testing.T, c *cell) request {
			return request{id: c.another(t), body: api.NewMerger{Into: c.another(t)}}
		}},
		"transfer-subscription": {access: staffOnly(owners), make: func(t *testing.T, c *cell) request {
			return request{id: c.sold(t).Subscription.ID, body: api.NewTransfer{OrganizationID: c.another(t), Reason: "correction"}}
		}},
	}
}
