package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// statementsKept bounds the prepared statements of one connection.
const statementsKept = 256

// sqliteConn is one connection to a SQLite file, used by one goroutine at a time.
// It speaks to the driver without database/sql, which would cost a lock, a
// conversion and several allocations for every statement.
type sqliteConn struct {
	raw        driver.Conn
	statements *lru.LRU[string, sqliteStatement]
	bound      []driver.NamedValue // reused from statement to statement
}

// sqliteStatement is a prepared statement of the driver.
type sqliteStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// dialSQLite opens a connection and sets what a connection forgets.
func dialSQLite(d *sqlite.Driver, dsn string, pragmas []string) (*sqliteConn, error) {
	raw, err := d.Open(dsn)
	if err != nil {
		return nil, sqliteFailure(err, "open")
	}
	statements, err := lru.NewLRU(statementsKept, func(_ string, s sqliteStatement) {
		_ = s.Close() // an evicted statement has nothing left to report
	})
	if err != nil {
		return nil, err
	}
	c := &sqliteConn{raw: raw, statements: statements}
	for _, p := range pragmas {
		if _, err := c.exec(context.Background(), "PRAGMA "+p, nil); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

func (c *sqliteConn) close() error {
	c.statements.Purge()
	return c.raw.Close()
}

// prepared finds or prepares a statement. No two cursors of a connection are open
// at once (session refuses that), so a kept statement is never in use here.
func (c *sqliteConn) prepared(query string) (sqliteStatement, error) {
	if s, ok := c.statements.Get(query); ok {
		return s, nil
	}
	s, err := c.raw.Prepare(query)
	if err != nil {
		return nil, err
	}
	st, ok := s.(sqliteStatement)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver gave a %T", s)
	}
	c.statements.Add(query, st)
	return st, nil
}

func (c *sqliteConn) bind(args []any) ([]driver.NamedValue, error) {
	c.bound = c.bound[:0]
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		c.bound = append(c.bound, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.bound, nil
}

// exec runs a statement that gives no rows.
func (c *sqliteConn) exec(ctx context.Context, query string, args []any) (int64, error) {
	st, err := c.prepared(query)
	if err != nil {
		return 0, sqliteFailure(err, query)
	}
	bound, err := c.bind(args)
	if err != nil {
		return 0, sqliteFailure(err, query)
	}
	result, err := st.ExecContext(ctx, bound)
	if err != nil {
		return 0, sqliteFailure(err, query)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, sqliteFailure(err, query)
	}
	return n, nil
}

// each runs a statement that gives rows.
func (c *sqliteConn) each(ctx context.Context, query string, args []any, visit func(Row) bool) error {
	st, err := c.prepared(query)
	if err != nil {
		return sqliteFailure(err, query)
	}
	bound, err := c.bind(args)
	if err != nil {
		return sqliteFailure(err, query)
	}
	rows, err := st.QueryContext(ctx, bound)
	if err != nil {
		return sqliteFailure(err, query)
	}
	if err := visitRows(ctx, rows, visit); err != nil {
		return sqliteFailure(err, query)
	}
	return nil
}

// visitRows closes rows in any case, also when visit panics: a statement that is
// not reset could not be run again.
func visitRows(ctx context.Context, rows driver.Rows, visit func(Row) bool) (err error) {
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	row := sqliteRow{values: make([]driver.Value, len(rows.Columns()))}
	for {
		err := rows.Next(row.values)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !visit(&row) {
			return nil
		}
		if err := ctx.Err(); err != nil { // a long read ends with its caller
			return err
		}
	}
}

// sqliteRow is the row that a cursor stands on.
type sqliteRow struct {
	values []driver.Value
}

// Scan implements Row.
func (r *sqliteRow) Scan(dest ...any) error { return scanValues(r.values, dest) }

// sqliteFailure codes an error of the driver, once, and says in which statement.
func sqliteFailure(err error, query string) error {
	err = fmt.Errorf("sqlite: %w in %q", err, head(query))
	if sqliteAway(err) {
		return unavailable(err)
	}
	return err
}

// sqliteCode gives the primary result code of an error, or 0.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// sqliteAway reports errors of the file or its locks rather than of the statement.
func sqliteAway(err error) bool {
	switch sqliteCode(err) {
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED, sqlitelib.SQLITE_FULL,
		sqlitelib.SQLITE_IOERR, sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_READONLY,
		sqlitelib.SQLITE_PROTOCOL, sqlitelib.SQLITE_NOMEM, sqlitelib.SQLITE_INTERRUPT:
		return true
	default:
		return false
	}
}

func isUniqueSQLite(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code() == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY
}
