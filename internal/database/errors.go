package database

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/licethq/licet/internal/problem"
)

var (
	// ErrNoRows is what One returns when there is no row.
	ErrNoRows = sql.ErrNoRows

	// ErrAgain is what a function given to InTx returns when an optimistic guard
	// failed: it is run again, a bounded number of times.
	ErrAgain = errors.New("the row changed meanwhile")

	// ErrUnavailable is wrapped by every error that says the database cannot
	// answer now; such errors are problems with the code database_unavailable.
	ErrUnavailable = errors.New("database unavailable")

	errNested = errors.New("a statement was run while the rows of another were being read; collect them first")
	errEnded  = errors.New("a transaction was used after its function returned")
)

// attempts bounds how often a function is run for one call of InTx.
const attempts = 10

// retryAfter is what callers of an unavailable database are told to wait.
const retryAfter = 2 * time.Second

// unavailable codes a cause as database_unavailable.
func unavailable(cause error) error {
	if errors.Is(cause, ErrUnavailable) {
		return cause
	}
	p := problem.New(problem.DatabaseUnavailable)
	p.RetryAfter = retryAfter
	return p.Because(fmt.Errorf("%w: %w", ErrUnavailable, cause))
}

// exhausted is the answer after too many attempts: nothing was changed, and the
// same call may succeed shortly.
func exhausted(cause error) error {
	return unavailable(fmt.Errorf("gave up after %d attempts: %w", attempts, cause))
}

func shuttingDown() error {
	p := problem.New(problem.ShuttingDown)
	p.RetryAfter = retryAfter
	return p
}

// IsUnique reports whether err says that a row with the same unique value exists.
func IsUnique(err error) bool {
	return isUniqueSQLite(err) || isUniquePostgres(err)
}

// panicError is a panic in a caller's function, as that caller's error.
type panicError struct {
	value any
	stack []byte
}

func newPanicError(value any) *panicError {
	return &panicError{value: value, stack: debug.Stack()}
}

// Error tells what the panic said.
func (e *panicError) Error() string {
	return fmt.Sprintf("panic in a transaction: %v", e.value)
}

// logPanic logs where a caller's function panicked, which its error does not say.
func logPanic(logger *slog.Logger, err error) {
	var p *panicError
	if errors.As(err, &p) {
		logger.Error("panic in a transaction", "error", p.Error(), "stack", string(p.stack))
	}
}

// head shortens a statement for an error message.
func head(query string) string {
	const most = 80
	b := make([]byte, 0, most)
	space := true
	for i := 0; i < len(query) && len(b) < most; i++ {
		c := query[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			if !space {
				b = append(b, ' ')
			}
			space = true
			continue
		}
		space = false
		b = append(b, c)
	}
	return string(b)
}
