package licensing_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func n(v int64) *int64 { return &v }

// direct is what a direct order says at least.
var direct = licensing.OrderFacts{Contact: licensing.Contact{Channel: licensing.Direct}}

// resold is an order through a reseller.
var resold = licensing.OrderFacts{Reference: "PO-4711", Contact: licensing.Contact{
	Channel: licensing.Reseller, Reseller: "Northwind Resale", Name: "Sales desk", Email: "sales@northwind.example.com",
	Phone: "+41 44 555 01 01", URL: "https://northwind.example.com/contact",
}}

func newLine(plan string, quantity *int64, months int64) licensing.NewLine {
	return licensing.NewLine{Action: licensing.LineNew, Sale: licensing.NewSubscription{PlanID: plan, Quantity: quantity, TermMonths: months}}
}

// order places an order that has to come true.
func (p *publisher) order(o licensing.NewOrder) licensing.PlacedOrder {
	p.t.Helper()
	placed, err := p.PlaceOrder(p.t.Context(), p.actor, o)
	if err != nil {
		p.t.Fatal(err)
	}
	return placed
}

// contract gives a subscription as staff see it.
func (p *publisher) contract(id string) licensing.Contract {
	p.t.Helper()
	found, err := p.Subscription(p.t.Context(), p.actor, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

func TestAnOrderOfANewOrganizationCreatesItAndInvitesItsPrimaryEmail(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		placed := p.order(licensing.NewOrder{
			OrderFacts: resold, PrimaryEmail: "it@bluefinch.example.com", Language: language.Japanese,
			Organization: &identity.NewOrganization{Kind: identity.Customer, Name: "Bluefinch Studios"},
			Lines:        []licensing.NewLine{newLine(p.plan(nil), n(25), 12)},
		})
		if placed.OrganizationName != "Bluefinch Studios" || len(placed.Issued) != 1 {
			t.Fatalf("placed %+v", placed)
		}
		issued := placed.Issued[0]
		want := licensing.OrderLine{
			SubscriptionID: issued.ID, ProductName: "Fleet Manager", PlanName: "Standard", Action: licensing.LineNew, Quantity: n(25), EndsOn: "2027-03-31",
		}
		if diff := cmp.Diff([]licensing.OrderLine{want}, placed.Lines); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		if issued.OrganizationID != placed.OrganizationID || issued.State != licensing.Active || issued.StartsOn != "2026-04-01" {
			t.Errorf("issued %+v", issued.Contract)
		}
		if diff := cmp.Diff(&resold.Contact, issued.Contact); diff != "" {
			t.Errorf("contact (-want +got):\n%s", diff)
		}
		p.install().activate(issued.Key.Key)
		invited := p.count(`SELECT COUNT(*) FROM invitation WHERE organization_id = ? AND email = 'it@bluefinch.example.com'
			AND role = 'account_administrator' AND language = 'ja'`, placed.OrganizationID)
		mails := p.count(`SELECT COUNT(*) FROM mail WHERE kind = 'invitation' AND language = 'ja'`)
		if invited != 1 || mails != 1 {
			t.Errorf("%d invitations and %d mails, want one of each", invited, mails)
		}
	})
}

func TestAnOrderWithoutAnOrganizationIssuesKeysThatAnybodyMayRegister(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		placed := p.order(licensing.NewOrder{OrderFacts: direct, Lines: []licensing.NewLine{newLine(p.plan(nil), n(5), 12), newLine(p.plan(nil), nil, 1)}})
		i := p.install()
		for _, issued := range placed.Issued {
			i.refused(i.request(licensefile.KindActivate, withKey(issued.Key.Key)), problem.KeyNotRegistered)
		}
		if got := len(placed.Issued); got != 2 || placed.OrganizationID != "" {
			t.Errorf("%d subscriptions of %q, want 2 of nobody", got, placed.OrganizationID)
		}
	})
}

