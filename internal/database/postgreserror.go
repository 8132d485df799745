package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes that Licet acts on.
const (
	stateUnique        = "23505"
	stateForeignKey    = "23503"
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateReadOnly      = "25006" // a standby after a failover
	stateLockTimeout   = "55P03"
	stateCanceled      = "57014" // by statement_timeout
	stateIdleInTx      = "25P03"
	stateAdminShutdown = "57P01"
)

// sqlState gives the SQLSTATE of an error, or "".
func sqlState(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func isUniquePostgres(err error) bool { return sqlState(err) == stateUnique }

// repeatable reports failures after which the same function may succeed at once.
// A foreign key fails when another transaction has taken away, or given to
// another organization, what this one had read: read again, it is not found, or
// is where it went.
func repeatable(err error) bool {
	switch sqlState(err) {
	case stateSerialization, stateDeadlock, stateForeignKey:
		return true
	default:
		return errors.Is(err, ErrAgain)
	}
}

// postgresFailure codes an error of the driver, once, and says in which statement.
func postgresFailure(err error, query string) error {
	err = fmt.Errorf("postgres: %w in %q", err, head(query))
	if postgresAway(err) {
		return unavailable(err)
	}
	return err
}

// postgresAway reports errors of the server or the way to it rather than of the
// statement.
func postgresAway(err error) bool {
	if state := sqlState(err); state != "" {
		return awayState(state)
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		pgconn.SafeToRetry(err)
}

// isDead reports errors of a connection that is gone, rather than of a caller or
// a statement that took too long.
func isDead(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, driver.ErrBadConn) || sqlState(err) == stateAdminShutdown
}

func awayState(state string) bool {
	switch state {
	case stateReadOnly, stateLockTimeout, stateCanceled, stateIdleInTx:
		return true
	}
	switch state[:2] {
	case "08", // connection
		"28", // the server no longer lets us in
		"3D", // the database is gone
		"53", // out of disk, memory or connections
		"57", // shutting down, starting up
		"58": // input and output
		return true
	default:
		return false
	}
}
