package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

// email gives the address of the caller; "" of nobody.
func (c *cell) email(t testing.TB) string {
	t.Helper()
	return must[string](t)(database.One(c.Data.DB.Read(t.Context()), database.Value[string],
		`SELECT COALESCE(MAX(email), '') FROM person WHERE id = ?`, c.person))
}

func personRows() rows {
	of := func(t *testing.T, c *cell) request { return request{id: c.Person(t, "Robin", "Example").ID} }
	return rows{
		"list-people": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request {
			return request{query: "search=robin&limit=200", thing: of(t, c).id}
		}},
		"get-person":     {access: staffOnly(anyStaff), make: of},
		"export-person":  {access: staffOnly(owners), make: of},
		"erase-person":   {access: staffOnly(owners), make: of},
		"export-account": {access: ownAccount(), make: func(*testing.T, *cell) request { return request{} }},
		"erase-account": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			c.steadfast(t)
			if c.home != "" {
				c.Member(t, c.home, identity.AccountAdministrator)
			}
			return request{body: api.OwnErasure{Email: c.email(t)}}
		}},
	}
}
