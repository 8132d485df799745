package licensing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func TestActivationGrantsWhatWasBought(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install()
		i.must(i.request(licensefile.KindActivate, withKey(s.key), i.using(7)))

		g := i.license.Grant
		quantity, unused := int64(100), int64(93)
		end := time.Date(2027, 3, 31, 22, 0, 0, 0, time.UTC) // midnight in Zurich, in summer time
		want := licensefile.Grant{
			Key: "••••-" + s.key[len(s.key)-4:], KeyKind: "primary", Product: "Fleet Manager", Plan: "Standard",
			LicenseType: "desktop", TypeName: "Desktop", Metric: "devices", Model: "subscription",
			Site: i.site, Organization: "Example Customer", Method: licensefile.Online,
			IssueDate: "2026-04-01", // already tomorrow in the publisher's zone
			EndDate:   "2027-03-31", End: &end, Maximum: &quantity, Used: 7, Unused: &unused,
			Policy: catalog.DefaultPolicy(catalog.Subscription).Travels(),
		}
		if diff := cmp.Diff(want, g); diff != "" {
			t.Errorf("grant (-want +got):\n%s", diff)
		}
		if i.license.Serial != 1 {
			t.Errorf("serial = %d, want 1", i.license.Serial)
		}
		row := p.row(s)
		if row.Status != "active" || row.Activation.Used != 7 || row.Key.Activations != 1 {
			t.Errorf("row: status %s, used %d, activations %d; want active, 7, 1", row.Status, row.Activation.Used, row.Key.Activations)
		}
		if n := p.events("activation.started"); n != 1 {
			t.Errorf("%d activations are recorded, want 1", n)
		}
	})
}

func TestLicenseEndsWithTheLeaseOrTheSubscription(t *testing.T) {
	zoneEnd := time.Date(2027, 3, 31, 22, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		policy func(*catalog.Policy)
		method func(*licensefile.Request)
		want   time.Time
	}{
		{"online: the lease comes first", nil, func(*licensefile.Request) {}, today.Add(30 * 24 * time.Hour)},
		{"online without a lease", func(p *catalog.Policy) { p.LeaseDays = 0 }, func(*licensefile.Request) {}, zoneEnd},
		{"the grace is part of the end", func(p *catalog.Policy) { p.LeaseDays, p.ExpiryGraceDays = 0, 5 }, func(*licensefile.Request) {}, zoneEnd.Add(5 * 24 * time.Hour)},
		{"offline: to the end", nil, offline, zoneEnd},
		{"offline with a lease", func(p *catalog.Policy) { p.OfflineLeaseDays = 90 }, offline, today.Add(90 * 24 * time.Hour)},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, p *publisher) {
				allowed := true
				s := p.sell(p.plan(c.policy), func(n *licensing.NewSubscription) { n.OfflineAllowed = &allowed })
				i := p.install()
				i.must(i.request(licensefile.KindActivate, withKey(s.key), c.method))
				if got := i.license.Expires.Time(); !got.Equal(c.want) {
					t.Errorf("exp = %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestPerpetualLicenseEndsWithTheSigningCertificate(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(func(policy *catalog.Policy) { policy.Model, policy.LeaseDays = catalog.Perpetual, 0 })
		s := p.sell(plan, func(n *licensing.NewSubscription) { n.EndsOn = "" })
		i := p.install().activate(s.key)
		if got, want := i.license.Expires.Time(), today.AddDate(12, 0, 0); !got.Equal(want) {
			t.Errorf("exp = %v, want %v", got, want)
		}
	})
}

func TestRefusalsOfActivation(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		other := p.organization("Another Customer")
		expired := p.sell(plan, func(n *licensing.NewSubscription) { n.StartsOn, n.EndsOn = "2025-01-01", "2026-03-31" })
		later := p.sell(plan, func(n *licensing.NewSubscription) { n.StartsOn = "2026-04-02" })
		suspended := p.sell(plan, nil)
		if _, err := p.Suspend(t.Context(), p.actor, licensing.Change{ID: suspended.ID}); err != nil {
			t.Fatal(err)
		}
		used := p.sell(plan, nil)
		p.install().activate(used.key)
		twice := p.sell(p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 2 }), nil)
		p.install().activate(twice.key)
		p.install().activate(twice.key)
		good := p.sell(plan, nil)
		foreign := p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = other })
		unregistered := p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = "" })
		settled := p.install().activate(p.sell(plan, nil).key)

		mistyped := []byte(good.key)
		mistyped[0] = map[bool]byte{true: 'B', false: 'A'}[mistyped[0] == 'A']
		unknown, err := licensing.GenerateKey(catalog.DefaultPolicy(catalog.Subscription).KeyFormat, p.Rand)
		if err != nil {
			t.Fatal(err)
		}
		fresh := p.install()
		for _, c := range []struct {
			name  string
			who   *installation
			key   string
			alter func(*licensefile.Request)
			want  problem.Code
		}{
			{"unknown", fresh, unknown, nil, problem.KeyUnknown},
			{"mistyped", fresh, string(mistyped), nil, problem.KeyMistyped},
			{"not registered", fresh, unregistered.key, nil, problem.KeyNotRegistered},
			{"expired yesterday in the publisher's zone", fresh, expired.key, nil, problem.SubscriptionExpired},
			{"starts tomorrow in the publisher's zone", fresh, later.key, nil, problem.SubscriptionNotStarted},
			{"suspended", fresh, suspended.key, nil, problem.SubscriptionSuspended},
			{"in use", fresh, used.key, nil, problem.KeyInUse},
			{"over its activations", fresh, twice.key, nil, problem.ActivationsExhausted},
			{"wrong license type", fresh, good.key, func(r *licensefile.Request) { r.Slot.LicenseType = "mobile" }, problem.WrongLicenseType},
			{"wrong product", fresh, good.key, func(r *licensefile.Request) { r.About.Product = "another" }, problem.WrongProduct},
			{"offline where it is off", fresh, good.key, offline, problem.OfflineNotAllowed},
			{"another organization's", settled, foreign.key, nil, problem.OtherOrganization},
			{"another publisher's request", fresh, good.key, func(r *licensefile.Request) { r.Audience = "urn:uuid:00000000-0000-4000-8000-000000000000" }, problem.WrongPublisher},
		} {
			t.Run(c.name, func(t *testing.T) {
				r := c.who.request(licensefile.KindActivate, withKey(c.key))
				alterIf(c.alter, &r)
				before := p.count(`SELECT COUNT(*) FROM slot`)
				if said := c.who.refused(r, c.want); said == "" {
					t.Error("the refusal says nothing")
				}
				if after := p.count(`SELECT COUNT(*) FROM slot`); after != before {
					t.Errorf("the refused request left %d rows", after-before)
				}
			})
		}
	})
}

