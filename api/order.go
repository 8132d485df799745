package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// OrderFacts is what an order says besides its lines.
type OrderFacts struct {
	Channel   string        `json:"channel" enum:"direct,reseller"`
	Reseller  string        `json:"reseller,omitempty" maxLength:"200" doc:"The reseller's name."`
	Contact   *OrderContact `json:"contact,omitempty" doc:"Whom the customer turns to in order to buy more."`
	Reference string        `json:"reference,omitempty" maxLength:"200" doc:"The customer's or the reseller's number."`
}

// OrderContact is how to reach somebody.
type OrderContact struct {
	Name  string `json:"name,omitempty" maxLength:"200"`
	Email string `json:"email,omitempty" maxLength:"200"`
	Phone string `json:"phone,omitempty" maxLength:"40"`
	URL   string `json:"url,omitempty" maxLength:"2000"`
}

// Contact is whom to buy more from.
type Contact struct {
	Channel  string `json:"channel" doc:"direct or reseller."`
	Reseller string `json:"reseller,omitempty"`
	OrderContact
}

// NewOrder places an order: all of its lines come true, or none. Without an
// organization the keys that it issues can be registered by anybody who has them.
type NewOrder struct {
	OrderFacts
	OrganizationID string           `json:"organization_id,omitempty" maxLength:"64" doc:"An organization that exists."`
	Organization   *NewOrganization `json:"organization,omitempty" doc:"An organization to create; its primary email is invited to administer it."`
	PrimaryEmail   string           `json:"primary_email,omitempty" maxLength:"200" doc:"The primary email of the purchase."`
	Language       string           `json:"language,omitempty" enum:"en,ja,fr" doc:"Of the invitation."`
	Lines          []NewOrderLine   `json:"lines" nullable:"false" minItems:"1" maxItems:"100"`
}

// NewOrderLine issues a subscription, or changes one.
type NewOrderLine struct {
	Action            string `json:"action" enum:"new,renewal,quantity"`
	PlanID            string `json:"plan_id,omitempty" maxLength:"64" doc:"Of a new subscription."`
	SubscriptionID    string `json:"subscription_id,omitempty" maxLength:"64" doc:"The one to renew, or whose quantity to change."`
	Quantity          *int64 `json:"quantity,omitempty" doc:"Of a new subscription, or of a quantity; left out is unlimited."`
	Force             bool   `json:"force,omitempty" doc:"Of a quantity: also below what is in use."`
	TermMonths        int64  `json:"term_months,omitempty" doc:"Of a renewal; of a new subscription instead of the end date."`
	StartsOn          string `json:"starts_on,omitempty" format:"date" doc:"Of a new subscription; left out is today."`
	EndsOn            string `json:"ends_on,omitempty" format:"date" doc:"Of a new subscription; inclusive."`
	MaintenanceEndsOn string `json:"maintenance_ends_on,omitempty" format:"date"`
	OfflineAllowed    *bool  `json:"offline_allowed,omitempty" doc:"Of a new subscription; left out is what the plan says."`
	Reference         string `json:"reference,omitempty" maxLength:"200" doc:"Of a new subscription: its id in your other systems."`
}

// Order is what was agreed on with a customer. It never changes.
type Order struct {
	ID               string      `json:"id"`
	OrganizationID   string      `json:"organization_id,omitempty"`
	OrganizationName string      `json:"organization_name,omitempty"`
	Contact          Contact     `json:"contact"`
	PrimaryEmail     string      `json:"primary_email,omitempty"`
	Reference        string      `json:"reference,omitempty"`
	PlacedOn         string      `json:"placed_on" format:"date"`
	CreatedAt        time.Time   `json:"created_at"`
	Lines            []OrderLine `json:"lines" nullable:"false"`
}

// OrderLine is what an order did to a subscription.
type OrderLine struct {
	Action         string `json:"action" doc:"new, renewal or quantity."`
	SubscriptionID string `json:"subscription_id"`
	ProductName    string `json:"product_name"`
	PlanName       string `json:"plan_name"`
	QuantityBefore *int64 `json:"quantity_before" doc:"Null is unlimited, or that there was none."`
	Quantity       *int64 `json:"quantity" doc:"Null is unlimited."`
	EndsBefore     string `json:"ends_before,omitempty" format:"date"`
	EndsOn         string `json:"ends_on,omitempty" format:"date" doc:"Of the subscription, or of maintenance where it has no end."`
}

// String tells a line in one cell of a CSV.
func (l OrderLine) String() string { return l.Action + ":" + l.SubscriptionID }

// PlacedOrder is an order with the keys that it issued, in the order of its lines.
type PlacedOrder struct {
	Order  Order                `json:"order"`
	Issued []IssuedSubscription `json:"issued" nullable:"false"`
}

// OrderFilter chooses orders. Empty members choose all.
type OrderFilter struct {
	OrganizationID string
	SubscriptionID string
	Channel        string
	Search         string // part of the organization's name, the reseller's name or the reference
}

// PlaceOrder places an order.
func (c *Client) PlaceOrder(ctx context.Context, n NewOrder) (PlacedOrder, error) {
	return send[PlacedOrder](ctx, c, http.MethodPost, "/orders", n)
}

// Order gives an order.
func (c *Client) Order(ctx context.Context, id string) (Order, error) {
	return get[Order](ctx, c, "/orders/"+url.PathEscape(id), nil)
}

// Orders lists orders.
func (c *Client) Orders(ctx context.Context, f OrderFilter, l Listing) (Page[Order], error) {
	return get[Page[Order]](ctx, c, "/orders", l.query("organization_id", f.OrganizationID, "subscription_id", f.SubscriptionID,
		"channel", f.Channel, "search", f.Search))
}
