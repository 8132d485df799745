package identity

import (
	"slices"

	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// Actor is whoever acts. The zero Actor may do nothing.
type Actor struct {
	event.Actor

	// PersonID is the person who acts, themselves or by a token; empty for the
	// system.
	PersonID string

	// Role is the person's staff role; empty for everybody else and the system.
	Role Role

	// Memberships are those that count now: not the blocked ones, and of a token
	// that is bound to an organization only that one's.
	Memberships []Membership

	// OrganizationID is the organization that lists show when none is named: the
	// one that the person looks at, or that the token is bound to.
	OrganizationID string

	SessionID string // when a session acts
	Scopes    Scopes // what a token may do at most; sessions and the system may do everything
	Once      *Once  // the request's Idempotency-Key; nil without
}

// System is Licet itself: an operator's command or a schedule, named by what
// it does. It may do everything.
func System(name string) Actor {
	return Actor{Actor: event.Actor{Kind: event.System, ID: name}}
}

// known reports whether anybody acts at all.
func (a Actor) known() bool { return a.Kind != "" }

// staff reports whether the actor is the system, or staff of one of the roles.
func (a Actor) staff(roles []Role) bool {
	return a.Kind == event.System || a.Role != "" && slices.Contains(roles, a.Role)
}

// Require gives nil when the actor is staff of one of the roles, else
// unauthenticated or forbidden. Call it, or one of its siblings, first in a
// verb, before anything is looked up.
func (a Actor) Require(roles ...Role) error {
	switch {
	case !a.known():
		return problem.New(problem.Unauthenticated)
	case a.staff(roles):
		return nil
	default:
		return problem.New(problem.Forbidden)
	}
}

// RequirePerson gives nil when a person acts through a session: what concerns
// their own sign-in is not for tokens.
func (a Actor) RequirePerson() error {
	switch {
	case !a.known():
		return problem.New(problem.Unauthenticated)
	case a.SessionID == "":
		return problem.Newf(problem.Forbidden, "Sign in to do this; an API token cannot.")
	default:
		return nil
	}
}

// RequireIn gives nil when the actor is staff of one of the roles, or has at
// least the member role in the organization. To others, an organization that is
// not theirs is not_found, like one that does not exist.
func (a Actor) RequireIn(organizationID string, least MemberRole, roles ...Role) error {
	return a.requireIn(organizationID, roles, func(m Membership) bool { return m.Role.atLeast(least) })
}

// RequireKey gives nil when the actor is staff of one of the roles, account
// administrator of the key's organization, or license administrator with the key
// granted (P12). A key that is not granted is not_found, like one of another
// organization. organizationID is empty for a key that nobody has registered.
func (a Actor) RequireKey(organizationID, keyID string, roles ...Role) error {
	err := a.requireIn(organizationID, roles, func(m Membership) bool { return m.looksAfter(keyID) })
	if problem.Is(err, problem.Forbidden) && !a.isStaff() && a.Membership(organizationID).Role == LicenseAdministrator {
		return problem.New(problem.NotFound)
	}
	return err
}

func (a Actor) requireIn(organizationID string, roles []Role, enough func(Membership) bool) error {
	m := a.Membership(organizationID)
	switch {
	case !a.known():
		return problem.New(problem.Unauthenticated)
	case a.staff(roles), m != nil && enough(*m):
		return nil
	case m != nil, a.isStaff():
		return problem.New(problem.Forbidden)
	default:
		return problem.New(problem.NotFound)
	}
}

func (a Actor) isStaff() bool { return a.Role != "" }

// Membership gives the actor's membership in an organization; nil when there is
// none that counts.
func (a Actor) Membership(organizationID string) *Membership {
	for i := range a.Memberships {
		if organizationID != "" && a.Memberships[i].OrganizationID == organizationID {
			return &a.Memberships[i]
		}
	}
	return nil
}

// Sight is what a list may show to an actor.
type Sight struct {
	OrganizationID string   // only this organization's; empty for everybody's
	Limited        bool     // only what belongs to the keys
	Keys           []string // granted to the actor, when limited
}

// See gives what a list of keys, subscriptions or rows may show to the actor, of
// an organization when one is named: everything to staff of the roles and to
// account administrators, the granted keys to license administrators. A member
// who names no organization means the one they look at.
func (a Actor) See(organizationID string, roles ...Role) (Sight, error) {
	if a.staff(roles) {
		return Sight{OrganizationID: organizationID}, nil
	}
	organizationID, err := a.Means(organizationID)
	if err != nil {
		return Sight{}, err
	}
	if err := a.RequireIn(organizationID, LicenseAdministrator); err != nil {
		return Sight{}, err
	}
	m := a.Membership(organizationID)
	return Sight{OrganizationID: organizationID, Limited: m.Role != AccountAdministrator, Keys: m.Keys}, nil
}

// Means gives the organization that a member means: the named one, else the one
// they look at, else their only one.
func (a Actor) Means(organizationID string) (string, error) {
	switch {
	case !a.known():
		return "", problem.New(problem.Unauthenticated)
	case organizationID != "":
		return organizationID, nil
	case a.Membership(a.OrganizationID) != nil:
		return a.OrganizationID, nil
	case len(a.Memberships) == 1:
		return a.Memberships[0].OrganizationID, nil
	case len(a.Memberships) == 0:
		return "", problem.New(problem.Forbidden)
	}
	var f problem.Faults
	f.Check(false, "query.organization_id", "must say which of your organizations is meant")
	return "", f.Err()
}
