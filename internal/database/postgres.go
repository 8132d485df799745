package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// work bounds one attempt of a transaction, so that a server that has gone silent
// does not hold its callers for ever.
const work = 30 * time.Second

// postgresDB is a PostgreSQL database.
type postgresDB struct {
	config    *pgx.ConnConfig
	pool      *sql.DB
	numbering *numbering
	logger    *slog.Logger
	closed    atomic.Bool
	size      int // of the pool
}

func openPostgres(ctx context.Context, url string, o Options) (*postgresDB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The error of pgx repeats the URL without its password.
		return nil, fmt.Errorf("database URL: %w", err)
	}
	setDefault(config.RuntimeParams, "application_name", "licet")
	p := &postgresDB{config: config, logger: o.Logger}
	if p.numbering, err = newNumbering(); err != nil {
		return nil, err
	}
	p.pool = stdlib.OpenDB(*p.guarded(o))
	n := o.Readers
	if n <= 0 {
		n = 32 // commits wait for the disk together, so more than there are cores
	}
	p.size = n
	p.pool.SetMaxOpenConns(n)
	p.pool.SetMaxIdleConns(n)
	p.pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := p.ping(ctx); err != nil {
		return nil, errors.Join(err, p.pool.Close())
	}
	return p, nil
}

// guarded is the configuration of ordinary connections: no statement waits for
// ever. What the URL says wins.
func (p *postgresDB) guarded(o Options) *pgx.ConnConfig {
	config := p.config.Copy()
	setDefault(config.RuntimeParams, "lock_timeout", milliseconds(o.LockTimeout))
	setDefault(config.RuntimeParams, "statement_timeout", milliseconds(work))
	setDefault(config.RuntimeParams, "idle_in_transaction_session_timeout", milliseconds(2*work))
	return config
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

func setDefault(params map[string]string, name, value string) {
	if _, ok := params[name]; !ok {
		params[name] = value
	}
}

// forMigration opens a pool of its own: changing a large table may take long.
func (p *postgresDB) forMigration() *sql.DB {
	return stdlib.OpenDB(*p.config.Copy())
}

// postgresConn runs statements on a connection, a transaction or the pool.
type postgresConn struct {
	on interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
	numbering *numbering
}

func (c postgresConn) exec(ctx context.Context, query string, args []any) (int64, error) {
	plain, err := arguments(args)
	if err != nil {
		return 0, postgresFailure(err, query)
	}
	result, err := c.on.ExecContext(ctx, c.numbering.of(query), plain...)
	if err != nil {
		return 0, postgresFailure(err, query)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, postgresFailure(err, query)
	}
	return n, nil
}

func (c postgresConn) each(ctx context.Context, query string, args []any, visit func(Row) bool) error {
	plain, err := arguments(args)
	if err != nil {
		return postgresFailure(err, query)
	}
	rows, err := c.on.QueryContext(ctx, c.numbering.of(query), plain...)
	if err != nil {
		return postgresFailure(err, query)
	}
	defer func() { _ = rows.Close() }() // for a visit that panics; closed below otherwise
	names, err := rows.Columns()
	if err != nil {
		return postgresFailure(err, query)
	}
	row := postgresRow{rows: rows, values: make([]any, len(names))}
	for more := true; more && rows.Next(); {
		more = visit(&row)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return postgresFailure(err, query)
	}
	return nil
}

// postgresRow converts as SQLite's rows do, so that what scans on one engine scans
// on the other.
type postgresRow struct {
	rows   *sql.Rows
	values []any
	into   []any // points to the values
}

// Scan implements Row.
func (r *postgresRow) Scan(dest ...any) error {
	if r.into == nil {
		r.into = make([]any, len(r.values))
		for i := range r.values {
			r.into[i] = &r.values[i]
		}
	}
	if err := r.rows.Scan(r.into...); err != nil {
		return err
	}
	return scanValues(r.values, dest)
}

func arguments(args []any) ([]any, error) {
	plain := make([]any, len(args))
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		plain[i] = v
	}
	return plain, nil
}

