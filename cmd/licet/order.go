package main

import (
	"context"
	"encoding/json"
	"io"
	"os"

	"github.com/licethq/licet/api"
)

// orderCommand places and looks up orders.
type orderCommand struct {
	Place orderPlace `cmd:"" help:"Place the order of a JSON file: all of its lines come true, or none."`
	List  orderList  `cmd:"" help:"List orders."`
	Show  orderShow  `cmd:"" help:"Show an order."`
}

type orderPlace struct {
	serverFlags
	onceFlag

	File string `arg:"" help:"File with the order as the API takes it; - reads the standard input."`
}

// Run places an order.
func (c *orderPlace) Run(ctx context.Context, p *program) error {
	var order api.NewOrder
	if err := p.readJSON(c.File, &order); err != nil {
		return err
	}
	return ask(p, c.serverFlags, func(s *api.Client) (api.PlacedOrder, error) {
		return s.PlaceOrder(c.context(ctx), order)
	}, func(placed api.PlacedOrder) {
		p.printOrder(placed.Order)
		for _, issued := range placed.Issued {
			p.facts("License key", issued.Key.Key, "Subscription", issued.Subscription.ID)
		}
	})
}

// readJSON reads a document from a file; a member that it does not know is an
// error, since it would be left out otherwise.
func (p *program) readJSON(file string, v any) error {
	from := p.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	decoder := json.NewDecoder(io.LimitReader(from, maxDocument))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}

// maxDocument bounds what is read from a file, in bytes.
const maxDocument = 16 << 20

func (p *program) printOrder(o api.Order) {
	p.facts("Id", o.ID, "Organization", or(o.OrganizationName, "none"), "Organization id", o.OrganizationID, "Channel", o.Contact.Channel,
		"Reseller", o.Contact.Reseller, "Primary email", o.PrimaryEmail, "Reference", o.Reference, "Placed on", o.PlacedOn)
	p.table(func(line func(...string)) {
		line("LINE", "SUBSCRIPTION", "PRODUCT", "PLAN", "LICENSES", "ENDS")
		for _, l := range o.Lines {
			line(l.Action, l.SubscriptionID, l.ProductName, l.PlanName, number(l.Quantity, "unlimited"), or(l.EndsOn, "never"))
		}
	})
}

type orderList struct {
	serverFlags
	sortFlag

	Organization string `placeholder:"ID" help:"Only those of this organization."`
	Subscription string `placeholder:"ID" help:"Only those that concern this subscription."`
	Channel      string `placeholder:"CHANNEL" help:"direct or reseller."`
	Search       string `placeholder:"TEXT" help:"Part of the organization's name, the reseller's name or the reference."`
}

// Run lists orders.
func (c *orderList) Run(ctx context.Context, p *program) error {
	filter := api.OrderFilter{OrganizationID: c.Organization, SubscriptionID: c.Subscription, Channel: c.Channel, Search: c.Search}
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Order], error) {
		return s.Orders(ctx, filter, l)
	}, []string{"ID", "ORGANIZATION", "CHANNEL", "RESELLER", "REFERENCE", "PLACED", "LINES"}, func(o api.Order) []string {
		return []string{
			o.ID, or(o.OrganizationName, "-"), o.Contact.Channel, or(o.Contact.Reseller, "-"), or(o.Reference, "-"), o.PlacedOn,
			counted(int64(len(o.Lines))),
		}
	})
}

type orderShow struct {
	serverFlags

	Order string `arg:"" help:"Id of the order."`
}

// Run shows an order.
func (c *orderShow) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Order, error) { return s.Order(ctx, c.Order) }, p.printOrder)
}
