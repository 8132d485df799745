package servertest_test

import (
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

func TestASessionSpeaksForItsPersonOverTLSAndWithout(t *testing.T) {
	for name, options := range map[string][]func(*server.Config){"TLS": {servertest.TLS(t)}, "loopback": nil} {
		t.Run(name, func(t *testing.T) {
			s := servertest.Start(t, options...)
			owner := s.Session(t, s.Staff(t, identity.Owner).ID)
			made, err := owner.CreateOrganization(t.Context(), api.NewOrganization{Kind: "customer", Name: "Blue Harbor"})
			if err != nil {
				t.Fatal(err)
			}
			member := s.Session(t, s.Member(t, made.ID, identity.Member).ID)
			seen, err := member.Organization(t.Context(), made.ID)
			if err != nil || seen.Name != "Blue Harbor" {
				t.Errorf("the member sees %q, %v", seen.Name, err)
			}
			stranger := s.Session(t, s.Person(t, "Mika", "Stone").ID)
			if _, err := stranger.Organization(t.Context(), made.ID); err == nil {
				t.Error("a stranger sees the organization")
			}
		})
	}
}
