package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

// deed is a valid call of an operation: what it needs is made anew for each.
type deed struct {
	may  []identity.Role // who may do it
	make func(t *testing.T, p *shop) (id string, body any)
}

// deeds has a row for every operation of the OpenAPI document.
var deeds = map[string]deed{
	"get-publisher": {identity.AnyStaff, nothing},
	"get-settings":  {identity.AnyStaff, nothing},
	"change-settings": {identity.Owners, func(t *testing.T, p *shop) (string, any) {
		return "", must[api.Settings](t)(p.owner.Settings(t.Context()))
	}},
	"create-product":      {identity.Owners, newProduct},
	"list-products":       {identity.AnyStaff, nothing},
	"get-product":         {identity.AnyStaff, func(_ *testing.T, p *shop) (string, any) { return p.product.ID, nil }},
	"create-plan":         {identity.Owners, newPlan},
	"list-plans":          {identity.AnyStaff, nothing},
	"get-plan":            {identity.AnyStaff, func(_ *testing.T, p *shop) (string, any) { return p.plan.ID, nil }},
	"create-organization": {identity.Sellers, newOrganization},
	"list-organizations":  {identity.AnyStaff, nothing},
	"get-organization":    {identity.AnyStaff, func(_ *testing.T, p *shop) (string, any) { return p.organization.ID, nil }},
	"create-subscription": {identity.Sellers, newSubscription},
	"list-subscriptions":  {identity.AnyStaff, nothing},
	"get-subscription":    {identity.AnyStaff, soldSubscription},
	"set-offline": {[]identity.Role{identity.Owner, identity.Sales, identity.Support}, func(t *testing.T, p *shop) (string, any) {
		id, _ := soldSubscription(t, p)
		return id, api.OfflineSwitch{Allowed: false}
	}},
	"suspend-subscription": {identity.Sellers, soldSubscription},
	"resume-subscription": {identity.Sellers, func(t *testing.T, p *shop) (string, any) {
		id, _ := soldSubscription(t, p)
		must[api.Subscription](t)(p.owner.Suspend(t.Context(), id))
		return id, nil
	}},
	"register-key": {identity.Sellers, func(t *testing.T, p *shop) (string, any) {
		return "", api.Registration{Key: p.sell(t, "").Key.Key, OrganizationID: p.organization.ID}
	}},
	"list-activations": {identity.AnyStaff, nothing},
	"get-activation":   {identity.AnyStaff, activated},
	"release-activation": {identity.Helpers, func(t *testing.T, p *shop) (string, any) {
		id, _ := activated(t, p)
		return id, api.Release{Reason: "moved to a new machine"}
	}},
	"issue-license": {[]identity.Role{identity.Owner, identity.Sales, identity.Support}, activated},
	"exchange-file": {[]identity.Role{identity.Owner, identity.Sales, identity.Support}, func(t *testing.T, p *shop) (string, any) {
		_, file := p.requestFile(t, p.sell(t, p.organization.ID).Key.Key)
		return "", file
	}},
}

func nothing(*testing.T, *shop) (string, any) { return "", nil }

func newProduct(t *testing.T, _ *shop) (string, any) {
	return "", api.NewProduct{Code: "p-" + strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:]), Name: "Product"}
}

func newPlan(t *testing.T, p *shop) (string, any) {
	return "", api.NewPlan{
		ProductID: p.product.ID, Code: "p-" + strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:]), Name: "Plan",
		Policy: api.NewPolicy{Model: "trial", LicenseType: api.LicenseType{Code: "mobile", Name: "Mobile", Metric: "devices"}},
	}
}

func newOrganization(*testing.T, *shop) (string, any) {
	return "", api.NewOrganization{Kind: "distributor", Name: "Organization"}
}

func newSubscription(_ *testing.T, p *shop) (string, any) {
	return "", api.NewSubscription{PlanID: p.plan.ID, EndsOn: "2099-12-31"}
}

func soldSubscription(t *testing.T, p *shop) (string, any) {
	return p.sell(t, p.organization.ID).Subscription.ID, nil
}

func activated(t *testing.T, p *shop) (string, any) {
	return p.activate(t, p.sell(t, p.organization.ID)).ID, nil
}

// call makes a call of an operation with a token and gives status and body.
func call(t testing.TB, url, token string, op operation, id string, body any) (status int, answer string) {
	t.Helper()
	var data []byte
	contentType := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		data, contentType = b, "application/octet-stream"
	default:
		data = must[[]byte](t)(json.Marshal(b))
	}
	return send(t, op.method, url+strings.ReplaceAll(op.path, "{id}", id), token, contentType, bytes.NewReader(data))
}

func send(t testing.TB, method, url, token, contentType string, body io.Reader) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req) //nolint:forbidigo // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// recorded counts the events: every change records one.
func recorded(t testing.TB, p *shop) int64 {
	t.Helper()
	return must[int64](t)(database.One(p.Data.DB.Read(t.Context()), database.Value[int64], `SELECT COUNT(*) FROM event`))
}

func TestEveryOperationIsAllowedToTheRolesOfItsRowAndToNobodyElse(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		_, ops := operations(t, s)
		tokens := map[string]string{"nobody": "", "stranger": "lic_" + strings.Repeat("a", 39)}
		for _, role := range identity.AnyStaff {
			tokens[string(role)] = s.Token(t, role)
		}
		for id, op := range ops {
			d, ok := deeds[id]
			if !ok {
				t.Errorf("%s has no row in the table of permissions", id)
				continue
			}
			for who, token := range tokens {
				t.Run(fmt.Sprintf("%s/%s", id, who), func(t *testing.T) {
					thing, body := d.make(t, p)
					before := recorded(t, p)
					status, answer := call(t, s.URL, token, op, thing, body)
					changed := recorded(t, p) - before
					want := expectation(d, op, who)
					if got := (outcome{status / 100, status == 401, status == 403, changed > 0}); got != want {
						t.Errorf("got %d with %d events (%+v), want %+v: %s", status, changed, got, want, answer)
					}
				})
			}
		}
		for id := range deeds {
			if _, ok := ops[id]; !ok {
				t.Errorf("the table of permissions has a row for %s, which is no operation", id)
			}
		}
	}, func(c *server.Config) { c.FailuresPerMinute = 1000 })
}

// outcome is what a call came to.
type outcome struct {
	class           int
	unauthenticated bool
	forbidden       bool
	changed         bool
}

func expectation(d deed, op operation, who string) outcome {
	switch {
	case who == "nobody" || who == "stranger":
		return outcome{class: 4, unauthenticated: true}
	case !slices.Contains(d.may, identity.Role(who)):
		return outcome{class: 4, forbidden: true}
	default:
		return outcome{class: 2, changed: op.method != http.MethodGet}
	}
}
