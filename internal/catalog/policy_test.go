package catalog_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

var models = []catalog.Model{catalog.Subscription, catalog.Perpetual, catalog.Metered, catalog.Trial}

// policyOf gives a valid policy of a model.
func policyOf(model catalog.Model) catalog.Policy {
	p := catalog.DefaultPolicy(model)
	p.Type = catalog.LicenseType{Code: "desktop", Name: "Desktop", Metric: "devices"}
	return p
}

func TestDefaultsAreThoseOfTheDesign(t *testing.T) {
	const day = 24 * time.Hour
	for _, model := range models {
		p := policyOf(model)
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", model, err)
		}
		got := []any{
			p.RefreshEvery(), p.ReportEvery(), p.CheckInEvery(), p.Lease(), p.WarnPercent, p.ExpiringWithinDays,
			p.OverLimit, p.OnFork, p.OfflineAllowed, p.OfflineLease(), p.ExpiryGrace(), p.DeviceUpload, p.ActivationsPerKey,
		}
		want := []any{
			day, 7 * day, day, 30 * day, int64(90), int64(60),
			licensefile.OverLimitNotify, catalog.ForkNotify, false, time.Duration(0), time.Duration(0), false, int64(1),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", model, diff)
		}
	}
	metered := policyOf(catalog.Metered)
	if metered.WarnAfter() != 7*day || metered.DisableAfter() != 14*day || metered.Billing.MoreThanDays != 14 {
		t.Errorf("metered: %+v", metered)
	}
	if p := policyOf(catalog.Subscription); p.WarnAfter() != 0 || p.DisableAfter() != 0 || p.Billing.Rule != catalog.BillNothing {
		t.Errorf("prepaid plans know no silence and no bill: %+v", p)
	}
	if !policyOf(catalog.Perpetual).Maintenance {
		t.Error("a perpetual plan has maintenance")
	}
}

func TestGraceCountsOnlyWithTheGraceRule(t *testing.T) {
	p := policyOf(catalog.Subscription)
	if got := p.OverLimitGrace(); got != 0 {
		t.Errorf("notify: %v, want 0", got)
	}
	p.OverLimit = licensefile.OverLimitGrace
	if got := p.OverLimitGrace(); got != 7*24*time.Hour {
		t.Errorf("grace: %v, want 7 days", got)
	}
}

