package database

import (
	"context"
)

// Row is one row of a result.
type Row interface {
	// Scan copies the columns, in order, into pointers: to int64, int, bool,
	// string, []byte, float64, named types of these, pointers to them for NULL,
	// or anything with sql.Scanner.
	Scan(dest ...any) error
}

// Querier runs statements that return rows. *Tx is one; Read and Snapshot give
// others.
type Querier interface {
	each(query string, args []any, visit visitor) error
}

// visitor takes one row and says whether it wants another.
type visitor func(r Row) (more bool, err error)

// whileHere ends a single read, whose statement is not interrupted, between two rows
// when its caller has left.
func whileHere(ctx context.Context, visit visitor) visitor {
	return func(r Row) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return visit(r)
	}
}

// One returns the row of a query as scan reads it, or ErrNoRows. The query is run
// to its end, so that one which changes rows and returns them is complete; a query
// that may give many rows should limit them.
func One[T any](q Querier, scan func(Row) (T, error), query string, args ...any) (T, error) {
	var first T
	found := false
	err := q.each(query, args, func(r Row) (bool, error) {
		if found {
			return true, nil
		}
		v, err := scan(r)
		if err != nil {
			return false, err
		}
		first, found = v, true
		return true, nil
	})
	if err == nil && !found {
		err = ErrNoRows
	}
	if err != nil {
		var none T
		return none, err
	}
	return first, nil
}

// All returns every row of a query; nil when there is none.
func All[T any](q Querier, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := q.each(query, args, func(r Row) (bool, error) {
		v, err := scan(r)
		if err != nil {
			return false, err
		}
		all = append(all, v)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Each calls row for every row of a query as it arrives and stops at the first
// error, which it returns. The function row must not run statements on q.
func Each(q Querier, row func(Row) error, query string, args ...any) error {
	return q.each(query, args, func(r Row) (bool, error) {
		if err := row(r); err != nil {
			return false, err
		}
		return true, nil
	})
}

// Value is the scan function of a result with one column.
func Value[T any](r Row) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// session is a run of statements on one connection: a transaction or a snapshot.
// It makes both engines behave alike where SQLite would be laxer.
type session struct {
	ctx    context.Context
	conn   connection
	failed error // the first failed statement; nothing runs after it
	open   bool  // rows are being read
	ended  bool  // the function that was given it has returned
}

// connection is one connection to an engine. A failure of the statement comes back
// as err; what visit returned is the visitor's own business.
type connection interface {
	each(ctx context.Context, query string, args []any, visit func(Row) bool) error
	exec(ctx context.Context, query string, args []any) (int64, error)
}

func (s *session) ready() error {
	switch {
	case s.ended:
		return errEnded
	case s.failed != nil:
		return s.failed
	case s.open:
		return errNested
	default:
		return nil
	}
}

func (s *session) each(query string, args []any, visit visitor) error {
	if err := s.ready(); err != nil {
		return err
	}
	s.open = true
	defer func() { s.open = false }()
	var visitErr error
	err := s.conn.each(s.ctx, query, args, func(r Row) (more bool) {
		more, visitErr = visit(r)
		return more && visitErr == nil
	})
	if err != nil {
		s.failed = err
		return err
	}
	return visitErr
}

// Tx is a transaction that InTx has begun. It is valid until the function it was
// given to returns, and is not safe for concurrent use.
type Tx struct {
	session
	stored []func() // to be called once it is
}

// AfterCommit has f called when the transaction has been stored, before InTx
// returns. A process that dies in between never calls it, so f only hurries what
// would be found anyway.
func (tx *Tx) AfterCommit(f func()) { tx.stored = append(tx.stored, f) }

// Exec runs a statement that returns no rows and tells how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (affected int64, err error) {
	if err := tx.ready(); err != nil {
		return 0, err
	}
	affected, err = tx.conn.exec(tx.ctx, query, args)
	if err != nil {
		tx.failed = err
		return 0, err
	}
	return affected, nil
}

// run calls fn and turns a panic into an error. A function that carried on after a
// failed statement has failed, whatever it returns.
func (tx *Tx) run(fn func(tx *Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
		if err == nil {
			err = tx.failed
		}
		tx.ended = true
	}()
	return fn(tx)
}
