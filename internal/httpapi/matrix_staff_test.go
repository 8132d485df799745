package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
)

// ofStaff makes a member of staff, and the path to them.
func (c *cell) ofStaff(t testing.TB) request {
	t.Helper()
	return request{path: map[string]string{"person": c.Staff(t, identity.Sales).ID}}
}

func staffRows() rows {
	return rows{
		"list-staff": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{query: "sort=-created_at&limit=200", thing: c.ofStaff(t).path["person"]}
		}},
		"get-staff": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request { return c.ofStaff(t) }},
		"appoint-staff": {access: staffOnly(owners), make: func(_ *testing.T, c *cell) request {
			return request{body: api.Appointment{Email: c.unique("staff") + "@example.com", FirstName: "Kim", LastName: "Ops admin", Language: "fr", Role: "support"}}
		}},
		"change-staff": {access: staffOnly(owners), make: func(t *testing.T, c *cell) request {
			r := c.ofStaff(t)
			r.body = api.StaffChange{Role: "auditor"}
			return r
		}},
		"remove-staff": {access: staffOnly(owners), make: func(t *testing.T, c *cell) request { return c.ofStaff(t) }},
	}
}
