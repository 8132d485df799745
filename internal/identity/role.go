package identity

import (
	"slices"

	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// Role says what a member of staff may do. Everybody may read.
type Role string

// The roles.
const (
	Owner   Role = "owner"   // everything, and alone products, plans and staff
	Sales   Role = "sales"   // organizations and subscriptions
	Support Role = "support" // rows: release, unsolicited files, the offline switch
	Auditor Role = "auditor" // reads only
)

// Who may do what, in the words that services use with Require.
var (
	AnyStaff = []Role{Owner, Sales, Support, Auditor}
	Sellers  = []Role{Owner, Sales}
	Helpers  = []Role{Owner, Support}
	Owners   = []Role{Owner}
)

// Valid reports whether the role exists.
func (r Role) Valid() bool { return slices.Contains(AnyStaff, r) }

// Actor is whoever acts. The zero Actor may do nothing.
type Actor struct {
	event.Actor

	// Role is the staff role of a token's person; empty for the system.
	Role Role
}

// System is Licet itself: an operator's command or a schedule, named by what
// it does. It may do everything.
func System(name string) Actor {
	return Actor{Actor: event.Actor{Kind: event.System, ID: name}}
}

// Require gives nil when the actor has one of the roles, else unauthenticated
// or forbidden. Call it first in a verb, before anything is looked up.
func (a Actor) Require(roles ...Role) error {
	switch {
	case a.Kind == event.System:
		return nil
	case a.Kind == "" || a.Role == "":
		return problem.New(problem.Unauthenticated)
	case slices.Contains(roles, a.Role):
		return nil
	default:
		return problem.New(problem.Forbidden)
	}
}