func TestAnOrderRenewsAndResizesAndIsTheHistoryOfItsSubscription(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		first := p.order(licensing.NewOrder{OrderFacts: resold, OrganizationID: p.org, Lines: []licensing.NewLine{newLine(p.plan(nil), n(10), 1)}})
		id := first.Issued[0].ID
		i := p.install().activate(first.Issued[0].Key.Key)
		second := p.order(licensing.NewOrder{OrderFacts: direct, OrganizationID: p.org, Lines: []licensing.NewLine{
			{Action: licensing.LineRenewal, SubscriptionID: id, TermMonths: 12},
			{Action: licensing.LineQuantity, SubscriptionID: id, Quantity: n(40)},
		}})
		want := []licensing.OrderLine{
			{
				SubscriptionID: id, ProductName: "Fleet Manager", PlanName: "Standard", Action: licensing.LineRenewal, QuantityBefore: n(10), Quantity: n(10),
				EndsBefore: "2026-04-30", EndsOn: "2027-04-30",
			},
			{
				SubscriptionID: id, ProductName: "Fleet Manager", PlanName: "Standard", Action: licensing.LineQuantity, QuantityBefore: n(10), Quantity: n(40),
				EndsBefore: "2027-04-30", EndsOn: "2027-04-30",
			},
		}
		if diff := cmp.Diff(want, second.Lines); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		history, err := p.Orders(t.Context(), p.actor, licensing.OrderFilter{SubscriptionID: id}, database.Listing{})
		if err != nil || len(history.Items) != 2 || history.Items[0].ID != second.ID {
			t.Errorf("history %+v and %v, want both orders, the newest first", history.Items, err)
		}
		if got := p.contract(id); got.Contact == nil || got.Contact.Reseller != "Northwind Resale" {
			t.Errorf("contact %+v, want that of the newest order that has one", got.Contact)
		}
		i.must(i.request(licensefile.KindRefresh))
		if got := i.license.Grant; got.EndDate != "2027-04-30" || *got.Maximum != 40 {
			t.Errorf("the key and its activation go on with %+v", got)
		}
	})
}

// TestAnOrderComesTrueAsAWholeOrNotAtAll has lines that would come true and one
// that does not.
func TestAnOrderComesTrueAsAWholeOrNotAtAll(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		own, foreign := p.sell(plan, nil), p.sell(plan, func(s *licensing.NewSubscription) { s.OrganizationID = p.organization("Another") })
		good := []licensing.NewLine{newLine(plan, n(5), 12), {Action: licensing.LineQuantity, SubscriptionID: own.ID, Quantity: n(200)}}
		before := p.count(`SELECT COUNT(*) FROM event`)
		for name, c := range map[string]struct {
			bad     licensing.NewLine
			code    problem.Code
			pointer string
		}{
			"too early":       {licensing.NewLine{Action: licensing.LineRenewal, SubscriptionID: own.ID, TermMonths: 12}, problem.RenewalTooEarly, "/lines/2"},
			"foreign":         {licensing.NewLine{Action: licensing.LineQuantity, SubscriptionID: foreign.ID, Quantity: n(1)}, problem.ValidationFailed, "/lines/2/subscription_id"},
			"absent":          {licensing.NewLine{Action: licensing.LineQuantity, SubscriptionID: "absent", Quantity: n(1)}, problem.ValidationFailed, "/lines/2/subscription_id"},
			"no plan":         {newLine("absent", nil, 12), problem.ValidationFailed, "/lines/2/plan_id"},
			"no end":          {newLine(plan, nil, 0), problem.ValidationFailed, "/lines/2/ends_on"},
			"no number":       {licensing.NewLine{Action: licensing.LineQuantity, SubscriptionID: own.ID, Quantity: n(0)}, problem.ValidationFailed, "/lines/2/quantity"},
			"no action":       {licensing.NewLine{SubscriptionID: own.ID}, problem.ValidationFailed, "/lines/2/action"},
			"no term":         {licensing.NewLine{Action: licensing.LineRenewal, SubscriptionID: own.ID}, problem.ValidationFailed, "/lines/2/term_months"},
			"past all days":   {newLine(plan, nil, 1201), problem.ValidationFailed, "/lines/2/term_months"},
			"no subscription": {licensing.NewLine{Action: licensing.LineRenewal, TermMonths: 1}, problem.ValidationFailed, "/lines/2/subscription_id"},
		} {
			_, err := p.PlaceOrder(t.Context(), p.actor, licensing.NewOrder{OrderFacts: direct, OrganizationID: p.org, Lines: append(good[:2:2], c.bad)})
			if !problem.Is(err, c.code) || !pointsAt(err, c.pointer) {
				t.Errorf("%s: got %v with %+v, want %s at %s", name, err, problem.From(err).Fields, c.code, c.pointer)
			}
		}
		if got := p.count(`SELECT COUNT(*) FROM event`); got != before {
			t.Errorf("refused orders recorded %d events", got-before)
		}
		if got := p.contract(own.ID); *got.Quantity != 100 || got.Version != own.Version {
			t.Errorf("refused orders changed a subscription: %d licenses, version %d", *got.Quantity, got.Version)
		}
		if n := p.count(`SELECT COUNT(*) FROM sales_order`); n != 0 {
			t.Errorf("%d orders, want none", n)
		}
	})
}

