package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/licethq/licet/api"
)

// customer is one of the companies that buy besides the one of the story. All of
// them are invented.
type customer struct {
	name, address, phone, country string
	email, language               string

	quantity   int64
	termMonths int64
	startsOn   string // empty is today
	offline    bool
	reseller   string // who sold it; empty for the publisher itself
	trial      bool
}

// day gives a calendar day so many days from today.
func day(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }

// customers lists who buys what. Between them they show every state that
// somebody would look for.
func customers() []customer {
	return []customer{
		{
			name: "Blue Harbor Logistics", address: "7 Quay Street\nAuckland", phone: "+64 9 555 0100", country: "NZ",
			email: "it@blueharbor.example.com", language: "en", quantity: 250, termMonths: 12, startsOn: day(-120),
		},
		{
			name: "Cliniques du Lac", address: "12 rue des Tilleuls\nAnnecy", phone: "+33 4 55 50 10 00", country: "FR",
			email: "dsi@cliniquesdulac.example.com", language: "fr", quantity: 60, termMonths: 12, startsOn: day(-345),
			reseller: "Summit Software Resale",
		},
		{
			name: "Cedar School District", address: "400 Cedar Avenue\nSalem", phone: "+1 503 555 0100", country: "US",
			email: "helpdesk@cedarschools.example.com", language: "en", quantity: 40, termMonths: 24, startsOn: day(-200),
		},
		{
			name: "Kita Polar Institute", address: "北区1-2-3\nSapporo", phone: "+81 11 555 0100", country: "JP",
			email: "kanri@kitapolar.example.com", language: "ja", quantity: 15, termMonths: 36, startsOn: day(-90), offline: true,
		},
		{
			name: "Juniper Savings", address: "1 Market Square\nLeeds", phone: "+44 113 555 0100", country: "GB",
			email: "devices@junipersavings.example.com", language: "en", quantity: 10, startsOn: day(-5), trial: true,
		},
	}
}

// bought is a customer with what they bought.
type bought struct {
	customer
	organization api.Organization
	sold
}

const trialDays = 30

// widen sells to more customers. Their organizations do not exist: each order
// makes one and invites the primary email of the purchase (R2).
func (d *demo) widen(ctx context.Context) ([]string, error) {
	trial, err := d.plan(ctx, "trial", api.NewPolicy{Model: "trial"}, "Desktop, trial")
	if err != nil {
		return nil, err
	}
	var said []string
	for _, c := range customers() {
		line := api.NewOrderLine{
			Action: "new", PlanID: d.desktop.PlanID, Quantity: &c.quantity, TermMonths: c.termMonths, StartsOn: c.startsOn,
			OfflineAllowed: &c.offline,
		}
		if c.trial {
			line.PlanID, line.EndsOn = trial.ID, day(trialDays-5)
		}
		order := api.NewOrder{
			OrderFacts:   api.OrderFacts{Channel: "direct", Contact: &api.OrderContact{Name: "Sales desk", Email: "sales@example.com"}},
			Organization: &api.NewOrganization{Kind: "customer", Name: c.name, Address: c.address, Phone: c.phone, Country: c.country},
			PrimaryEmail: c.email, Language: c.language, Lines: []api.NewOrderLine{line},
		}
		if c.reseller != "" {
			order.Channel, order.Reseller, order.Reference = "reseller", c.reseller, "SSR-2041"
			order.Contact = &api.OrderContact{Name: "Partner desk", Email: "orders@summitresale.example.com", Phone: "+41 44 555 01 00"}
		}
		placed, err := d.staff.PlaceOrder(api.Repeatable(ctx, "demo-"+c.email), order)
		if err != nil {
			return nil, err
		}
		organization, err := d.staff.Organization(ctx, placed.Order.OrganizationID)
		if err != nil {
			return nil, err
		}
		issued := placed.Issued[0]
		d.customers = append(d.customers, bought{c, organization, sold{issued.Subscription, issued.Key.Key}})
		said = append(said, fmt.Sprintf("%-22s %4d licenses until %s, %s, sold %s",
			c.name, c.quantity, issued.Subscription.EndsOn, issued.Subscription.State, order.Channel))
	}
	stock, err := d.staff.CreateSubscription(ctx, api.NewSubscription{PlanID: d.desktop.PlanID, Quantity: ptr(int64(5)), TermMonths: 12})
	if err != nil {
		return nil, err
	}
	return append(said, "and a key that nobody has registered yet: "+stock.Key.Key), nil
}

