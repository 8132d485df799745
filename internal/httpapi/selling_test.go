package httpapi_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/server/servertest"
)

func TestAPolicyKeepsWhatAChangeLeavesOut(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		change := func(c api.PolicyChange) api.Policy {
			return must[api.Plan](t)(p.owner.ChangePlan(t.Context(), p.plan.ID, api.PlanChange{Policy: &c})).Policy
		}
		want := p.plan.Policy
		want.OverLimit, want.OverLimitGraceDays = "grace", 3
		want.Entitlements = map[string]int64{"support": 1, "cloud": 2}
		got := change(api.PolicyChange{OverLimit: ptr("grace"), OverLimitGraceDays: ptr(int64(3)), Entitlements: map[string]int64{"support": 1, "cloud": 2}})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		want.Entitlements = map[string]int64{"cloud": 3}
		if diff := cmp.Diff(want, change(api.PolicyChange{Entitlements: map[string]int64{"cloud": 3}})); diff != "" {
			t.Errorf("entitlements are taken as a whole (-want +got):\n%s", diff)
		}
		want.Entitlements = nil
		if diff := cmp.Diff(want, change(api.PolicyChange{Entitlements: map[string]int64{}})); diff != "" {
			t.Errorf("none are none (-want +got):\n%s", diff)
		}
	})
}

func TestAnOrderIsPlacedReadAndExported(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		placed := must[api.PlacedOrder](t)(p.owner.PlaceOrder(t.Context(), api.NewOrder{
			OrderFacts: api.OrderFacts{Channel: "reseller", Reseller: "=Northwind", Reference: "PO-1", Contact: &api.OrderContact{
				Name: "Sales desk", Email: "sales@northwind.example.com", URL: "https://northwind.example.com",
			}},
			Organization: &api.NewOrganization{Kind: "customer", Name: "Bluefinch Studios"}, PrimaryEmail: "it@bluefinch.example.com", Language: "fr",
			Lines: []api.NewOrderLine{{Action: "new", PlanID: p.plan.ID, Quantity: ptr(int64(10)), TermMonths: 12}},
		}))
		subscription := placed.Issued[0].Subscription
		want := api.Contact{Channel: "reseller", Reseller: "=Northwind", OrderContact: api.OrderContact{
			Name: "Sales desk", Email: "sales@northwind.example.com", URL: "https://northwind.example.com",
		}}
		if diff := cmp.Diff(&want, subscription.Contact); diff != "" || placed.Order.OrganizationName != "Bluefinch Studios" {
			t.Errorf("contact (-want +got):\n%s of %s", diff, placed.Order.OrganizationName)
		}
		if found := must[api.Order](t)(p.owner.Order(t.Context(), placed.Order.ID)); !cmp.Equal(placed.Order, found) {
			t.Errorf("read again:\n%s", cmp.Diff(placed.Order, found))
		}
		resized := must[api.Subscription](t)(p.owner.Resize(t.Context(), subscription.ID, api.QuantityChange{Quantity: ptr(int64(25))}))
		if *resized.Seats.Total != 25 || *resized.Seats.MainPool != 25 {
			t.Errorf("resized %+v", resized.Seats)
		}
		status, text := send(t, "GET", s.URL+"/api/v1/orders?format=csv", s.Token(t, "owner"), "", nil)
		lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if status != 200 || err != nil || len(lines) != 2 {
			t.Fatalf("%d %v: %s", status, err, text)
		}
		cells := map[string]string{}
		for i, name := range lines[0] {
			cells[name] = lines[1][i]
		}
		got := []string{cells["contact_reseller"], cells["contact_name"], cells["reference"], cells["lines"]}
		if diff := cmp.Diff([]string{"'=Northwind", "Sales desk", "PO-1", "new:" + subscription.ID}, got); diff != "" {
			t.Errorf("the CSV (-want +got):\n%s", diff)
		}
	})
}

func TestASubscriptionIsCanceledAndReinstatedOverTheAPI(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		id := p.sell(t, p.organization.ID).Subscription.ID
		canceled := must[api.Subscription](t)(p.owner.Cancel(t.Context(), id, api.Cancellation{On: "2098-01-31", Reason: "moved away"}))
		if canceled.CanceledOn != "2098-01-31" || canceled.CancelReason != "moved away" || canceled.Renewable {
			t.Errorf("canceled %+v", canceled)
		}
		if got := must[api.Subscription](t)(p.owner.Reinstate(t.Context(), id)); got.CanceledOn != "" || got.State != "active" {
			t.Errorf("reinstated %+v", got)
		}
		_, err := p.owner.Renew(t.Context(), id, api.Renewal{TermMonths: 12})
		if code(err) != "renewal_too_early" {
			t.Errorf("renewed: %v, want renewal_too_early", err)
		}
	})
}
