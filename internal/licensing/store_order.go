package licensing

import (
	"database/sql"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/licensefile"
)

// contactColumns are those of an order r; destinations lists where they go.
const contactColumns = `r.channel, r.reseller, r.contact_name, r.contact_email, r.contact_phone, r.contact_url`

func (c *Contact) destinations() []any {
	return []any{&c.Channel, &c.Reseller, &c.Name, &c.Email, &c.Phone, &c.URL}
}

const selectOrder = `SELECT r.id, r.organization_id, o.name, ` + contactColumns + `, r.primary_email, r.reference, r.placed_on, r.created_at
	FROM sales_order r LEFT JOIN organization o ON o.id = r.organization_id `

func scanOrder(r database.Row) (o Order, err error) {
	var organization, name sql.NullString
	var at int64
	to := append([]any{&o.ID, &organization, &name}, o.destinations()...)
	err = r.Scan(append(to, &o.PrimaryEmail, &o.Reference, &o.PlacedOn, &at)...)
	o.OrganizationID, o.OrganizationName, o.CreatedAt = organization.String, name.String, database.Instant(at)
	return o, err
}

func loadOrder(q database.Querier, id string) (Order, error) {
	return database.One(q, scanOrder, selectOrder+`WHERE r.id = ?`, id)
}

// orderOrders are the ways to sort orders.
var orderOrders = database.Orders[Order]{
	IDColumn: "r.id", ID: func(o Order) string { return o.ID },
	By: map[string]database.Order[Order]{
		"placed_on":    {Column: "r.placed_on", Key: func(o Order) any { return string(o.PlacedOn) }},
		"organization": {Column: "COALESCE(o.name, '')", Key: func(o Order) any { return o.OrganizationName }},
	},
}

func listOrders(q database.Querier, f OrderFilter, l database.Listing) (database.Page[Order], error) {
	query, args := selectOrder+`WHERE 1 = 1`, []any(nil)
	and := func(given, condition string, values ...any) {
		if given != "" {
			query, args = query+` AND `+condition, append(args, values...)
		}
	}
	part := database.Contains(f.Search)
	and(f.OrganizationID, `r.organization_id = ?`, f.OrganizationID)
	and(f.SubscriptionID, `r.id IN (SELECT order_id FROM order_line WHERE subscription_id = ?)`, f.SubscriptionID)
	and(string(f.Channel), `r.channel = ?`, string(f.Channel))
	and(f.Search, `(LOWER(COALESCE(o.name, '')) LIKE ? ESCAPE '\' OR LOWER(r.reseller) LIKE ? ESCAPE '\' OR LOWER(r.reference) LIKE ? ESCAPE '\')`,
		part, part, part)
	return database.List(q, scanOrder, query, args, orderOrders, l)
}

// addLines completes orders with their lines.
func addLines(q database.Querier, orders []Order) error {
	if len(orders) == 0 {
		return nil
	}
	ids, at := make([]string, len(orders)), map[string]int{}
	for i, o := range orders {
		ids[i], at[o.ID] = o.ID, i
	}
	type numbered struct {
		order string
		line  OrderLine
	}
	in, args := anyOf(ids)
	lines, err := database.All(q, func(r database.Row) (n numbered, err error) {
		var before, quantity sql.NullInt64
		var endsBefore, endsOn sql.NullString
		l := &n.line
		err = r.Scan(&n.order, &l.SubscriptionID, &l.ProductName, &l.PlanName, &l.Action, &before, &quantity, &endsBefore, &endsOn)
		l.QuantityBefore, l.Quantity = int64Pointer(before), int64Pointer(quantity)
		l.EndsBefore, l.EndsOn = licensefile.Date(endsBefore.String), licensefile.Date(endsOn.String)
		return n, err
	}, `SELECT l.order_id, l.subscription_id, d.name, p.name, l.action, l.quantity_before, l.quantity, l.ends_before, l.ends_on
		FROM order_line l JOIN subscription s ON s.id = l.subscription_id JOIN plan p ON p.id = s.plan_id JOIN product d ON d.id = p.product_id
		WHERE l.order_id IN `+in+` ORDER BY l.order_id, l.line`, args...)
	for _, n := range lines {
		o := &orders[at[n.order]]
		o.Lines = append(o.Lines, n.line)
	}
	return err
}

func insertOrder(tx *database.Tx, o Order) error {
	_, err := tx.Exec(`
		INSERT INTO sales_order (id, organization_id, channel, reseller, contact_name, contact_email, contact_phone, contact_url,
		                         primary_email, reference, placed_on, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.ID, nullText(o.OrganizationID), string(o.Channel), o.Reseller, o.Name, o.Email, o.Phone, o.URL,
		o.PrimaryEmail, o.Reference, string(o.PlacedOn), database.Micros(o.CreatedAt))
	return err
}

func insertOrderLine(tx *database.Tx, orderID string, number int, l OrderLine) error {
	_, err := tx.Exec(`
		INSERT INTO order_line (order_id, line, subscription_id, action, quantity_before, quantity, ends_before, ends_on)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		orderID, number, l.SubscriptionID, string(l.Action), nullInt64(l.QuantityBefore), nullInt64(l.Quantity),
		nullText(string(l.EndsBefore)), nullText(string(l.EndsOn)))
	return err
}

// primaryKeyOf gives the id of a subscription's own key.
func primaryKeyOf(q database.Querier, subscriptionID string) (string, error) {
	return database.One(q, database.Value[string], `SELECT id FROM license_key
		WHERE subscription_id = ? AND kind = 'primary' AND replaced_by IS NULL`, subscriptionID)
}
