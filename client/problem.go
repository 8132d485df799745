package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Problem is the publisher's refusal of a request. It is not signed, so it never
// changes what the installation holds.
type Problem struct {
	Code       string        // stable; such as key_unknown
	Message    string        // a sentence for people
	Status     int           // HTTP status
	RequestID  string        // names the request in the publisher's log
	RetryAfter time.Duration // how long to wait before trying again; 0 if not said

	// HighestSequence is the highest sequence that the publisher has taken from
	// this slot; only with request_superseded.
	HighestSequence int64
}

// Error gives code and message.
func (p *Problem) Error() string {
	s := p.Code + ": " + p.Message
	if p.RequestID != "" {
		s += " (request " + p.RequestID + ")"
	}
	return s
}

// final reports whether the publisher has decided: the same request would be
// refused again, so it need not be kept.
func (p *Problem) final() bool {
	switch p.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return p.Status >= 400 && p.Status < 500
}

// Unreachable means that no answer of the publisher came: the network failed,
// or something else answered in its place. Whether the publisher took the
// request is unknown; the same call sends the same bytes again.
type Unreachable struct {
	Status int // HTTP status of what answered instead; 0 if nothing did
	Err    error
}

// Error gives the cause.
func (u *Unreachable) Error() string {
	if u.Status != 0 {
		return fmt.Sprintf("client: what answered (status %d) is not the publisher: %v", u.Status, u.Err)
	}
	return fmt.Sprintf("client: the publisher was not reached: %v", u.Err)
}

// Unwrap gives the cause.
func (u *Unreachable) Unwrap() error { return u.Err }

// maxMessage bounds the text of a problem, which is shown to people unsigned.
const maxMessage = 1000

// decodeProblem reads a problem, if the body is one.
func decodeProblem(status int, header http.Header, body []byte, now time.Time) (p *Problem, ok bool) {
	var wire struct {
		Code            string `json:"code"`
		Title           string `json:"title"`
		Detail          string `json:"detail"`
		RequestID       string `json:"request_id"`
		HighestSequence int64  `json:"highest_sequence"`
	}
	codeForm := regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	readable := json.Unmarshal(body, &wire) == nil
	if !readable || !codeForm.MatchString(wire.Code) {
		return nil, false
	}
	if wire.Detail == "" {
		wire.Detail = wire.Title
	}
	return &Problem{
		Code: wire.Code, Message: plain(wire.Detail), Status: status, RequestID: plain(wire.RequestID),
		RetryAfter: retryAfter(header.Get("Retry-After"), now), HighestSequence: wire.HighestSequence,
	}, true
}

// plain drops control characters and bounds the length.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxMessage {
		s = string(runes[:maxMessage])
	}
	return s
}

// retryAfter reads a Retry-After header: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
