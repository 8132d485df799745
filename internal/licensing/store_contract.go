package licensing

import (
	"cmp"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/licensefile"
)

// storedContract is a subscription with the versions of what was bought.
type storedContract struct {
	subscription Subscription
	offer        catalog.OfferVersion
	productName  string // as the list is sorted by it
}

const selectContract = `SELECT ` + subscriptionColumns + `, p.version, d.version, d.name` + subscriptionFrom + `
	JOIN plan p ON p.id = s.plan_id
	JOIN product d ON d.id = p.product_id `

func scanContract(r database.Row) (storedContract, error) {
	var v subscriptionRow
	var c storedContract
	err := r.Scan(append(v.destinations(), &c.offer.Plan, &c.offer.Product, &c.productName)...)
	c.subscription = v.take()
	c.offer.PlanID = c.subscription.PlanID
	return c, err
}

func loadContract(q database.Querier, id string) (storedContract, error) {
	return database.One(q, scanContract, selectContract+`WHERE s.id = ?`, id)
}

// contractOrders are the ways to sort subscriptions. Those without an end come
// last.
var contractOrders = database.Orders[storedContract]{
	IDColumn: "s.id", ID: func(c storedContract) string { return c.subscription.ID },
	By: map[string]database.Order[storedContract]{
		"starts_on": {Column: "s.starts_on", Key: func(c storedContract) any { return string(c.subscription.StartsOn) }},
		"ends_on": {Column: "COALESCE(s.ends_on, '" + never + "')", Key: func(c storedContract) any {
			return cmp.Or(string(c.subscription.EndsOn), never)
		}},
		"organization": {Column: "COALESCE(o.name, '')", Key: func(c storedContract) any { return c.subscription.OrganizationName }},
		"product":      {Column: "d.name", Key: func(c storedContract) any { return c.productName }},
		"created_at":   {Column: "s.created_at", Key: func(c storedContract) any { return database.Micros(c.subscription.CreatedAt) }},
	},
}

// contractDays is when a list is read.
type contractDays struct {
	now  time.Time
	zone *time.Location
}

// listContracts gives a page of what may be seen: with granted keys only the
// subscriptions that they are of.
func listContracts(
	q database.Querier, f SubscriptionFilter, sight identity.Sight, staff bool, days contractDays, l database.Listing,
) (database.Page[storedContract], error) {
	query, args := selectContract+`WHERE 1 = 1`, []any(nil)
	and := func(condition string, values ...any) { query, args = query+` AND `+condition, append(args, values...) }
	for _, c := range []struct{ column, value string }{
		{"s.organization_id", sight.OrganizationID}, {"p.product_id", f.ProductID}, {"s.plan_id", f.PlanID},
	} {
		if c.value != "" {
			and(c.column+` = ?`, c.value)
		}
	}
	if sight.Limited {
		in, keys := anyOf(sight.Keys)
		and(`s.id IN (SELECT subscription_id FROM license_key WHERE id IN `+in+`)`, keys...)
	}
	if f.OfflineAsked {
		and(`s.offline_asked_at IS NOT NULL`)
	}
	if f.Unregistered {
		and(`s.organization_id IS NULL`)
	}
	if f.Search != "" {
		condition, values := searched(f.Search, sight, staff)
		and(condition, values...)
	}
	if f.State != "" {
		state, values, err := stateColumn(q, days)
		if err != nil {
			return database.Page[storedContract]{}, err
		}
		and(state+` = ?`, append(values, string(f.State))...)
	}
	return database.List(q, scanContract, query, args, contractOrders, l)
}

// searched gives the condition of a search. What somebody may not see is not
// found either: a reference is for staff, and a key for those it is granted to.
func searched(text string, sight identity.Sight, staff bool) (string, []any) {
	part, four := database.Contains(text), licensefile.NormalizeKey(text)
	condition, args := `LOWER(COALESCE(o.name, '')) LIKE ? ESCAPE '\'`, []any{part}
	if staff {
		condition, args = condition+` OR LOWER(COALESCE(s.reference, '')) LIKE ? ESCAPE '\'`, append(args, part)
	}
	keys := `SELECT subscription_id FROM license_key WHERE last_four = ?`
	args = append(args, four)
	if sight.Limited {
		in, granted := anyOf(sight.Keys)
		keys, args = keys+` AND id IN `+in, append(args, granted...)
	}
	return `(` + condition + ` OR s.id IN (` + keys + `))`, args
}

// stateColumn gives an expression for the state that people see, as
// Subscription.State computes it, and its arguments: days that depend on when a
// list is read, and on the plan.
func stateColumn(q database.Querier, days contractDays) (string, []any, error) {
	soon, soonArgs, err := dayByPolicy(q, "expiring_within_days", func(n int64) licensefile.Date {
		return daysAfter(dayIn(days.zone, days.now), n)
	})
	if err != nil {
		return "", nil, err
	}
	running, runningArgs, err := dayByPolicy(q, "expiry_grace_days", func(n int64) licensefile.Date {
		return dayIn(days.zone, days.now.Add(-catalog.Policy{ExpiryGraceDays: n}.ExpiryGrace()))
	})
	if err != nil {
		return "", nil, err
	}
	today := string(dayIn(days.zone, days.now))
	args := append([]any{today}, runningArgs...)
	args = append(append(args, today), soonArgs...)
	return `(CASE
		WHEN s.canceled_on < ? THEN 'canceled'
		WHEN s.ends_on < ` + running + ` THEN 'expired'
		WHEN s.suspended_at IS NOT NULL THEN 'suspended'
		WHEN s.starts_on > ? THEN 'not_started'
		WHEN (CASE WHEN s.canceled_on < COALESCE(s.ends_on, '` + never + `') THEN s.canceled_on ELSE s.ends_on END) <= ` + soon + ` THEN 'expiring_soon'
		ELSE 'active' END)`, args, nil
}

