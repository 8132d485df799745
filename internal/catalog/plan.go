package catalog

import (
	"time"

	"github.com/licethq/licet/internal/problem"
)

// Plan is a way to buy one license type of a product, with its rules.
type Plan struct {
	ID        string
	ProductID string
	Code      string // within the product
	Name      string
	Policy    Policy
	Version   int64
	CreatedAt time.Time
}

// NewPlan is what staff give to create a plan.
type NewPlan struct {
	ProductID string
	Code      string
	Name      string
	Policy    Policy
}

// Validate reports every fault at once, those of the policy too.
func (n NewPlan) Validate() error {
	var f problem.Faults
	f.Check(codeForm.MatchString(n.Code), "/code", codeRule)
	f.Text("/name", n.Name, 1, maxName)
	n.Policy.check(&f, "/policy")
	return f.Err()
}
