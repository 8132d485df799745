package databasetest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/licethq/licet/internal/database"
)

// Each runs fn as the subtests "sqlite" and "postgres", each with an empty
// database that has been migrated to schema and is closed, and gone, afterwards.
func Each(t *testing.T, schema fs.FS, fn func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, Open(t, schema)) })
	t.Run("postgres", func(t *testing.T) { fn(t, open(t, PostgresURL(t, schema), nil)) })
}

// Open gives a SQLite database that has been migrated to schema.
func Open(t testing.TB, schema fs.FS) *database.DB {
	t.Helper()
	return open(t, SQLiteURL(t), schema)
}

// SQLiteURL names a SQLite database that does not exist yet, for tests that open
// it themselves, perhaps more than once.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "licet.db")
}

func open(t testing.TB, url string, schema fs.FS) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), url, database.Options{})
	if err != nil {
		t.Fatalf("open the database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	if schema == nil {
		return db
	}
	if err := db.Migrate(context.Background(), schema); err != nil {
		t.Fatalf("migrate the database: %v", err)
	}
	return db
}

// SkipUnless goes on when ok. Otherwise the test is skipped, or fails when
// LICET_REQUIRE lists name; why tells what is missing.
func SkipUnless(t testing.TB, name string, ok bool, why string) {
	t.Helper()
	switch {
	case ok:
	case slices.Contains(strings.Split(os.Getenv("LICET_REQUIRE"), ","), name):
		t.Fatalf("LICET_REQUIRE lists %s, but %s", name, why)
	default:
		t.Skipf("skipped for want of %s: %s", name, why)
	}
}
