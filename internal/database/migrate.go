package database

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"strings"

	"github.com/pressly/goose/v3"
)

// The words of a migration that differ between the engines.
var (
	sqliteWords = []string{
		"{{int64}}", "INTEGER",
		"{{bytes}}", "BLOB",
		"{{json}}", "TEXT",
		"{{key}}", "TEXT",
		"{{strict}}", "STRICT, WITHOUT ROWID",
	}
	postgresWords = []string{
		"{{int64}}", "BIGINT",
		"{{bytes}}", "BYTEA",
		"{{json}}", "JSONB",
		"{{key}}", `TEXT COLLATE "C"`, // ordered as SQLite orders, whatever the locale
		"{{strict}}", "",
	}
)

// migrationLock is the advisory lock that servers starting together queue for.
const migrationLock = 0x6c696365745f6d67 // "licet_mg"

func (s *sqliteDB) migrate(ctx context.Context, schema fs.FS, logger *slog.Logger) (err error) {
	db := s.forMigration()
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := provider(goose.DialectSQLite3, db, Worded(schema, SQLite), logger)
	if err != nil {
		return err
	}
	if err = up(ctx, p); err == nil {
		return nil
	}
	// Another process may have taken the same step first; then the second try finds
	// nothing, or only the rest, to do.
	if again := up(ctx, p); again != nil {
		return sqliteFailure(err, "migration")
	}
	return nil
}

func (p *postgresDB) migrate(ctx context.Context, schema fs.FS, logger *slog.Logger) (err error) {
	db := p.forMigration()
	defer func() { err = errors.Join(err, db.Close()) }()
	steps, err := provider(goose.DialectPostgres, db, Worded(schema, PostgreSQL), logger)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return p.connectFailure(ctx, err)
	}
	defer func() { _ = conn.Close() }() // ends the session, and its lock with it
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return postgresFailure(err, "pg_advisory_lock")
	}
	if err := up(ctx, steps); err != nil {
		return postgresFailure(err, "migration")
	}
	_, err = conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	if err != nil {
		return postgresFailure(err, "pg_advisory_unlock")
	}
	return nil
}

func provider(dialect goose.Dialect, db *sql.DB, schema fs.FS, logger *slog.Logger) (*goose.Provider, error) {
	p, err := goose.NewProvider(dialect, db,
		schema,
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(logger),
	)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return p, nil
}

// up applies what is missing. Going on with a newer schema could lose what this
// program does not know of.
func up(ctx context.Context, p *goose.Provider) error {
	current, known, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > known {
		return fmt.Errorf("the database has version %d and this program knows only %d; run the newer program", current, known)
	}
	_, err = p.Up(ctx)
	return err
}

// Worded gives a folder of migrations with the tokens replaced as one engine has it.
func Worded(schema fs.FS, engine Engine) fs.FS {
	words := sqliteWords
	if engine == PostgreSQL {
		words = postgresWords
	}
	return wordedFS{FS: schema, words: strings.NewReplacer(words...)}
}

// wordedFS is a folder of migrations in the words of one engine.
type wordedFS struct {
	fs.FS
	words *strings.Replacer
}

// Open implements fs.FS.
func (w wordedFS) Open(name string) (fs.File, error) {
	f, err := w.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return f, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return wordedFile{File: f, text: bytes.NewBufferString(w.words.Replace(string(text)))}, nil
}

// wordedFile reads the text as it was replaced.
type wordedFile struct {
	fs.File
	text *bytes.Buffer
}

// Read implements fs.File.
func (f wordedFile) Read(p []byte) (int, error) { return f.text.Read(p) }
