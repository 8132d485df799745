package identity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/licethq/licet/internal/problem"
)

// Scope is something that a token may do: read or write in an area. Writing
// includes reading.
type Scope string

// The areas of scopes.
const (
	ScopeOrganizations = "organizations"
	ScopeMembers       = "members"
	ScopeCatalog       = "catalog"
	ScopeSubscriptions = "subscriptions" // and orders
	ScopeKeys          = "keys"          // and sublicenses
	ScopeRegistration  = "registration"  // of keys; apart, since agents that sign in by code may do just this
	ScopeInstallations = "installations" // and activations and files
	ScopeEvents        = "events"
	ScopeSystem        = "system" // staff, mail, settings, imports
)

var areas = []string{
	ScopeOrganizations, ScopeMembers, ScopeCatalog, ScopeSubscriptions, ScopeKeys, ScopeRegistration, ScopeInstallations, ScopeEvents, ScopeSystem,
}

const (
	reads  = ":read"
	writes = ":write"
)

// Read gives the scope to read in an area.
func Read(area string) Scope { return Scope(area + reads) }

// Write gives the scope to change things in an area.
func Write(area string) Scope { return Scope(area + writes) }

// Scopes are those of a token.
type Scopes []Scope

// AllScopes lists the scopes that let a token do whatever its person may.
func AllScopes() Scopes {
	all := make(Scopes, len(areas))
	for i, area := range areas {
		all[i] = Write(area)
	}
	return all
}

// Allow reports whether the scopes include one.
func (s Scopes) Allow(need Scope) bool {
	area, _ := strings.CutSuffix(string(need), reads)
	return slices.Contains(s, need) || slices.Contains(s, Write(area))
}

// String gives the scopes as they are stored.
func (s Scopes) String() string {
	words := make([]string, len(s))
	for i, scope := range s {
		words[i] = string(scope)
	}
	return strings.Join(words, " ")
}

func parseScopes(stored string) Scopes {
	words := strings.Fields(stored)
	s := make(Scopes, len(words))
	for i, word := range words {
		s[i] = Scope(word)
	}
	return s
}

// check notes scopes that do not exist, and none at all.
func (s Scopes) check(f *problem.Faults, pointer string) {
	f.Check(len(s) > 0, pointer, "must name at least one scope")
	for i, scope := range s {
		area, ok := strings.CutSuffix(string(scope), reads)
		if !ok {
			area, ok = strings.CutSuffix(string(scope), writes)
		}
		f.Check(ok && slices.Contains(areas, area), fmt.Sprintf("%s/%d", pointer, i),
			"must be an area ("+strings.Join(areas, ", ")+") with :read or :write")
	}
}

// RequireScope gives nil unless a token acts that lacks the scope.
func (a Actor) RequireScope(need Scope) error {
	if a.Scopes == nil || a.Scopes.Allow(need) {
		return nil
	}
	return problem.Newf(problem.ScopeMissing, "This API token lacks the scope %s.", need)
}