func alterIf(alter func(*licensefile.Request), r *licensefile.Request) {
	if alter != nil {
		alter(r)
	}
}

func TestTamperedRequestIsRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install()
		compact := []byte(i.seal(i.request(licensefile.KindActivate, withKey(s.key))))
		at := len(compact) - 20 // inside the signature
		compact[at] = map[bool]byte{true: 'B', false: 'A'}[compact[at] == 'A']
		if _, err := p.Exchange(t.Context(), string(compact)); !problem.Is(err, problem.SignatureInvalid) {
			t.Errorf("got %v, want signature_invalid", err)
		}
	})
}

func TestPreviewShowsAStrangerOnlyWhatTheBoxSays(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		bound := p.install()
		bound.must(bound.request(licensefile.KindActivate, withKey(s.key), bound.using(40)))
		preview := func(i *installation) licensefile.Preview {
			return *i.receipt(i.must(i.request(licensefile.KindPreview, withKey(s.key)))).Body.Preview
		}
		quantity, used, remaining := int64(100), int64(40), int64(60)
		want := licensefile.Preview{
			Product: "Fleet Manager", Plan: "Standard", LicenseType: "desktop", TypeName: "Desktop", Metric: "devices",
			Model: "subscription", IssueDate: "2026-04-01", EndDate: "2027-03-31", Maximum: &quantity, InUse: true,
			Problem: string(problem.KeyInUse), Message: problem.KeyInUse.Sentence(),
		}
		if diff := cmp.Diff(want, preview(p.install())); diff != "" {
			t.Errorf("a stranger's preview (-want +got):\n%s", diff)
		}
		want.Problem, want.Message = "", ""
		want.Key, want.Organization = "••••-"+s.key[len(s.key)-4:], "Example Customer"
		want.Used, want.Remaining, want.Site, want.HostName = &used, &remaining, "Headquarters", "proxy-1"
		if diff := cmp.Diff(want, preview(bound)); diff != "" {
			t.Errorf("the bound installation's preview (-want +got):\n%s", diff)
		}
	})
}