func pointsAt(err error, pointer string) bool {
	for _, f := range problem.From(err).Fields {
		if f.Pointer == pointer {
			return true
		}
	}
	return false
}

func TestFaultsOfAnOrderAreToldAllAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		_, err := p.PlaceOrder(t.Context(), p.actor, licensing.NewOrder{
			OrderFacts: licensing.OrderFacts{Reference: strings.Repeat("x", 201), Contact: licensing.Contact{
				Channel: licensing.Reseller, Email: "Sales <sales@example.com>", URL: "javascript:alert(1)", Phone: "1\r\n2",
			}},
			OrganizationID: p.org, Organization: &identity.NewOrganization{Kind: identity.Customer, Name: "X"}, Language: "de",
		})
		var got []string
		for _, f := range problem.From(err).Fields {
			got = append(got, f.Pointer)
		}
		want := []string{
			"/reseller", "/reference", "/contact/phone", "/contact/email", "/contact/url", "/organization", "/primary_email", "/language", "/lines",
		}
		if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestMembersSeeTheirOwnOrdersAndSubscriptionsOnly(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		place := func(org string) licensing.PlacedOrder {
			line := newLine(plan, n(5), 12)
			line.Sale.Reference = "erp-" + org
			return p.order(licensing.NewOrder{OrderFacts: resold, OrganizationID: org, Lines: []licensing.NewLine{line}})
		}
		own, second, foreign := place(p.org), p.sell(plan, nil), place(p.organization("Another"))
		holder := p.member(p.org, identity.LicenseAdministrator, own.Issued[0].Key.ID)
		administrator, plain := p.member(p.org, identity.AccountAdministrator), p.member(p.org, identity.Member)
		for name, c := range map[string]struct {
			who  identity.Actor
			id   string
			want problem.Code
		}{
			"an administrator their own":     {administrator, own.Issued[0].ID, ""},
			"an administrator a foreign one": {administrator, foreign.Issued[0].ID, problem.NotFound},
			"an administrator an absent one": {administrator, "absent", problem.NotFound},
			"a holder that of their key":     {holder, own.Issued[0].ID, ""},
			"a holder another":               {holder, second.ID, problem.NotFound},
			"a plain member":                 {plain, own.Issued[0].ID, problem.Forbidden},
			"nobody":                         {identity.Actor{}, own.Issued[0].ID, problem.Unauthenticated},
		} {
			got, err := p.Subscription(t.Context(), c.who, c.id)
			if codeOf(err) != c.want {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			if got.Reference != "" {
				t.Errorf("%s: sees the publisher's reference %s", name, got.Reference)
			}
		}
		for name, c := range map[string]struct {
			who  identity.Actor
			id   string
			want problem.Code
		}{
			"an administrator their own":     {administrator, own.ID, ""},
			"an administrator a foreign one": {administrator, foreign.ID, problem.NotFound},
			"a holder":                       {holder, own.ID, problem.Forbidden},
		} {
			if _, err := p.Order(t.Context(), c.who, c.id); codeOf(err) != c.want {
				t.Errorf("the order, %s: %v, want %q", name, err, c.want)
			}
		}
		orders, err := p.Orders(t.Context(), administrator, licensing.OrderFilter{}, database.Listing{})
		if err != nil || len(orders.Items) != 1 || orders.Items[0].ID != own.ID {
			t.Errorf("an administrator's orders: %+v %v", orders.Items, err)
		}
		if got := p.found(holder, licensing.SubscriptionFilter{}); len(got) != 1 || got[0] != own.Issued[0].ID {
			t.Errorf("a holder lists %v, want that of their key", got)
		}
		// What somebody may not see is not found either.
		four := lastFour(t, p, second.ID)
		if got := p.found(holder, licensing.SubscriptionFilter{Search: four}); len(got) != 0 {
			t.Errorf("a holder finds %v by the last four of a key that is not theirs", got)
		}
		if got := p.found(administrator, licensing.SubscriptionFilter{Search: "erp-"}); len(got) != 0 {
			t.Errorf("a member finds %v by the publisher's reference", got)
		}
	})
}

