package identity_test

import (
	"testing"

	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

func TestScopesAllowWhatTheyNameAndReadingWithWriting(t *testing.T) {
	tests := []struct {
		name   string
		scopes identity.Scopes
		need   identity.Scope
		want   bool
	}{
		{"the same", identity.Scopes{"keys:read"}, "keys:read", true},
		{"writing includes reading", identity.Scopes{"keys:write"}, "keys:read", true},
		{"reading does not include writing", identity.Scopes{"keys:read"}, "keys:write", false},
		{"another area", identity.Scopes{"subscriptions:write"}, "keys:read", false},
		{"an area that begins alike", identity.Scopes{"key:write"}, "keys:read", false},
		{"none", identity.Scopes{}, "keys:read", false},
		{"all", identity.AllScopes(), "events:read", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.scopes.Allow(tt.need); got != tt.want {
				t.Errorf("%v allow %s: %v, want %v", tt.scopes, tt.need, got, tt.want)
			}
		})
	}
}

func TestOnlyTokensAreBoundToScopes(t *testing.T) {
	session := person(identity.Owner)
	token := identity.Actor{Actor: event.Actor{Kind: event.Token, ID: "t"}, Role: identity.Owner, Scopes: identity.Scopes{}}
	for name, actor := range map[string]identity.Actor{"a session": session, "the system": identity.System("test")} {
		if err := actor.RequireScope("keys:write"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := token.RequireScope("keys:write"); !problem.Is(err, problem.ScopeMissing) {
		t.Errorf("a token without any: %v, want scope_missing", err)
	}
}

func TestATokenOfNoOrUnknownScopesIsNotMade(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		made, _, err := s.CreateStaff(t.Context(), operator, identity.NewStaff{Email: "owner@example.com", Role: identity.Owner})
		if err != nil {
			t.Fatal(err)
		}
		for _, scopes := range []identity.Scopes{nil, {}, {"keys"}, {"keys:"}, {":read"}, {"keys:all"}, {"keys:read", "colors:read"}, {"keys:read keys:write"}} {
			if _, _, err := s.CreateToken(t.Context(), operator, made.Email, "script", scopes); !problem.Is(err, problem.ValidationFailed) {
				t.Errorf("%q: %v, want validation_failed", scopes, err)
			}
		}
	})
}