func TestPreviewOfAnUnregisteredKeySaysSo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.OrganizationID = "" })
		i := p.install()
		shown := i.receipt(i.must(i.request(licensefile.KindPreview, withKey(s.key)))).Body.Preview
		if shown.Problem != string(problem.KeyNotRegistered) || shown.Product == "" {
			t.Errorf("preview: problem %q, product %q; want key_not_registered with the product", shown.Problem, shown.Product)
		}
		if _, err := p.RegisterKey(t.Context(), p.actor, licensing.Registration{Key: s.key, OrganizationID: p.org}); err != nil {
			t.Fatal(err)
		}
		i.activate(s.key)
	})
}

func TestKeyIsRegisteredOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		other := p.organization("Another Customer")
		if _, err := p.RegisterKey(t.Context(), p.actor, licensing.Registration{Key: s.key, OrganizationID: other}); !problem.Is(err, problem.KeyRegisteredElsewhere) {
			t.Errorf("got %v, want key_registered_elsewhere", err)
		}
		if _, err := p.RegisterKey(t.Context(), p.actor, licensing.Registration{Key: s.key, OrganizationID: p.org}); err != nil {
			t.Errorf("registering again to the same organization: %v", err)
		}
		if n := p.events("key.registered"); n != 0 {
			t.Errorf("%d registrations are recorded, want none", n)
		}
	})
}

func TestRefreshBringsChangesAndKeepsTheRow(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		if _, err := p.Suspend(t.Context(), p.actor, licensing.Change{ID: s.ID}); err != nil {
			t.Fatal(err)
		}
		p.clock.advance(24 * time.Hour)
		i.must(i.request(licensefile.KindRefresh))
		if !i.license.Grant.Suspended || i.license.Serial != 2 {
			t.Errorf("suspended = %v, serial = %d; want true, 2", i.license.Grant.Suspended, i.license.Serial)
		}
		if got := p.row(s).Status; got != "suspended" {
			t.Errorf("status = %s, want suspended", got)
		}
		if _, err := p.Resume(t.Context(), p.actor, licensing.Change{ID: s.ID}); err != nil {
			t.Fatal(err)
		}
		i.must(i.request(licensefile.KindRefresh))
		if i.license.Grant.Suspended {
			t.Error("the license still says suspended")
		}
	})
}

func TestRefreshAfterTheEndTellsTheEnd(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		p.clock.set(time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC))
		if rotated, err := p.Issuer.RotateIfDue(t.Context()); err != nil || !rotated {
			t.Fatalf("rotated = %v, %v; want the certificate to be replaced in time", rotated, err)
		}
		i.must(i.request(licensefile.KindRefresh))
		if exp, iat := i.license.Expires, i.license.IssuedAt; exp >= iat || !exp.Time().Equal(time.Date(2027, 3, 31, 22, 0, 0, 0, time.UTC)) {
			t.Errorf("exp = %v, iat = %v; want the subscription's end, before iat", exp.Time(), iat.Time())
		}
		if got := p.row(s).Status; got != "expired" {
			t.Errorf("status = %s, want expired", got)
		}
		i.must(i.request(licensefile.KindDeactivate)) // works on an expired key (P9)
	})
}

func TestDeactivationFreesTheKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		first := p.install().activate(s.key)
		second := p.install()
		second.refused(second.request(licensefile.KindActivate, withKey(s.key)), problem.KeyInUse)

		receipt := first.receipt(first.must(first.request(licensefile.KindDeactivate, first.using(12))))
		if receipt.Body.Status != licensefile.StatusDeactivated || receipt.Serial != 2 {
			t.Errorf("receipt: %s with serial %d, want deactivated with 2", receipt.Body.Status, receipt.Serial)
		}
		second.activate(s.key)
		if second.license.Grant.Used != 0 || *second.license.Grant.Unused != 100 {
			t.Errorf("used %d, unused %d: the ended activation still counts", second.license.Grant.Used, *second.license.Grant.Unused)
		}
		if n := p.events("activation.ended"); n != 1 {
			t.Errorf("%d ends are recorded, want 1", n)
		}
		// The slot goes on where it was when its installation comes back.
		second.must(second.request(licensefile.KindDeactivate))
		first.activate(s.key)
		if first.license.Serial != 3 {
			t.Errorf("serial after coming back = %d, want 3", first.license.Serial)
		}
	})
}

