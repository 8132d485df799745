package httpapi_test

import (
	"testing"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/server/servertest"
	"github.com/licethq/licet/licensefile"
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
		"deactivate-activation": {access: ofKey(helpers, keyHolders), make: func(t *testing.T, c *cell) request {
			return request{id: c.online(t, c.sold(t)).ID}
		}},
		"deactivate-activations": {access: access{may: all(helpers, keyHolders), blind: all([]who{sales, auditor, ungranted, member}, strangers)}, make: func(t *testing.T, c *cell) request {
			return request{body: api.Deactivation{IDs: []string{c.online(t, c.sold(t)).ID}}}
		}},
		"issue-license": {access: ofKey(actingStaff, keyHolders), make: ofActivated},
		"exchange-file": {access: access{may: all(actingStaff, members, strangers)}, make: func(t *testing.T, c *cell) request {
			_, file := c.requestFile(t, c.sold(t).Key.Key)
			return request{body: file}
		}},
	}
}

// ofActivated is a request about a new row of the world's organization.
func ofActivated(t *testing.T, c *cell) request { return request{id: c.activate(t, c.sold(t)).ID} }

// online gives the row of a key that its installation activated online.
func (c *cell) online(t testing.TB, issued api.IssuedSubscription) api.Activation {
	t.Helper()
	i := servertest.NewInstallation(t, c.publisher.ID, c.product.Code, "desktop")
	request := i.Seal(t, i.Request(licensefile.KindActivate, licensefile.Online, issued.Key.Key, licensefile.At(time.Now())))
	must[licensing.Signed](t)(c.Data.Licensing.Exchange(t.Context(), request))
	rows := must[api.Page[api.Activation]](t)(c.owner.Activations(t.Context(), api.ActivationFilter{KeyID: issued.Key.ID}, api.Listing{}))
	if len(rows.Items) != 1 {
		t.Fatalf("activations of the key: %d, want 1", len(rows.Items))
	}
	return rows.Items[0]
}
