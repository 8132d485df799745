package database

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"
)

// Engine names a database engine.
type Engine string

// The engines that Licet runs on.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// Options adjust how a database is opened. The zero value is right for a server.
type Options struct {
	// Logger gets what no caller hears of: panics, repairs. Nil discards.
	Logger *slog.Logger

	// Readers is how many connections serve Read and Snapshot on SQLite, and
	// everything on PostgreSQL. 0 means a default for this machine.
	Readers int

	// LockTimeout is how long a statement waits for a lock that another process
	// (SQLite) or session (PostgreSQL) holds. 0 means 5 seconds.
	LockTimeout time.Duration
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine Engine
	b      backend
	logger *slog.Logger
}

// backend is what differs between the engines.
type backend interface {
	inTx(ctx context.Context, fn func(tx *Tx) error) error
	read(ctx context.Context) Querier
	snapshot(ctx context.Context, fn func(q Querier) error) error
	ping(ctx context.Context) error
	migrate(ctx context.Context, schema fs.FS, logger *slog.Logger) error
	backupTo(ctx context.Context, path string) error
	close() error
}

// Open opens the database that url names: "sqlite:PATH", whose file is created if
// it is missing, or "postgres://…", whose database must exist.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = 5 * time.Second
	}
	path, isSQLite := strings.CutPrefix(url, "sqlite:")
	switch {
	case isSQLite:
		b, err := openSQLite(path, o)
		if err != nil {
			return nil, err
		}
		return &DB{engine: SQLite, b: b, logger: o.Logger}, nil
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		b, err := openPostgres(ctx, url, o)
		if err != nil {
			return nil, err
		}
		return &DB{engine: PostgreSQL, b: b, logger: o.Logger}, nil
	default:
		// The URL may hold a password, so it is not repeated.
		return nil, fmt.Errorf("the database URL must begin with sqlite: or postgres://")
	}
}

// Engine tells which engine the database runs on.
func (db *DB) Engine() Engine { return db.engine }

// Close lets every function that InTx has accepted finish, then closes all
// connections. Later calls answer shutting_down.
func (db *DB) Close() error { return db.b.close() }

// Ping asks the database, not just a connection: on SQLite it takes the writer's
// turn, so a lock held by another process shows.
func (db *DB) Ping(ctx context.Context) error { return db.b.ping(ctx) }

// InTx runs fn in a transaction and returns nil only when it has been stored. See
// the package comment for what fn may do. Errors: fn's own; database_unavailable;
// shutting_down after Close; the context's when the caller left before fn began.
func (db *DB) InTx(ctx context.Context, fn func(tx *Tx) error) error {
	var last *Tx // of the run that was stored, when fn ran more than once
	err := db.b.inTx(ctx, func(tx *Tx) error {
		last = tx
		return fn(tx)
	})
	if err != nil || last == nil {
		return err
	}
	for _, f := range last.stored {
		f()
	}
	return nil
}

// Read gives a Querier whose statements each see what is committed when they begin.
func (db *DB) Read(ctx context.Context) Querier { return db.b.read(ctx) }

// Snapshot runs fn over one consistent state of the database; fn cannot write.
func (db *DB) Snapshot(ctx context.Context, fn func(q Querier) error) error {
	return db.b.snapshot(ctx, fn)
}

// Migrate brings the schema up to date with the *.sql files in schema, in the
// order of their numbers. Several processes may do so at once. A database that is
// newer than schema is refused.
func (db *DB) Migrate(ctx context.Context, schema fs.FS) error {
	return db.b.migrate(ctx, schema, db.logger)
}

// BackupTo writes a consistent copy of a SQLite database to path while it is in
// use; the file must not exist. On PostgreSQL it fails and names pg_dump.
func (db *DB) BackupTo(ctx context.Context, path string) error {
	return db.b.backupTo(ctx, path)
}
