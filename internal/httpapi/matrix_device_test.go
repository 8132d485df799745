package httpapi_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/licethq/licet/api"
)

func deviceRows() rows {
	return rows{
		"ask-device": {access: anonymously(), quiet: true, make: func(_ *testing.T, c *cell) request {
			return request{body: asking(c.unique("mac"), "")}
		}},
		"get-device-token": {access: anonymously(), quiet: true, make: func(t *testing.T, c *cell) request {
			asked, _ := c.approved(t)
			return request{body: api.DeviceCode{DeviceCode: asked.DeviceCode}}
		}},
		"inspect-device": {access: ownAccount(), quiet: true, make: func(t *testing.T, c *cell) request {
			return request{body: api.UserCode{UserCode: c.ask(t, "").UserCode}}
		}},
		"approve-device": {access: ownInOrganization(), make: func(t *testing.T, c *cell) request {
			return request{body: api.DeviceApproval{UserCode: c.ask(t, "").UserCode, OrganizationID: c.organization.ID}}
		}},
		"deny-device": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			return request{body: api.UserCode{UserCode: c.ask(t, "").UserCode}}
		}},
	}
}

// ownInOrganization is for what account administrators do by a session alone.
func ownInOrganization() access {
	a := inOrganization(administrators)
	a.session = true
	return a
}

// asking gives what an agent says of itself.
func asking(host, key string) api.DeviceRequest {
	return api.DeviceRequest{
		Installation: strings.Repeat("a", 43), HostName: host, Product: "mac-management", Version: "2.0", LicenseType: "desktop",
		Site: "Oslo", Key: key,
	}
}

// ask asks to sign in by code, as an agent.
func (p *shop) ask(t testing.TB, key string) api.DeviceAuthorization {
	t.Helper()
	return must[api.DeviceAuthorization](t)(api.New(p.URL, "").AskDevice(t.Context(), asking("mac-"+uuid.NewString()[:8], key)))
}

// approved asks, and has it approved by an account administrator of the world's
// organization.
func (p *shop) approved(t testing.TB) (asked api.DeviceAuthorization, by *cell) {
	t.Helper()
	asked, by = p.ask(t, ""), p.caller(t, administrator)
	approval := api.DeviceApproval{UserCode: asked.UserCode, OrganizationID: p.organization.ID}
	must[api.DeviceOutcome](t)(p.Session(t, by.person).ApproveDevice(t.Context(), approval))
	return asked, by
}
