package httpapi_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/server/servertest"
	"github.com/licethq/licet/licensefile"
)

func TestAPlanTakesTheDefaultsOfItsModelForWhatIsLeftOut(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		plan := must[api.Plan](t)(p.owner.CreatePlan(t.Context(), api.NewPlan{
			ProductID: p.product.ID, Code: "metered", Name: "Metered", Policy: api.NewPolicy{
				Model: "metered", LicenseType: api.LicenseType{Code: "sp-msp", Name: "MSP", Metric: "machines"},
				LeaseDays: ptr(int64(45)), KeyFormat: &api.KeyFormat{Style: "groups", Groups: 6, Length: 4},
				Entitlements: map[string]int64{"headstart": 50}, OnFork: ptr("refuse"),
				Billing: &api.Billing{
					Rule: "active_days", MoreThanDays: 10, DefaultClass: "desktop",
					PriceClasses: []api.PriceClass{{Class: "server", OperatingSystems: []string{"Windows Server"}}},
				},
			},
		}))
		want := api.Policy{
			Model: "metered", LicenseType: api.LicenseType{Code: "sp-msp", Name: "MSP", Metric: "machines"},
			Entitlements: map[string]int64{"headstart": 50}, ActivationsPerKey: 1, OverLimit: "notify", OverLimitGraceDays: 7,
			WarnPercent: 90, RefreshEveryHours: 24, ReportEveryHours: 168, CheckInEveryHours: 24, LeaseDays: 45, WarnAfterDays: 7,
			DisableAfterDays: 14, ExpiringWithinDays: 60, RenewalWindowDays: 60, OnFork: "refuse",
			Billing: api.Billing{
				Rule: "active_days", MoreThanDays: 10, DefaultClass: "desktop",
				PriceClasses: []api.PriceClass{{Class: "server", OperatingSystems: []string{"Windows Server"}}},
			},
			KeyFormat: api.KeyFormat{Style: "groups", Groups: 6, Length: 4},
		}
		if diff := cmp.Diff(want, plan.Policy); diff != "" {
			t.Errorf("policy (-want +got):\n%s", diff)
		}
		found := must[api.Plan](t)(p.owner.Plan(t.Context(), plan.ID))
		if diff := cmp.Diff(plan, found); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
	})
}

func TestASubscriptionIsSoldRegisteredUsedAndReleased(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		issued := p.sell(t, "")
		_, file := p.requestFile(t, issued.Key.Key)
		if _, err := p.owner.ExchangeFile(t.Context(), file); code(err) != "key_not_registered" {
			t.Errorf("an unregistered key: %v, want key_not_registered", err)
		}
		registered := must[api.Subscription](t)(p.owner.RegisterKey(t.Context(),
			api.Registration{Key: issued.Key.Key, OrganizationID: p.organization.ID}))
		if registered.OrganizationName != "Blue Harbor" || registered.ID != issued.Subscription.ID {
			t.Errorf("registered: %+v", registered)
		}
		row := p.activate(t, issued)
		if row.Status != "active" || row.Method != "offline" || row.Key.Masked == issued.Key.Key || *row.Maximum != 100 ||
			row.Installation.HostName != "mac-server" || row.Site.Name != "Main" {
			t.Errorf("row: %+v", row)
		}
		license := must[api.File](t)(p.owner.IssueLicense(t.Context(), row.ID))
		form, compact, err := licensefile.Dearmor(license.Data)
		if err != nil || form != licensefile.ArmorLicense || !strings.HasSuffix(license.Name, ".licet") {
			t.Fatalf("license file %s: %v %v", license.Name, form, err)
		}
		trust := must[*licensefile.Trust](t)(licensefile.ParseTrust([]byte(p.publisher.Root)))
		opened := must[*licensefile.License](t)(trust.OpenLicense(compact, licensefile.Expectation{
			Publisher: p.publisher.ID, Product: p.product.Code, Thumbprint: row.Installation.ID, Serial: row.Serial,
		}))
		if opened.Serial != row.Serial+1 {
			t.Errorf("serial of the issued license: %d, want %d", opened.Serial, row.Serial+1)
		}
		released := must[api.Activation](t)(p.owner.Release(t.Context(), row.ID, "the server burned down"))
		if released.Status != "deactivated" || released.EndReason != "released" || released.EndNote != "the server burned down" {
			t.Errorf("released: %+v", released)
		}
		if again := p.activateAgain(t, issued); again.Status != "active" {
			t.Errorf("the key after its release: %+v", again)
		}
	})
}

