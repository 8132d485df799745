package identity_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/identity"
)

// A token is looked up, with its person's role and memberships, on every request:
// docs/decisions/003 says why.
func BenchmarkATokenIsAuthenticated(b *testing.B) {
	s := &identity.Service{DB: databasetest.Open(b, database.ServerSchema()), Now: time.Now, Rand: rand.Reader}
	_, token, err := s.CreateStaff(b.Context(), identity.System("bench"), identity.NewStaff{Email: "owner@example.com", Role: identity.Owner})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Authenticate(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