// plan makes a plan of the product for desktops.
func (d *demo) plan(ctx context.Context, code string, policy api.NewPolicy, name string) (api.Plan, error) {
	policy.LicenseType = api.LicenseType{Code: desktopType, Name: "Desktop", Metric: "devices"}
	return d.staff.CreatePlan(ctx, api.NewPlan{ProductID: d.productID, Code: code, Name: name, Policy: policy})
}

func ptr[T any](v T) *T { return &v }

// of gives a customer by the beginning of its name.
func (d *demo) of(name string) *bought {
	for i := range d.customers {
		if d.customers[i].name == name {
			return &d.customers[i]
		}
	}
	return nil
}

// split lets the account administrator of a customer divide its seats, and show
// what a plan too large would do before it is refused.
func (d *demo) split(ctx context.Context) ([]string, error) {
	harbor := d.of("Blue Harbor Logistics")
	cut := []api.NewSublicense{
		{Name: "Warehouse", Quota: 80, Mode: "reserved"},
		{Name: "Offices", Quota: 120, Mode: "dynamic"},
		{Name: "Trade fair", Quota: 15, Mode: "reserved", EndsOn: day(21)},
	}
	var said []string
	for _, n := range cut {
		made, err := d.administrator.CreateSublicense(ctx, harbor.ID, n)
		if err != nil {
			return nil, err
		}
		d.shares = append(d.shares, made)
		said = append(said, fmt.Sprintf("%-10s %3d %-8s %s", n.Name, n.Quota, n.Mode, made.Sublicense.Masked))
	}
	tooMuch := api.NewSublicense{Name: "Everything", Quota: harbor.quantity, Mode: "reserved"}
	effect, err := d.administrator.PreviewSublicense(ctx, harbor.ID, tooMuch)
	if err != nil {
		return nil, err
	}
	if effect.Allowed || effect.Problem == nil {
		return nil, fmt.Errorf("the preview allows to reserve more than there is")
	}
	_, err = d.administrator.CreateSublicense(ctx, harbor.ID, tooMuch)
	line, err := refused(err, effect.Problem.Code)
	if err != nil {
		return nil, err
	}
	return append(said, line), nil
}

// attention asks for what needs attention, as a support desk would.
func (d *demo) attention(ctx context.Context) ([]string, error) {
	live, err := d.staff.Activations(ctx, api.ActivationFilter{State: "live"}, api.Listing{Limit: 200})
	if err != nil {
		return nil, err
	}
	var said []string
	over, offline := 0, 0
	for _, a := range live.Items {
		if a.Status == "over_limit" {
			over++
			said = append(said, fmt.Sprintf("over its limit: %s, %d used of %d", a.Installation.Name, a.Used, *a.Maximum))
		}
		if a.Method == "offline" {
			offline++
			said = append(said, "offline: "+a.Installation.Name)
		}
	}
	expiring, err := d.staff.Subscriptions(ctx, api.SubscriptionFilter{State: "expiring_soon"}, api.Listing{})
	if err != nil {
		return nil, err
	}
	for _, s := range expiring.Items {
		said = append(said, fmt.Sprintf("expiring soon: %s, on %s", s.OrganizationName, s.EndsOn))
	}
	if over != 1 || offline != 1 || len(expiring.Items) == 0 {
		return nil, fmt.Errorf("%d rows over their limit, %d offline, %d subscriptions expiring; want 1, 1 and at least 1", over, offline, len(expiring.Items))
	}

	harbor := d.of("Blue Harbor Logistics")
	usage, err := d.administrator.Usage(ctx, api.UsageOfSubscription, harbor.ID, "", "")
	if err != nil {
		return nil, err
	}
	if len(usage.Days) == 0 || usage.ReachesOn == "" {
		return nil, fmt.Errorf("the growing usage of %s has no trend", harbor.name)
	}
	last := usage.Days[len(usage.Days)-1]
	return append(said, fmt.Sprintf("%s uses %d of %d, and at this pace all of them on %s", harbor.name, last.Used, *usage.Maximum, usage.ReachesOn)), nil
}
