package identity

import (
	"regexp"
	"time"

	"github.com/licethq/licet/internal/database"
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
	Address   string
	Phone     string
	Country   string // ISO 3166-1 alpha-2, or empty
	Reference string // its id in the publisher's other systems; only staff see it
	Version   int64
	CreatedAt time.Time
}

// NewOrganization is what it takes to create an organization.
type NewOrganization struct {
	Kind      OrganizationKind
	Name      string
	Address   string
	Phone     string
	Country   string
	Reference string
}

const (
	maxName    = 200
	maxAddress = 500
	maxPhone   = 40
)

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

// Validate reports every fault at once.
func (n NewOrganization) Validate() error {
	var f problem.Faults
	f.Check(n.Kind == Customer || n.Kind == Partner || n.Kind == Distributor, "/kind", "must be customer, partner or distributor")
	checkProfile(&f, n.Name, n.Address, n.Phone, n.Country)
	f.Text("/reference", n.Reference, 0, maxName)
	return f.Err()
}

// checkProfile notes what is wrong with what an organization says of itself.
func checkProfile(f *problem.Faults, name, address, phone, country string) {
	f.Text("/name", name, 1, maxName)
	f.Lines("/address", address, 0, maxAddress)
	f.Text("/phone", phone, 0, maxPhone)
	f.Check(country == "" || countryForm.MatchString(country), "/country", "must be two letters of ISO 3166-1, such as CH")
}

// organizationOrders are the ways to sort organizations.
var organizationOrders = database.Orders[Organization]{
	IDColumn: "id", ID: func(o Organization) string { return o.ID },
	By: map[string]database.Order[Organization]{
		"name":       {Column: "name", Key: func(o Organization) any { return o.Name }},
		"created_at": {Column: "created_at", Key: func(o Organization) any { return database.Micros(o.CreatedAt) }},
	},
}
