package catalog

import (
	"encoding/json"
	"time"

	"github.com/licethq/licet/internal/database"
)

func insertProduct(tx *database.Tx, p Product) error {
	_, err := tx.Exec(`INSERT INTO product (id, code, name, version, created_at) VALUES (?, ?, ?, ?, ?)`,
		p.ID, p.Code, p.Name, p.Version, database.Micros(p.CreatedAt))
	return err
}

const selectProduct = `SELECT id, code, name, version, created_at FROM product `

func scanProduct(r database.Row) (p Product, err error) {
	var at int64
	err = r.Scan(&p.ID, &p.Code, &p.Name, &p.Version, &at)
	p.CreatedAt = database.Instant(at)
	return p, err
}

func productByID(q database.Querier, id string) (Product, error) {
	return database.One(q, scanProduct, selectProduct+`WHERE id = ?`, id)
}

// updateProduct writes a product if nobody has changed it since it was read;
// ErrAgain otherwise.
func updateProduct(tx *database.Tx, p Product) error {
	n, err := tx.Exec(`UPDATE product SET name = ?, version = ? WHERE id = ? AND version = ?`, p.Name, p.Version, p.ID, p.Version-1)
	if err == nil && n == 0 {
		return database.ErrAgain
	}
	return err
}

// productOrders are the ways to sort products.
var productOrders = database.Orders[Product]{
	IDColumn: "id", ID: func(p Product) string { return p.ID },
	By: map[string]database.Order[Product]{
		"name": {Column: "name", Key: func(p Product) any { return p.Name }},
		"code": {Column: "code", Key: func(p Product) any { return p.Code }},
	},
}

func listProducts(q database.Querier, l database.Listing) (database.Page[Product], error) {
	return database.List(q, scanProduct, selectProduct+`WHERE 1 = 1`, nil, productOrders, l)
}

func insertPlan(tx *database.Tx, p Plan) error {
	policy, err := json.Marshal(p.Policy)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO plan (id, product_id, code, name, policy, version, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.ProductID, p.Code, p.Name, string(policy), p.Version, database.Micros(p.CreatedAt))
	return err
}

const selectPlan = `SELECT id, product_id, code, name, policy, version, created_at FROM plan `

func scanPlan(r database.Row) (p Plan, err error) {
	var at int64
	var policy string
	if err := r.Scan(&p.ID, &p.ProductID, &p.Code, &p.Name, &policy, &p.Version, &at); err != nil {
		return Plan{}, err
	}
	p.CreatedAt = database.Instant(at)
	p.Policy, err = ParsePolicy([]byte(policy))
	return p, err
}

func planByID(q database.Querier, id string) (Plan, error) {
	return database.One(q, scanPlan, selectPlan+`WHERE id = ?`, id)
}

// updatePlan writes a plan as its next version if nobody has changed it since it
// was read; ErrAgain otherwise.
func updatePlan(tx *database.Tx, p Plan) error {
	policy, err := json.Marshal(p.Policy)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE plan SET name = ?, policy = ?, version = version + 1 WHERE id = ? AND version = ?`,
		p.Name, string(policy), p.ID, p.Version)
	if err == nil && n == 0 {
		return database.ErrAgain
	}
	return err
}

// planIsSold tells whether a plan has subscriptions.
func planIsSold(q database.Querier, id string) (bool, error) {
	n, err := database.One(q, database.Value[int64], `SELECT COUNT(*) FROM (SELECT 1 FROM subscription WHERE plan_id = ? LIMIT 1) s`, id)
	return n > 0, err
}

// statesAreDue has it looked at where the subscriptions of a plan stand.
func statesAreDue(tx *database.Tx, planID string, now time.Time) error {
	_, err := tx.Exec(`UPDATE subscription SET state_due = ? WHERE plan_id = ?`, database.Micros(now), planID)
	return err
}

// planOrders are the ways to sort plans.
var planOrders = database.Orders[Plan]{
	IDColumn: "id", ID: func(p Plan) string { return p.ID },
	By: map[string]database.Order[Plan]{
		"name": {Column: "name", Key: func(p Plan) any { return p.Name }},
		"code": {Column: "code", Key: func(p Plan) any { return p.Code }},
	},
}

func listPlans(q database.Querier, productID string, l database.Listing) (database.Page[Plan], error) {
	return database.List(q, scanPlan, selectPlan+`WHERE (? = '' OR product_id = ?)`, []any{productID, productID}, planOrders, l)
}

// PlansByCode gives every plan by the codes of its product and its own.
func PlansByCode(q database.Querier) (map[[2]string]Plan, error) {
	products, err := database.All(q, scanProduct, selectProduct+`WHERE 1 = 1`)
	if err != nil {
		return nil, err
	}
	codes := map[string]string{}
	for _, p := range products {
		codes[p.ID] = p.Code
	}
	plans, err := database.All(q, scanPlan, selectPlan+`WHERE 1 = 1`)
	named := make(map[[2]string]Plan, len(plans))
	for _, p := range plans {
		named[[2]string{codes[p.ProductID], p.Code}] = p
	}
	return named, err
}