// found gives the ids of the subscriptions that a filter finds, the newest first.
func (p *publisher) found(who identity.Actor, f licensing.SubscriptionFilter) []string {
	p.t.Helper()
	page, err := p.Subscriptions(p.t.Context(), who, f, database.Listing{Limit: 200})
	if err != nil {
		p.t.Fatal(err)
	}
	ids := make([]string, len(page.Items))
	for i, c := range page.Items {
		ids[i] = c.ID
	}
	return ids
}

func lastFour(t *testing.T, p *publisher, subscriptionID string) string {
	t.Helper()
	four, err := database.One(p.DB.Read(t.Context()), database.Value[string],
		`SELECT last_four FROM license_key WHERE subscription_id = ?`, subscriptionID)
	if err != nil {
		t.Fatal(err)
	}
	return four
}

func TestATrialIsSoldForATimeAndNeverRenewed(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		trial := p.plan(func(policy *catalog.Policy) { policy.Model, policy.RenewalWindowDays = catalog.Trial, 0 })
		_, _, err := p.CreateSubscription(t.Context(), p.actor, licensing.NewSubscription{PlanID: trial, OrganizationID: p.org})
		if !pointsAt(err, "/ends_on") {
			t.Errorf("without an end: %v, want a fault of it", err)
		}
		s := p.sell(trial, func(s *licensing.NewSubscription) { s.EndsOn = "2026-04-14" })
		_, err = p.Renew(t.Context(), p.actor, licensing.Renewal{Change: licensing.Change{ID: s.ID}, TermMonths: 1})
		if !problem.Is(err, problem.NotRenewable) {
			t.Errorf("renewed: %v, want not_renewable", err)
		}
		// Whoever likes it orders a plan that is sold.
		bought := p.order(licensing.NewOrder{OrderFacts: direct, OrganizationID: p.org, Lines: []licensing.NewLine{newLine(p.plan(nil), n(10), 12)}})
		i := p.install().activate(s.key)
		i.activate(bought.Issued[0].Key.Key)
		if got := i.license.Grant.Model; got != string(catalog.Subscription) {
			t.Errorf("the row goes on as %s, want a subscription", got)
		}
	})
}
