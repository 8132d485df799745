package e2e

import (
	"testing"

	"github.com/licethq/licet/internal/bench"
	"github.com/licethq/licet/internal/database"
)

// openDatabase opens a server's database beside it.
func openDatabase(t *testing.T, s *bench.Server) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), s.DatabaseURL(), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// count asks a server's database for a number.
func count(t *testing.T, s *bench.Server, query string) int64 {
	t.Helper()
	n, err := database.One(openDatabase(t, s).Read(t.Context()), database.Value[int64], query)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The rules of the program refuse these long before; the database does so even
// when they are wrong, or when somebody else writes to it.
func TestTheDatabaseItselfRefusesWhatMustNeverBe(t *testing.T) {
	statements := map[string]string{
		"a second live activation of a slot": `
			INSERT INTO activation (id, slot_id, organization_id, key_id, subscription_id, method, started_at, last_seen_at, expires_at)
			SELECT 'another', slot_id, organization_id, key_id, subscription_id, method, started_at, last_seen_at, expires_at FROM activation`,
		"more activations than a key allows": `UPDATE license_key SET activations = activation_limit + 1`,
		"a slot of an organization that its installation does not belong to": `
			UPDATE slot SET organization_id = 'another'`,
		"two keys with one look-up": `
			INSERT INTO license_key (id, subscription_id, organization_id, kind, lookup, sealed, last_four, issued_on, created_at)
			SELECT 'another', subscription_id, organization_id, kind, lookup, sealed, last_four, issued_on, created_at FROM license_key`,
		"two events at one position": `
			INSERT INTO event (id, at, kind, actor_kind, actor_id, subject_kind, subject_id, data, position)
			VALUES ('one', 0, 'a.b', 'system', 'x', 'x', 'x', '{}', 1000000), ('two', 0, 'a.b', 'system', 'x', 'x', 'x', '{}', 1000000)`,
	}
	onEachEngine(t, func(t *testing.T, cfg bench.ServerConfig) {
		s, seed := startServer(t, cfg)
		activateAll(t, s, newRows(t, seed, 1), 1, func() {})
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		db := openDatabase(t, s)
		for what, statement := range statements {
			t.Run(what, func(t *testing.T) {
				var affected int64
				err := db.InTx(t.Context(), func(tx *database.Tx) (err error) {
					affected, err = tx.Exec(statement)
					return err
				})
				if err == nil {
					t.Errorf("%d rows written, want an error", affected)
				}
			})
		}
	})
}