// dayByPolicy gives an expression for a day that depends on a number of days of
// the plan's policy. Publishers have few different numbers.
func dayByPolicy(q database.Querier, member string, day func(int64) licensefile.Date) (string, []any, error) {
	number := `CAST(p.policy->>'` + member + `' AS BIGINT)`
	numbers, err := database.All(q, database.Value[int64], `SELECT DISTINCT `+number+` FROM plan p ORDER BY 1`)
	if err != nil || len(numbers) == 0 {
		return `''`, nil, err
	}
	expression, args := `(CASE `+number, make([]any, 0, 2*len(numbers))
	for _, n := range numbers {
		expression, args = expression+` WHEN ? THEN ?`, append(args, n, string(day(n)))
	}
	return expression + ` END)`, args, nil
}

// hasKeyOf tells whether one of some keys is of a subscription.
func hasKeyOf(q database.Querier, subscriptionID string, keys []string) (bool, error) {
	in, args := anyOf(keys)
	n, err := database.One(q, database.Value[int64], `SELECT COUNT(*) FROM license_key
		WHERE subscription_id = ? AND deleted_at IS NULL AND id IN `+in, append([]any{subscriptionID}, args...)...)
	return n > 0, err
}

// around is what belongs to a subscription and is counted at every read.
type around struct {
	seats             Seats
	keys, activations int64
	contact           *Contact
}

// loadAround counts what belongs to subscriptions, by their ids, as of a day.
// What sublicenses that have ended use and reserve does not count (P10).
func loadAround(q database.Querier, ids []string, today licensefile.Date) (map[string]around, error) {
	all := map[string]around{}
	if len(ids) == 0 {
		return all, nil
	}
	in, args := anyOf(ids)
	if err := countUse(q, all, in, args, today); err != nil {
		return nil, err
	}
	if err := countKeys(q, all, in, args, today); err != nil {
		return nil, err
	}
	return all, loadContacts(q, all, in, args)
}

// counted is a line of sums about a subscription.
type counted struct {
	id  string
	all int64
	sum [3]int64
}

func scanCounted(r database.Row) (c counted, err error) {
	err = r.Scan(&c.id, &c.all, &c.sum[0], &c.sum[1], &c.sum[2])
	return c, err
}

// countUse adds the live rows and what they use: in all, reserved, dynamic.
func countUse(q database.Querier, all map[string]around, in string, ids []any, today licensefile.Date) error {
	lines, err := database.All(q, scanCounted, `
		SELECT x.subscription_id, COUNT(*), CAST(SUM(x.used) AS BIGINT),
		       CAST(SUM(CASE WHEN y.reserved = 1 THEN x.used ELSE 0 END) AS BIGINT),
		       CAST(SUM(CASE WHEN y.quota IS NOT NULL AND y.reserved = 0 THEN x.used ELSE 0 END) AS BIGINT)
		FROM activation x JOIN license_key y ON y.id = x.key_id
		WHERE x.ended_at IS NULL AND (y.ends_on IS NULL OR y.ends_on >= ?) AND x.subscription_id IN `+in+`
		GROUP BY x.subscription_id`, append([]any{string(today)}, ids...)...)
	for _, c := range lines {
		a := all[c.id]
		a.activations, a.seats.Used, a.seats.ReservedInUse, a.seats.DynamicInUse = c.all, c.sum[0], c.sum[1], c.sum[2]
		all[c.id] = a
	}
	return err
}

// countKeys adds the keys that work and the quotas of sublicenses that have not
// ended: reserved, dynamic.
func countKeys(q database.Querier, all map[string]around, in string, ids []any, today licensefile.Date) error {
	lines, err := database.All(q, scanCounted, `
		SELECT subscription_id, COUNT(*),
		       CAST(SUM(CASE WHEN reserved = 1 AND (ends_on IS NULL OR ends_on >= ?) THEN COALESCE(quota, 0) ELSE 0 END) AS BIGINT),
		       CAST(SUM(CASE WHEN reserved = 0 AND (ends_on IS NULL OR ends_on >= ?) THEN COALESCE(quota, 0) ELSE 0 END) AS BIGINT), 0
		FROM license_key
		WHERE deleted_at IS NULL AND replaced_by IS NULL AND subscription_id IN `+in+`
		GROUP BY subscription_id`, append([]any{string(today), string(today)}, ids...)...)
	for _, c := range lines {
		a := all[c.id]
		a.keys, a.seats.Reserved, a.seats.Dynamic = c.all, c.sum[0], c.sum[1]
		all[c.id] = a
	}
	return err
}

// loadContacts adds whom to buy more from: the newest order's contact, of those
// that name one (P1).
func loadContacts(q database.Querier, all map[string]around, in string, ids []any) error {
	type named struct {
		id      string
		contact Contact
	}
	found, err := database.All(q, func(r database.Row) (n named, err error) {
		err = r.Scan(append([]any{&n.id}, n.contact.destinations()...)...)
		return n, err
	}, `SELECT l.subscription_id, `+contactColumns+` FROM order_line l JOIN sales_order r ON r.id = l.order_id
		WHERE (r.reseller <> '' OR r.contact_name <> '' OR r.contact_email <> '' OR r.contact_phone <> '' OR r.contact_url <> '')
		  AND l.subscription_id IN `+in+` ORDER BY r.id`, ids...)
	for _, n := range found {
		a := all[n.id]
		a.contact = &n.contact
		all[n.id] = a
	}
	return err
}