func TestWhatTravelsIsInSeconds(t *testing.T) {
	p := policyOf(catalog.Metered)
	p.OverLimit = licensefile.OverLimitGrace
	want := licensefile.Policy{
		OverLimit: licensefile.OverLimitGrace, OverLimitGrace: 7 * 86400, WarnPercent: 90, RefreshEvery: 86400,
		ReportEvery: 7 * 86400, CheckInEvery: 86400, WarnAfter: 7 * 86400, DisableAfter: 14 * 86400,
	}
	if diff := cmp.Diff(want, p.Travels()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPoliciesSurviveStorage(t *testing.T) {
	p := policyOf(catalog.Metered)
	p.Entitlements = map[string]int64{"headstart": 50}
	p.Billing.PriceClasses = []catalog.PriceClass{{Class: "server", OperatingSystems: []string{"Windows Server"}}}
	p.Billing.DefaultClass = "desktop"
	stored, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := catalog.ParsePolicy(stored)
	if diff := cmp.Diff(p, got); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s %v", diff, err)
	}
	if _, err := catalog.ParsePolicy([]byte("{")); err == nil {
		t.Error("a broken policy is read")
	}
}

func TestEachFaultOfAPolicyIsFound(t *testing.T) {
	tests := []struct {
		name    string
		alter   func(p *catalog.Policy)
		pointer string
	}{
		{"unknown model", func(p *catalog.Policy) { p.Model = "rent" }, "/policy/model"},
		{"no type", func(p *catalog.Policy) { p.Type.Code = "" }, "/policy/license_type/code"},
		{"type in capitals", func(p *catalog.Policy) { p.Type.Code = "Desktop" }, "/policy/license_type/code"},
		{"no type name", func(p *catalog.Policy) { p.Type.Name = " " }, "/policy/license_type/name"},
		{"no metric", func(p *catalog.Policy) { p.Type.Metric = "" }, "/policy/license_type/metric"},
		{"odd entitlement", func(p *catalog.Policy) { p.Entitlements = map[string]int64{"A b": 1} }, "/policy/entitlements"},
		{"negative entitlement", func(p *catalog.Policy) { p.Entitlements = map[string]int64{"a": -1} }, "/policy/entitlements"},
		{"negative activations", func(p *catalog.Policy) { p.ActivationsPerKey = -1 }, "/policy/activations_per_key"},
		{"unknown over-limit rule", func(p *catalog.Policy) { p.OverLimit = "explode" }, "/policy/over_limit"},
		{"grace of no days", func(p *catalog.Policy) { p.OverLimit, p.OverLimitGraceDays = "grace", 0 }, "/policy/over_limit_grace_days"},
		{"warning above the maximum", func(p *catalog.Policy) { p.WarnPercent = 101 }, "/policy/warn_percent"},
		{"never refreshed", func(p *catalog.Policy) { p.RefreshEveryHours = 0 }, "/policy/refresh_every_hours"},
		{"never reported", func(p *catalog.Policy) { p.ReportEveryHours = -5 }, "/policy/report_every_hours"},
		{"overflowing interval", func(p *catalog.Policy) { p.CheckInEveryHours = math.MaxInt64 }, "/policy/check_in_every_hours"},
		{"overflowing lease", func(p *catalog.Policy) { p.LeaseDays = math.MaxInt64 }, "/policy/lease_days"},
		{"lease of one refresh", func(p *catalog.Policy) { p.LeaseDays = 1 }, "/policy/lease_days"},
		{"negative offline lease", func(p *catalog.Policy) { p.OfflineLeaseDays = -1 }, "/policy/offline_lease_days"},
		{"negative expiry grace", func(p *catalog.Policy) { p.ExpiryGraceDays = -1 }, "/policy/expiry_grace_days"},
		{"endless expiring", func(p *catalog.Policy) { p.ExpiringWithinDays = 1e9 }, "/policy/expiring_within_days"},
		{"negative renewal window", func(p *catalog.Policy) { p.RenewalWindowDays = -1 }, "/policy/renewal_window_days"},
		{"warning on a prepaid plan", func(p *catalog.Policy) { p.WarnAfterDays = 7 }, "/policy/warn_after_days"},
		{"disabling on a prepaid plan", func(p *catalog.Policy) { p.DisableAfterDays = 14 }, "/policy/disable_after_days"},
		{"disabled before warned", func(p *catalog.Policy) {
			p.Model, p.WarnAfterDays, p.DisableAfterDays = catalog.Metered, 14, 14
		}, "/policy/disable_after_days"},
		{"lease before disabled", func(p *catalog.Policy) {
			p.Model, p.WarnAfterDays, p.DisableAfterDays, p.LeaseDays = catalog.Metered, 7, 14, 14
		}, "/policy/lease_days"},
		{"version with a line break", func(p *catalog.Policy) { p.OrganizationFromVersion = "1\n2" }, "/policy/organization_from_version"},
		{"unknown billing rule", func(p *catalog.Policy) { p.Billing.Rule = "guess" }, "/policy/billing/rule"},
		{"more days than a month", func(p *catalog.Policy) { p.Billing.MoreThanDays = 31 }, "/policy/billing/more_than_days"},
		{"classes without a default", func(p *catalog.Policy) {
			p.Billing.PriceClasses = []catalog.PriceClass{{Class: "a", OperatingSystems: []string{"x"}}}
		}, "/policy/billing/default_class"},
		{"class of no system", func(p *catalog.Policy) {
			p.Billing.DefaultClass, p.Billing.PriceClasses = "a", []catalog.PriceClass{{Class: "a"}}
		}, "/policy/billing/price_classes/0/operating_systems"},
		{"unknown fork rule", func(p *catalog.Policy) { p.OnFork = "knife" }, "/policy/on_fork"},
		{"unknown key style", func(p *catalog.Policy) { p.KeyFormat.Style = "word" }, "/policy/key_format/style"},
		{"keys that can be guessed", func(p *catalog.Policy) { p.KeyFormat.Groups = 4 }, "/policy/key_format"},
		{"keys that are too long", func(p *catalog.Policy) { p.KeyFormat.Groups = 20 }, "/policy/key_format"},
		{"key length that overflows", func(p *catalog.Policy) { p.KeyFormat.Length = math.MaxInt64 }, "/policy/key_format/length"},
		{"groups of digits", func(p *catalog.Policy) { p.KeyFormat.Style = catalog.KeyDigits16 }, "/policy/key_format/groups"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := policyOf(catalog.Subscription)
			tt.alter(&p)
			err := p.Validate()
			if !problem.Is(err, problem.ValidationFailed) {
				t.Fatalf("got %v, want validation_failed", err)
			}
			at := func(f problem.Field) bool { return f.Pointer == tt.pointer }
			if fields := problem.From(err).Fields; !slices.ContainsFunc(fields, at) {
				t.Errorf("got %v, want a fault at %s", fields, tt.pointer)
			}
		})
	}
}

func TestAllFaultsOfAPlanAreToldAtOnceWithoutValues(t *testing.T) {
	err := catalog.NewPlan{Code: "SECRET1", Name: "SECRET2\n", Policy: catalog.Policy{
		Model: "SECRET3", Entitlements: map[string]int64{"SECRET4": 1}, Type: catalog.LicenseType{Code: "SECRET5"},
	}}.Validate()
	p := problem.From(err)
	if p == nil || len(p.Fields) < 10 {
		t.Errorf("got %v, want every fault", err)
	}
	if strings.Contains(err.Error(), "SECRET") {
		t.Errorf("the faults echo what was sent: %v", err)
	}
	for _, f := range p.Fields {
		if strings.Contains(f.Pointer+f.Message, "SECRET") {
			t.Errorf("a fault echoes what was sent: %v", f)
		}
	}
}
