package problem

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/licethq/licet/licensefile"
)

// Code names a kind of problem. Codes are part of the API: they never change
// their meaning and are never reused.
type Code string

// Problem is an error that a person can act on.
type Problem struct {
	Code    Code
	Message string  // safe to show; no secret, no value that was sent
	Fields  []Field // what is wrong with which member, if members are at fault

	// RetryAfter is how long to wait before the same request may succeed.
	RetryAfter time.Duration

	// HighestSequence accompanies request_superseded, to the bound installation only.
	HighestSequence int64

	cause error
}

// Field says what is wrong with one member of a request, without its value.
type Field struct {
	Pointer string `json:"pointer"` // JSON pointer, or query.NAME, or path.NAME
	Message string `json:"message"`
}

// New gives a problem with the usual sentence of its code.
func New(code Code) *Problem {
	return &Problem{Code: code, Message: code.Sentence()}
}

// Newf gives a problem with a sentence of its own.
func Newf(code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid gives a validation_failed problem that lists every fault found, or nil
// when there is none.
func Invalid(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	p := New(ValidationFailed)
	p.Fields = fields
	return p
}

// Because returns a copy of p with a cause for the log.
func (p *Problem) Because(cause error) *Problem {
	q := *p
	q.cause = cause
	return &q
}

// Error gives the code, the message and the cause: for logs, not for answers.
func (p *Problem) Error() string {
	s := string(p.Code) + ": " + p.Message
	if p.cause != nil {
		s += ": " + p.cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.cause }

// From turns any error into a Problem; nil stays nil. A canceled context is
// request_canceled, a refusal of licensefile keeps its code, and whatever nobody
// coded is internal_error.
func From(err error) *Problem {
	if err == nil {
		return nil
	}
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var r *licensefile.Refusal
	if errors.As(err, &r) {
		return Newf(Code(r.Code), "%s", r.Message).Because(err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return New(RequestCanceled).Because(err)
	}
	return New(InternalError).Because(err)
}

// Is reports whether err is, or wraps, a problem or refusal of the given code.
func Is(err error, code Code) bool {
	return err != nil && From(err).Code == code
}
