package server

import (
	"context"
	"mime"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

const (
	exchangeRoute = "POST /exchange/v1"
	exchangeType  = "application/jose"

	// exchangesAtOnce bounds what the exchange does at a time, and so its memory:
	// some groups of the database's writer. More callers wait their turn.
	exchangesAtOnce = 512
)

// exchange answers installations. It is the hot path.
type exchange struct {
	licensing *licensing.Service
	failures  *httpserver.FailureLimiter
	turns     chan struct{}
	refusals  *prometheus.CounterVec
}

func newExchange(l *licensing.Service, failures *httpserver.FailureLimiter, metrics *httpserver.Metrics) *exchange {
	e := &exchange{
		licensing: l, failures: failures, turns: make(chan struct{}, exchangesAtOnce),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "licet_exchange_refusals_total", Help: "Requests of installations that were refused, by code.",
		}, []string{"code"}),
	}
	metrics.MustRegister(e.refusals)
	return e
}

// ServeHTTP answers one signed request with a signed answer, or with a problem.
func (e *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	signed, err := e.answer(w, r)
	if err != nil {
		p := problem.From(err)
		e.refusals.WithLabelValues(string(p.Code)).Inc()
		if isFailure(p.Code) {
			err = e.failed(httpserver.Address(r), p)
		}
		httpserver.Problem(w, r, err)
		return
	}
	h := w.Header()
	h["Content-Type"] = []string{exchangeType}
	h["Cache-Control"] = []string{"no-store"}
	h["Content-Length"] = []string{strconv.Itoa(len(signed))}
	w.Write([]byte(signed))
}

func (e *exchange) answer(w http.ResponseWriter, r *http.Request) (string, error) {
	if !isJOSE(r.Header.Get("Content-Type")) {
		return "", problem.Newf(problem.UnsupportedMediaType, "Send the signed request as %s.", exchangeType)
	}
	body, err := httpserver.ReadBody(w, r, licensefile.MaxSize)
	if err != nil {
		return "", err
	}
	if err := e.wait(r.Context()); err != nil {
		return "", err
	}
	defer func() { <-e.turns }()
	signed, err := e.licensing.Exchange(r.Context(), string(body))
	return signed.Compact, err
}

// failed counts a failure of an address and gives what it is told: the failure,
// or, once it has failed too often, only that. A right key is never held up by
// wrong ones from the same address, so a guesser cannot lock out its neighbors.
func (e *exchange) failed(addr netip.Addr, failure error) error {
	limited := e.failures.Allow(addr)
	e.failures.Fail(addr)
	if limited != nil {
		return limited
	}
	return failure
}

// wait takes a turn, or gives up with the caller.
func (e *exchange) wait(ctx context.Context) error {
	select {
	case e.turns <- struct{}{}:
		return nil
	default:
	}
	select {
	case e.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isJOSE takes the exchange's content type, with or without parameters.
func isJOSE(contentType string) bool {
	if contentType == exchangeType {
		return true
	}
	base, _, err := mime.ParseMediaType(contentType)
	return err == nil && base == exchangeType
}

// isFailure tells what counts against an address: guesses and forgeries, never a
// refusal such as a key in use.
func isFailure(code problem.Code) bool {
	switch code {
	case problem.KeyUnknown, problem.KeyMistyped, licensefile.CodeSignatureInvalid:
		return true
	default:
		return false
	}
}
