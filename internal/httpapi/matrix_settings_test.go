package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
)

func settingsRows() rows {
	nothing := func(*testing.T, *cell) request { return request{} }
	return rows{
		"get-publisher": {access: staffOnly(anyStaff), make: nothing},
		"get-settings":  {access: staffOnly(anyStaff), make: nothing},
		"change-settings": {access: staffOnly(owners), make: func(t *testing.T, c *cell) request {
			settings := must[api.Settings](t)(c.owner.Settings(t.Context()))
			settings.SupportURL = "https://support.example.com/" + c.unique("page")
			return request{body: api.SettingsChange(settings)}
		}},
	}
}
