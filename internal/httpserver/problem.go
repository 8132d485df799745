package httpserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/licethq/licet/internal/problem"
)

// ProblemBody is a problem as it travels (RFC 9457).
type ProblemBody struct {
	Type      string          `json:"type" doc:"urn:licet:problem: and the code."`
	Title     string          `json:"title" doc:"The usual text of the HTTP status."`
	Status    int             `json:"status" doc:"The HTTP status."`
	Detail    string          `json:"detail" doc:"What happened and what to do next, for people."`
	Code      string          `json:"code" doc:"What happened, for programs. Codes never change their meaning."`
	RequestID string          `json:"request_id,omitempty" doc:"Names this request in the server's log."`
	Errors    []problem.Field `json:"errors,omitempty" doc:"Which members are at fault, without their values."`

	HighestSequence int64 `json:"highest_sequence,omitempty" doc:"With request_superseded, to the bound installation: the highest sequence taken."`
}

const problemType = "application/problem+json"

// Problem answers a request with an error. The cause goes to the log; the client
// gets the code, the sentence and the request id.
func Problem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemFrom(err)
	body := newProblemBody(p, RequestID(r.Context()))
	if c := callOf(r.Context()); c != nil {
		c.problem = p
	}
	data, err := json.Marshal(body)
	if err != nil { // a struct of texts and numbers always marshals
		data = []byte(`{"code":"internal_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	setProblemHeaders(h, p)
	w.WriteHeader(p.Code.Status())
	w.Write(data)
}

// problemFrom also knows the errors of net/http.
func problemFrom(err error) *problem.Problem {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return problem.New(problem.RequestTooLarge).Because(err)
	}
	return problem.From(err)
}

func newProblemBody(p *problem.Problem, requestID string) *ProblemBody {
	status := p.Code.Status()
	return &ProblemBody{
		Type:            "urn:licet:problem:" + string(p.Code),
		Title:           http.StatusText(status),
		Status:          status,
		Detail:          p.Message,
		Code:            string(p.Code),
		RequestID:       requestID,
		Errors:          p.Fields,
		HighestSequence: p.HighestSequence,
	}
}

func setProblemHeaders(h http.Header, p *problem.Problem) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	wait := p.RetryAfter
	if wait <= 0 && p.Code.Status() == http.StatusServiceUnavailable {
		wait = time.Second
	}
	if wait > 0 {
		seconds := int64((wait + time.Second - 1) / time.Second)
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	if p.Code == problem.Unauthenticated {
		h.Set("WWW-Authenticate", "Bearer")
	}
}
