package httpapi_test

import (
	"errors"
	"testing"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server/servertest"
	"github.com/licethq/licet/licensefile"
)

// shop is a server whose publisher sells something.
type shop struct {
	*servertest.Server
	owner        *api.Client
	publisher    api.Publisher
	product      api.Product
	plan         api.Plan
	organization api.Organization
}

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ptr[T any](v T) *T { return &v }

// open opens a shop on a running server.
func open(t testing.TB, s *servertest.Server) *shop {
	t.Helper()
	o := s.Client(t, identity.Owner)
	p := &shop{Server: s, owner: o}
	p.publisher = must[api.Publisher](t)(o.Publisher(t.Context()))
	p.product = must[api.Product](t)(o.CreateProduct(t.Context(), api.NewProduct{Code: "mac-management", Name: "Mac Management"}))
	p.plan = must[api.Plan](t)(o.CreatePlan(t.Context(), api.NewPlan{ProductID: p.product.ID, Code: "desktop", Name: "Desktop", Policy: api.NewPolicy{
		Model: "subscription", LicenseType: api.LicenseType{Code: "desktop", Name: "Desktop", Metric: "devices"},
	}}))
	p.organization = must[api.Organization](t)(o.CreateOrganization(t.Context(), api.NewOrganization{Kind: "customer", Name: "Blue Harbor"}))
	return p
}

// sell issues a subscription of 100 licenses that runs for years; offline is allowed.
func (p *shop) sell(t testing.TB, organizationID string) api.IssuedSubscription {
	t.Helper()
	return must[api.IssuedSubscription](t)(p.owner.CreateSubscription(t.Context(), api.NewSubscription{
		PlanID: p.plan.ID, OrganizationID: organizationID, Quantity: ptr(int64(100)), EndsOn: "2099-12-31", OfflineAllowed: ptr(true),
	}))
}

// requestFile makes a request file of a new installation.
func (p *shop) requestFile(t testing.TB, key string) (*servertest.Installation, []byte) {
	t.Helper()
	i := servertest.NewInstallation(t, p.publisher.ID, p.product.Code, "desktop")
	r := i.Request(licensefile.KindActivate, licensefile.Offline, key, licensefile.At(time.Now()))
	return i, licensefile.Armor(licensefile.ArmorRequest, i.Seal(t, r))
}

// activate activates a key by file and gives the row.
func (p *shop) activate(t testing.TB, issued api.IssuedSubscription) api.Activation {
	t.Helper()
	_, file := p.requestFile(t, issued.Key.Key)
	must[api.File](t)(p.owner.ExchangeFile(t.Context(), file))
	rows := must[api.Page[api.Activation]](t)(p.owner.Activations(t.Context(), api.ActivationFilter{KeyID: issued.Key.ID}, api.Listing{}))
	if len(rows.Items) != 1 {
		t.Fatalf("activations of the key: %d, want 1", len(rows.Items))
	}
	return rows.Items[0]
}

// code gives the code of a problem, or "" of no error.
func code(err error) string {
	var p *api.Problem
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return p.Code
	default:
		return "not a problem: " + err.Error()
	}
}