// activateAgain activates a key that has been used before and gives its live row.
func (p *shop) activateAgain(t *testing.T, issued api.IssuedSubscription) api.Activation {
	t.Helper()
	_, file := p.requestFile(t, issued.Key.Key)
	must[api.File](t)(p.owner.ExchangeFile(t.Context(), file))
	rows := must[api.Page[api.Activation]](t)(p.owner.Activations(t.Context(),
		api.ActivationFilter{KeyID: issued.Key.ID, State: "live"}, api.Listing{}))
	if len(rows.Items) != 1 {
		t.Fatalf("live activations of the key: %d, want 1", len(rows.Items))
	}
	return rows.Items[0]
}

func TestASubscriptionIsSuspendedResumedAndItsOfflineSwitchTurned(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		id := p.sell(t, p.organization.ID).Subscription.ID
		if got := must[api.Subscription](t)(p.owner.Suspend(t.Context(), id)); got.SuspendedAt == nil {
			t.Errorf("suspended: %+v", got)
		}
		if got := must[api.Subscription](t)(p.owner.Resume(t.Context(), id)); got.SuspendedAt != nil {
			t.Errorf("resumed: %+v", got)
		}
		for _, allowed := range []bool{false, true} {
			if got := must[api.Subscription](t)(p.owner.SetOffline(t.Context(), id, allowed)); got.OfflineAllowed != allowed {
				t.Errorf("offline %v: %+v", allowed, got)
			}
		}
		if found := must[api.Subscription](t)(p.owner.Subscription(t.Context(), id)); found.EndsOn != "2099-12-31" || *found.Quantity != 100 {
			t.Errorf("found: %+v", found)
		}
	})
}

func TestListsComeInPagesNewestFirst(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		var want []string
		for _, name := range []string{"One", "Two", "Three", "Four"} {
			o := must[api.Organization](t)(p.owner.CreateOrganization(t.Context(), api.NewOrganization{Kind: "partner", Name: name}))
			want = append([]string{o.ID}, want...)
		}
		want = append(want, p.organization.ID)
		var got []string
		listing := api.Listing{Limit: 2}
		for pages := 0; pages == 0 || listing.Cursor != ""; pages++ {
			page := must[api.Page[api.Organization]](t)(p.owner.Organizations(t.Context(), api.OrganizationFilter{}, listing))
			for _, o := range page.Items {
				got = append(got, o.ID)
			}
			listing.Cursor = page.NextCursor
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of two (-want +got):\n%s", diff)
		}
	})
}

func TestAbsentThingsAreNotFoundAlike(t *testing.T) {
	p := open(t, servertest.Start(t))
	var bodies []api.Problem
	for _, id := range []string{"absent", "01990000-0000-7000-8000-000000000000", p.product.ID, "a b", "..%2F", "'; --"} {
		_, err1 := p.owner.Subscription(t.Context(), id)
		_, err2 := p.owner.Organization(t.Context(), id)
		_, err3 := p.owner.Activation(t.Context(), id)
		_, err4 := p.owner.Plan(t.Context(), id)
		for _, err := range []error{err1, err2, err3, err4} {
			if code(err) != "not_found" {
				t.Errorf("%q: %v, want not_found", id, err)
				continue
			}
			problem := *err.(*api.Problem) //nolint:errorlint // code has looked
			problem.RequestID = ""
			bodies = append(bodies, problem)
		}
	}
	for _, b := range bodies[1:] {
		if diff := cmp.Diff(bodies[0], b); diff != "" {
			t.Errorf("two absent things differ:\n%s", diff)
		}
	}
}
