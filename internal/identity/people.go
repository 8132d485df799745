package identity

import (
	"context"
	"strings"

	"github.com/licethq/licet/internal/database"
)

// Acquaintance is a person as staff see them.
type Acquaintance struct {
	Person
	StaffRole       Role  // empty for customers
	MembershipCount int64 // blocked ones too

	Memberships []Membership // of one person; not in lists
}

func (a Acquaintance) name() string { return strings.TrimSpace(a.FirstName + " " + a.LastName) }

// PersonFilter chooses people. Empty members choose all.
type PersonFilter struct {
	Search string // part of the name or the address
}

// personOrders are the ways to sort people.
var personOrders = database.Orders[Acquaintance]{
	IDColumn: "p.id", ID: func(a Acquaintance) string { return a.ID },
	By: map[string]database.Order[Acquaintance]{
		"name":       {Column: fullName, Key: func(a Acquaintance) any { return a.name() }},
		"email":      {Column: "p.email", Key: func(a Acquaintance) any { return a.Email }},
		"created_at": {Column: "p.created_at", Key: func(a Acquaintance) any { return database.Micros(a.CreatedAt) }},
	},
}

// People lists everybody who has an account, for staff.
func (s *Service) People(ctx context.Context, actor Actor, f PersonFilter, l database.Listing) (database.Page[Acquaintance], error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return database.Page[Acquaintance]{}, err
	}
	return peoplePage(s.DB.Read(ctx), f, l)
}

// Person gives somebody who has an account, with their memberships, to staff.
// Errors: not_found, also once erased; forbidden.
func (s *Service) Person(ctx context.Context, actor Actor, id string) (Acquaintance, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return Acquaintance{}, err
	}
	return acquaintance(s.DB.Read(ctx), id)
}

func acquaintance(q database.Querier, id string) (Acquaintance, error) {
	found, err := personWithStaffRole(q, id)
	if err != nil {
		return Acquaintance{}, notFound(err)
	}
	found.Memberships, err = membershipsOf(q, id)
	return found, err
}
