package licensing

import (
	"context"
	"net/mail"
	"net/url"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Channel says through whom an order came.
type Channel string

// The channels.
const (
	Direct   Channel = "direct"
	Reseller Channel = "reseller"
)

// Contact is whom a customer turns to in order to buy more (P1). Resellers have
// no login.
type Contact struct {
	Channel  Channel
	Reseller string // its name; empty with direct
	Name     string
	Email    string
	Phone    string
	URL      string
}

// OrderFacts is what an order says besides its lines.
type OrderFacts struct {
	Contact
	Reference string // the customer's or the reseller's number
}

const (
	maxContact = 200
	maxPhone   = 40
	maxURL     = 2000
)

// check notes faults with pointers below at.
func (o OrderFacts) check(f *problem.Faults, at string) {
	f.Check(o.Channel == Direct || o.Channel == Reseller, at+"/channel", "must be direct or reseller")
	f.Text(at+"/reseller", o.Reseller, 0, maxContact)
	f.Check(o.Channel != Reseller || o.Reseller != "", at+"/reseller", "must name the reseller")
	f.Check(o.Channel != Direct || o.Reseller == "", at+"/reseller", "must be left out of a direct order")
	f.Text(at+"/reference", o.Reference, 0, maxReference)
	f.Text(at+"/contact/name", o.Name, 0, maxContact)
	f.Text(at+"/contact/phone", o.Phone, 0, maxPhone)
	f.Check(o.Email == "" || bareAddress(o.Email), at+"/contact/email", "must be an email address such as sales@example.com")
	f.Check(o.URL == "" || webAddress(o.URL), at+"/contact/url", "must be an address that begins with https:// or http://")
}

// bareAddress reports whether s is an email address and nothing else.
func bareAddress(s string) bool {
	parsed, err := mail.ParseAddress(s)
	return err == nil && parsed.Address == s && len(s) <= maxContact
}

// webAddress reports whether s is where a browser may be led: no script.
func webAddress(s string) bool {
	parsed, err := url.Parse(s)
	return err == nil && len(s) <= maxURL && parsed.Host != "" && (parsed.Scheme == "https" || parsed.Scheme == "http")
}

// LineAction says what a line of an order does.
type LineAction string

// The actions.
const (
	LineNew      LineAction = "new"      // issues a subscription
	LineRenewal  LineAction = "renewal"  // extends one
	LineQuantity LineAction = "quantity" // changes how many licenses one has
)

// Order is what was agreed on with a customer. It never changes.
type Order struct {
	OrderFacts
	ID               string
	OrganizationID   string // empty for keys that anybody may register
	OrganizationName string
	PrimaryEmail     string // of the purchase; invited when the organization was new (R2)
	PlacedOn         licensefile.Date
	CreatedAt        time.Time
	Lines            []OrderLine
}

// OrderLine is what an order did to a subscription.
type OrderLine struct {
	SubscriptionID string
	ProductName    string
	PlanName       string
	Action         LineAction
	QuantityBefore *int64 // nil is unlimited
	Quantity       *int64
	EndsBefore     licensefile.Date // of the subscription, or of maintenance where it has no end
	EndsOn         licensefile.Date
}

// OrderFilter chooses orders. Empty members choose all.
type OrderFilter struct {
	OrganizationID string
	SubscriptionID string
	Channel        Channel
	Search         string // part of the organization's name, the reseller's name or the reference
}

// Orders lists orders for staff and for account administrators. Errors:
// validation_failed of a sort or cursor, not_found, forbidden.
func (s *Service) Orders(ctx context.Context, actor identity.Actor, f OrderFilter, l database.Listing) (database.Page[Order], error) {
	if !isStaff(actor) {
		var err error
		if f.OrganizationID, err = actor.Means(f.OrganizationID); err != nil {
			return database.Page[Order]{}, err
		}
		if err := actor.RequireIn(f.OrganizationID, identity.AccountAdministrator); err != nil {
			return database.Page[Order]{}, err
		}
	}
	var page database.Page[Order]
	err := s.DB.Snapshot(ctx, func(q database.Querier) (err error) {
		if page, err = listOrders(q, f, l); err != nil {
			return err
		}
		return addLines(q, page.Items)
	})
	return page, err
}

// Order gives an order to staff and to its organization's account
// administrators. Errors: not_found, forbidden.
func (s *Service) Order(ctx context.Context, actor identity.Actor, id string) (Order, error) {
	var found []Order
	err := s.DB.Snapshot(ctx, func(q database.Querier) error {
		order, err := loadOrder(q, id)
		if err != nil {
			return absent(err)
		}
		if err := actor.RequireIn(order.OrganizationID, identity.AccountAdministrator, identity.AnyStaff...); err != nil {
			return err
		}
		found = []Order{order}
		return addLines(q, found)
	})
	if err != nil {
		return Order{}, err
	}
	return found[0], nil
}
