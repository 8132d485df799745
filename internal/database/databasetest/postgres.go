package databasetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/licethq/licet/internal/database"
)

// templateLock is the advisory lock under which a template is made, so that test
// processes that run side by side make it once.
const templateLock = 0x6c696365745f7470 // "licet_tp"

// PostgresURL creates a PostgreSQL database, migrated to schema unless that is nil,
// which is dropped after the test, and gives its URL. Without a server the test is
// skipped.
func PostgresURL(t testing.TB, schema fs.FS) string {
	t.Helper()
	server := os.Getenv("LICET_TEST_POSTGRES")
	SkipUnless(t, "postgres", server != "", "LICET_TEST_POSTGRES does not hold the URL of a server")
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to LICET_TEST_POSTGRES: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	name := "licet_test_" + randomName()
	// template0 is what a database without a schema starts from.
	template := "template0"
	if schema != nil {
		template = migrated(ctx, t, conn, server, schema)
	}
	run(ctx, t, conn, "CREATE DATABASE "+name+" TEMPLATE "+template)
	t.Cleanup(func() { drop(t, server, name) })
	return withDatabase(t, server, name)
}

func randomName() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// migrated gives the template for a schema. Its name holds the digest of the
// schema; it gets that name when it is complete, and stays for later runs.
func migrated(ctx context.Context, t testing.TB, conn *pgx.Conn, server string, schema fs.FS) string {
	t.Helper()
	name := "licet_template_" + digest(t, schema)
	run(ctx, t, conn, "SELECT pg_advisory_lock($1)", int64(templateLock))
	defer run(ctx, t, conn, "SELECT pg_advisory_unlock($1)", int64(templateLock))
	var exists bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err != nil {
		t.Fatalf("look for the template: %v", err)
	}
	if exists {
		return name
	}
	unfinished := name + "_unfinished"
	run(ctx, t, conn, "DROP DATABASE IF EXISTS "+unfinished+" WITH (FORCE)")
	run(ctx, t, conn, "CREATE DATABASE "+unfinished+" TEMPLATE template0")
	db, err := database.Open(ctx, withDatabase(t, server, unfinished), database.Options{Readers: 2})
	if err != nil {
		t.Fatalf("open the template: %v", err)
	}
	if err := db.Migrate(ctx, schema); err != nil {
		t.Fatalf("migrate the template: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatalf("close the template: %v", err)
	}
	run(ctx, t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", unfinished)
	run(ctx, t, conn, "ALTER DATABASE "+unfinished+" RENAME TO "+name)
	return name
}

// digest is the same for the same migrations in PostgreSQL's words.
func digest(t testing.TB, schema fs.FS) string {
	t.Helper()
	schema = database.Worded(schema, database.PostgreSQL)
	names, err := fs.Glob(schema, "*.sql")
	if err != nil {
		t.Fatalf("list the migrations: %v", err)
	}
	h := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(schema, name)
		if err != nil {
			t.Fatalf("read a migration: %v", err)
		}
		sum := sha256.Sum256(text)
		h.Write([]byte(name + "\x00"))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func run(ctx context.Context, t testing.TB, conn *pgx.Conn, statement string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(ctx, statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func drop(t testing.TB, server, name string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Errorf("connect to drop %s: %v", name, err)
		return
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		t.Errorf("drop %s: %v", name, err)
	}
}

func withDatabase(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("LICET_TEST_POSTGRES is not a URL: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}