// inTx runs fn in transactions until one commits, fn fails for good, or there were
// too many.
func (p *postgresDB) inTx(ctx context.Context, fn func(tx *Tx) error) error {
	var err error
	for attempt := range attempts {
		if left := p.pause(ctx, attempt); left != nil {
			return left
		}
		if err = p.noticed(p.once(ctx, fn)); !repeatable(err) {
			logPanic(p.logger, err)
			return err
		}
	}
	if sqlState(err) == stateForeignKey { // no race after all: a fault of the program
		return err
	}
	return exhausted(err)
}

// pause waits before a repetition, longer each time and never in step with the
// sessions it collided with.
func (p *postgresDB) pause(ctx context.Context, attempt int) error {
	if p.closed.Load() {
		return shuttingDown()
	}
	if attempt == 0 {
		return ctx.Err()
	}
	most := min(time.Millisecond<<attempt, 100*time.Millisecond)
	timer := time.NewTimer(rand.N(most)) //nolint:gosec // it spreads collisions and keeps no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// once runs fn in one transaction. The caller's context ends the wait for a
// connection but nothing later: a canceled statement would close the connection,
// and a canceled COMMIT would leave it unknown what was stored.
func (p *postgresDB) once(ctx context.Context, fn func(tx *Tx) error) error {
	conn, err := p.pool.Conn(ctx)
	if err != nil {
		return p.connectFailure(ctx, err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), work)
	defer cancel()
	sqlTx, err := conn.BeginTx(own, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return postgresFailure(err, "BEGIN")
	}
	tx := &Tx{session: session{ctx: own, conn: postgresConn{on: sqlTx, numbering: p.numbering}}}
	if err := tx.run(fn); err != nil {
		_ = sqlTx.Rollback() // a connection that cannot roll back is discarded by the pool
		if repeatable(tx.failed) {
			return tx.failed
		}
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return postgresFailure(err, "COMMIT")
	}
	return nil
}

// connectFailure tells a caller who left from a server that cannot be reached.
func (p *postgresDB) connectFailure(ctx context.Context, err error) error {
	switch {
	case p.closed.Load():
		return shuttingDown()
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return unavailable(fmt.Errorf("postgres: connect: %w", err))
	}
}

// noticed closes the connections that nobody uses when one turned out to be
// dead, and gives the error back: they went with it, and each would fail a caller
// of its own once the server is back.
func (p *postgresDB) noticed(err error) error {
	if err != nil && errors.Is(err, ErrUnavailable) && isDead(err) {
		p.pool.SetMaxIdleConns(0)
		p.pool.SetMaxIdleConns(p.size)
	}
	return err
}

// postgresReader runs each statement on whichever connection is free.
type postgresReader struct {
	p   *postgresDB
	ctx context.Context
}

func (p *postgresDB) read(ctx context.Context) Querier { return postgresReader{p: p, ctx: ctx} }

func (r postgresReader) each(query string, args []any, visit visitor) error {
	return r.p.onConn(r.ctx, func(conn *sql.Conn) error {
		// As in once: a canceled statement would close the connection.
		own, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), work)
		defer cancel()
		one := session{ctx: own, conn: postgresConn{on: conn, numbering: r.p.numbering}}
		return one.each(query, args, whileHere(r.ctx, visit))
	})
}

// onConn lends a connection. An error that comes with the end of the caller's
// context is the caller's leaving.
func (p *postgresDB) onConn(ctx context.Context, fn func(conn *sql.Conn) error) error {
	conn, err := p.pool.Conn(ctx)
	if err != nil {
		return p.connectFailure(ctx, err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	if err := p.noticed(fn(conn)); err != nil {
		if errors.Is(err, ErrUnavailable) && ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return nil
}

func (p *postgresDB) snapshot(ctx context.Context, fn func(q Querier) error) error {
	return p.onConn(ctx, func(conn *sql.Conn) error {
		tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			return postgresFailure(err, "BEGIN")
		}
		defer func() { _ = tx.Rollback() }() // it has written nothing
		return fn(&session{ctx: ctx, conn: postgresConn{on: tx, numbering: p.numbering}})
	})
}

func (p *postgresDB) ping(ctx context.Context) error {
	_, err := One(p.read(ctx), Value[int64], "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = 0")
	return err
}

func (p *postgresDB) backupTo(context.Context, string) error {
	return errors.New("backup: a PostgreSQL database is backed up with pg_dump and restored with pg_restore")
}

func (p *postgresDB) close() error {
	p.closed.Store(true)
	return p.pool.Close()
}
