package catalog

import (
	"time"

	"github.com/licethq/licet/internal/problem"
)

// Product is something that a publisher sells. Its code is what installed
// programs name, and never changes.
type Product struct {
	ID        string
	Code      string
	Name      string
	Version   int64
	CreatedAt time.Time
}

// NewProduct is what staff give to create a product.
type NewProduct struct {
	Code string
	Name string
}

// Validate reports every fault at once.
func (n NewProduct) Validate() error {
	var f problem.Faults
	f.Check(codeForm.MatchString(n.Code), "/code", codeRule)
	f.Text("/name", n.Name, 1, maxName)
	return f.Err()
}
