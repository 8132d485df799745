package httpapi_test

import (
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

func TestAPersonFoundsTheirOrganizationWithTheirFirstKey(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		issued := p.sell(t, "")
		person := s.Session(t, s.Person(t, "Ada", "Example").ID)
		r := api.Registration{Key: issued.Key.Key, Organization: &api.NewBusiness{Name: "Red Kite", Address: "2 Hill Road", Phone: "555"}}
		registered := must[api.Subscription](t)(person.RegisterKey(t.Context(), r))
		if registered.ID != issued.Subscription.ID || registered.OrganizationName != "Red Kite" {
			t.Errorf("registered: %+v", registered)
		}
		again := must[api.Subscription](t)(person.RegisterKey(t.Context(), r))
		if again.OrganizationID != registered.OrganizationID {
			t.Errorf("once more: %s, want %s", again.OrganizationID, registered.OrganizationID)
		}
		found := must[api.Organization](t)(person.Organization(t.Context(), registered.OrganizationID))
		if found.Address != "2 Hill Road" || found.Phone != "555" || found.Kind != "customer" {
			t.Errorf("founded: %+v", found)
		}
	})
}

func TestGuessedKeysAreLimitedAndARightOneIsNot(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.FailuresPerMinute = 3 })
	p := open(t, s)
	admin := s.Session(t, s.Member(t, p.organization.ID, identity.AccountAdministrator).ID)
	guess := func(key string) string {
		_, err := admin.RegisterKey(t.Context(), api.Registration{Key: key, OrganizationID: p.organization.ID})
		return code(err)
	}
	elsewhere := p.sell(t, must[api.Organization](t)(p.owner.CreateOrganization(t.Context(), api.NewOrganization{Kind: "customer", Name: "Other"})).ID)
	for range 5 {
		if got := guess(elsewhere.Key.Key); got != "key_registered_elsewhere" {
			t.Fatalf("a refusal that is no guess: %s", got)
		}
	}
	for range 3 {
		if got := guess("AAAA-BBBB"); got != "key_mistyped" {
			t.Fatalf("a guess: %s, want key_mistyped", got)
		}
	}
	if got := guess("AAAA-CCCC"); got != "too_many_failures" {
		t.Errorf("a guess too many: %s, want too_many_failures", got)
	}
	if got := guess(p.sell(t, "").Key.Key); got != "" {
		t.Errorf("a right key after wrong ones: %s, want it taken", got)
	}
}
