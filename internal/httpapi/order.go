package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/licensefile"
)

func (h *handlers) registerOrders() {
	const tag = "Orders"
	read, write := identity.Read(identity.ScopeSubscriptions), identity.Write(identity.ScopeSubscriptions)
	once(h, created(operation("place-order", http.MethodPost, "/orders", tag,
		"Place an order: issue, renew and resize subscriptions, all or nothing", write)), h.placeOrder, h.readPlaced)
	list(h, operation("list-orders", http.MethodGet, "/orders", tag, "List orders", read), wireOrder, h.orders)
	huma.Register(h.api, operation("get-order", http.MethodGet, "/orders/{id}", tag, "Get an order", read), h.order)
}

func (h *handlers) placeOrder(ctx context.Context, actor identity.Actor, in *Creation[api.NewOrder]) (*body[api.PlacedOrder], error) {
	n := in.Body
	order := licensing.NewOrder{
		OrderFacts: orderFacts(n.OrderFacts), OrganizationID: n.OrganizationID, PrimaryEmail: n.PrimaryEmail,
		Language: language.Tag(n.Language), Lines: make([]licensing.NewLine, len(n.Lines)),
	}
	if n.Organization != nil {
		made := newOrganization(*n.Organization)
		order.Organization = &made
	}
	for i, l := range n.Lines {
		order.Lines[i] = newLine(l)
	}
	return answerPlaced(h.Licensing.PlaceOrder(ctx, actor, order))
}

func newLine(l api.NewOrderLine) licensing.NewLine {
	return licensing.NewLine{
		Action: licensing.LineAction(l.Action), SubscriptionID: l.SubscriptionID, TermMonths: l.TermMonths, Quantity: l.Quantity, Force: l.Force,
		Sale: licensing.NewSubscription{
			PlanID: l.PlanID, Quantity: l.Quantity, StartsOn: licensefile.Date(l.StartsOn), EndsOn: licensefile.Date(l.EndsOn),
			TermMonths: l.TermMonths, MaintenanceEndsOn: licensefile.Date(l.MaintenanceEndsOn),
			OfflineAllowed: l.OfflineAllowed, Reference: l.Reference,
		},
	}
}

func orderFacts(f api.OrderFacts) licensing.OrderFacts {
	facts := licensing.OrderFacts{Reference: f.Reference, Contact: licensing.Contact{Channel: licensing.Channel(f.Channel), Reseller: f.Reseller}}
	if c := f.Contact; c != nil {
		facts.Name, facts.Email, facts.Phone, facts.URL = c.Name, c.Email, c.Phone, c.URL
	}
	return facts
}

// readPlaced gives what an earlier request ordered, with the keys: whoever placed
// the order may see them.
func (h *handlers) readPlaced(ctx context.Context, actor identity.Actor, id string) (*body[api.PlacedOrder], error) {
	return answerPlaced(h.Licensing.Placed(ctx, actor, id))
}

func answerPlaced(placed licensing.PlacedOrder, err error) (*body[api.PlacedOrder], error) {
	return answer(func(p licensing.PlacedOrder) api.PlacedOrder {
		w := api.PlacedOrder{Order: wireOrder(p.Order), Issued: make([]api.IssuedSubscription, len(p.Issued))}
		for i, issued := range p.Issued {
			w.Issued[i] = wireIssued(issued.Contract, issued.Key)
		}
		return w
	})(placed, err)
}

type orderFilter struct {
	Paging
	OrganizationID string `query:"organization_id" maxLength:"64" doc:"Only orders of this organization."`
	SubscriptionID string `query:"subscription_id" maxLength:"64" doc:"Only orders that issued or changed this subscription."`
	Channel        string `query:"channel" enum:"direct,reseller"`
	Search         string `query:"search" maxLength:"200" doc:"Part of the organization's name, of the reseller's or of the reference."`
}

func (h *handlers) orders(ctx context.Context, in *orderFilter, l database.Listing) (database.Page[licensing.Order], error) {
	return h.Licensing.Orders(ctx, actorFrom(ctx), licensing.OrderFilter{
		OrganizationID: in.OrganizationID, SubscriptionID: in.SubscriptionID, Channel: licensing.Channel(in.Channel), Search: in.Search,
	}, l)
}

func (h *handlers) order(ctx context.Context, in *ByID) (*body[api.Order], error) {
	return answer(wireOrder)(h.Licensing.Order(ctx, actorFrom(ctx), in.ID))
}

func wireOrder(o licensing.Order) api.Order {
	w := api.Order{
		ID: o.ID, OrganizationID: o.OrganizationID, OrganizationName: o.OrganizationName, Contact: wireContact(o.Contact),
		PrimaryEmail: o.PrimaryEmail, Reference: o.Reference, PlacedOn: string(o.PlacedOn), CreatedAt: o.CreatedAt,
		Lines: make([]api.OrderLine, len(o.Lines)),
	}
	for i, l := range o.Lines {
		w.Lines[i] = api.OrderLine{
			Action: string(l.Action), SubscriptionID: l.SubscriptionID, ProductName: l.ProductName, PlanName: l.PlanName,
			QuantityBefore: l.QuantityBefore, Quantity: l.Quantity, EndsBefore: string(l.EndsBefore), EndsOn: string(l.EndsOn),
		}
	}
	return w
}

func wireContact(c licensing.Contact) api.Contact {
	return api.Contact{
		Channel: string(c.Channel), Reseller: c.Reseller,
		OrderContact: api.OrderContact{Name: c.Name, Email: c.Email, Phone: c.Phone, URL: c.URL},
	}
}