func TestAnotherKeyMovesTheRow(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		old, fresh := p.sell(plan, nil), p.sell(plan, nil)
		i := p.install().activate(old.key)
		i.activate(fresh.key)
		if rows := p.rows(licensing.RowFilter{State: "live"}); len(rows) != 1 || rows[0].Subscription.ID != fresh.ID {
			t.Fatalf("%d live rows, want one of the new key", len(rows))
		}
		ended := p.rows(licensing.RowFilter{State: "ended"})
		if len(ended) != 1 || ended[0].Activation.EndReason != licensing.EndMoved || ended[0].Key.Activations != 0 {
			t.Errorf("ended rows: %+v, want one that moved and freed its key", ended)
		}
		p.install().activate(old.key)
	})
}

func TestSecondSiteNeedsItsOwnKey(t *testing.T) {
	onEachEngine(t, func(_ *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		branch := i.clone()
		branch.site = licensefile.Site{ID: "0198c0de-0000-7000-8000-000000000002", Name: "Branch"}
		branch.sequence, branch.serial = 0, 0
		branch.refused(branch.request(licensefile.KindActivate, withKey(s.key)), problem.KeyInUse)
	})
}

func TestUsageNeverIsRefusedAndCrossingTheLimitIsRecordedOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		for _, step := range []struct {
			used        int64
			over, under int64 // crossings recorded so far
			status      string
		}{
			{100, 0, 0, "active"}, // never at exactly the maximum (P7)
			{130, 1, 0, "over_limit"},
			{150, 1, 0, "over_limit"},
			{100, 1, 1, "active"},
			{101, 2, 1, "over_limit"},
		} {
			p.clock.advance(time.Hour)
			receipt := i.receipt(i.must(i.request(licensefile.KindReport, i.using(step.used))))
			if receipt.Body.Status != licensefile.StatusTaken {
				t.Errorf("using %d: receipt %s, want taken", step.used, receipt.Body.Status)
			}
			row := p.row(s)
			if row.Status != step.status || row.Activation.Used != step.used || *row.Maximum != 100 {
				t.Errorf("using %d: %s, used %d of %d; want %s", step.used, row.Status, row.Activation.Used, *row.Maximum, step.status)
			}
			over, under := p.events("activation.limit_exceeded"), p.events("activation.limit_kept")
			if over != step.over || under != step.under {
				t.Errorf("using %d: crossings %d and %d, want %d and %d", step.used, over, under, step.over, step.under)
			}
		}
		if peak := p.row(s).Activation.Peak; peak != 150 {
			t.Errorf("peak = %d, want 150", peak)
		}
	})
}

func TestUsageOfAClockThatRunsAheadIsClipped(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		report := func(used int64, to time.Time) {
			i.must(i.request(licensefile.KindReport, func(r *licensefile.Request) {
				r.Usage = []licensefile.Usage{{Metric: "devices", From: to.Add(-time.Hour), To: to, Used: used, Peak: used}}
			}))
		}
		report(50, time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))
		p.clock.advance(time.Hour)
		report(20, p.clock.now())
		if used := p.row(s).Activation.Used; used != 20 {
			t.Errorf("used = %d, want 20: the figure from 2040 must not win for ever", used)
		}
		report(99, p.clock.now().Add(-30*time.Minute))
		if used := p.row(s).Activation.Used; used != 20 {
			t.Errorf("used = %d, want 20: a late figure of an earlier period must not win", used)
		}
	})
}

func TestSecondSubscriptionCountsForItself(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 2 })
		s := p.sell(plan, nil)
		a, b := p.install(), p.install()
		a.must(a.request(licensefile.KindActivate, withKey(s.key), a.using(70)))
		b.must(b.request(licensefile.KindActivate, withKey(s.key), b.using(20)))
		if got := *b.license.Grant.Maximum; got != 30 {
			t.Errorf("maximum of the second row = %d, want 30 of the shared pool", got)
		}
	})
}
