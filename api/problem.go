package api

import (
	"strings"
	"time"
)

// Problem is an error of the server (RFC 9457).
type Problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail"` // for people
	Code      string  `json:"code"`   // for programs
	RequestID string  `json:"request_id"`
	Errors    []Fault `json:"errors"` // which members are at fault

	// RetryAfter is how long to wait before the same request may succeed.
	RetryAfter time.Duration `json:"-"`
}

// Fault says what is wrong with a member of a request.
type Fault struct {
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

// Error gives the sentence, the members at fault and the code.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	for _, f := range p.Errors {
		b.WriteString(" " + f.Pointer + " " + f.Message + ".")
	}
	b.WriteString(" (" + p.Code + ")")
	return b.String()
}
