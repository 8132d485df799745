package identity

import (
	"time"

	"github.com/licethq/licet/internal/problem"
)

// OrganizationKind says what an organization is to the publisher.
type OrganizationKind string

// The kinds of organization.
const (
	Customer    OrganizationKind = "customer"    // uses what it bought
	Partner     OrganizationKind = "partner"     // manages keys for its clients (M1)
	Distributor OrganizationKind = "distributor" // stands above partners (M12)
)

// Organization is a business account.
type Organization struct {
	ID        string
	Kind      OrganizationKind
	Name      string
	Version   int64
	CreatedAt time.Time
}

// NewOrganization is what staff give to create an organization.
type NewOrganization struct {
	Kind OrganizationKind
	Name string
}

const maxName = 200

// Validate reports every fault at once.
func (n NewOrganization) Validate() error {
	var f problem.Faults
	f.Check(n.Kind == Customer || n.Kind == Partner || n.Kind == Distributor, "/kind", "must be customer, partner or distributor")
	f.Text("/name", n.Name, 1, maxName)
	return f.Err()
}
