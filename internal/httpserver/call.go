package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/licethq/licet/internal/problem"
)

// call is what the server knows of one request. It is also the ResponseWriter
// that handlers get, so that a request costs one allocation of ours.
type call struct {
	http.ResponseWriter
	server  *Server
	id      string
	status  int
	bytes   int64
	problem *problem.Problem
}

type callKey struct{}

// ServeHTTP gives every request its id, serves it and accounts for it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := s.cfg.Now()
	c := &call{ResponseWriter: w, server: s}
	c.id = s.requestID(r)
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	w.Header()["X-Request-Id"] = []string{c.id}
	defer s.account(c, r, start)
	defer c.recover(r)
	// The mux would answer an unclean path with a redirect in HTML.
	if !cleanPath(r.URL.Path) {
		s.unmatched(c, r)
		return
	}
	if s.cfg.Guard != nil {
		if err := s.cfg.Guard(r); err != nil {
			Problem(c, r, err)
			return
		}
	}
	s.mux.ServeHTTP(c, r)
}

// cleanPath reports whether a path is one that a route may have, and text that
// every database can hold.
func cleanPath(p string) bool {
	if p == "" || p[0] != '/' || !utf8.ValidString(p) || strings.ContainsRune(p, 0) {
		return false
	}
	return path.Clean(p) == p || path.Clean(p)+"/" == p
}

// RequestID gives the id of the request that a context belongs to, or "".
func RequestID(ctx context.Context) string {
	if c := callOf(ctx); c != nil {
		return c.id
	}
	return ""
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// WriteHeader notes the status.
func (c *call) WriteHeader(status int) {
	if c.status == 0 || c.status < http.StatusOK {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (c *call) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// recover turns a panic into a problem, or ends the connection when an answer
// has begun.
func (c *call) recover(r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	cause := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
	if c.status != 0 {
		c.problem = problem.New(problem.InternalError).Because(cause)
		c.server.log.ErrorContext(r.Context(), "panic after the answer began", "request_id", c.id, "error", cause.Error())
		panic(http.ErrAbortHandler)
	}
	Problem(c, r, cause)
}

// account writes the access log and the metrics of a finished request.
func (s *Server) account(c *call, r *http.Request, start time.Time) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	took := s.cfg.Now().Sub(start)
	route := s.metrics.route(r.Pattern)
	route.observe(r.Method, c.status, took)
	level := route.level(c.status)
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(attrs,
		slog.String("request_id", c.id),
		slog.String("method", methodLabel(r.Method)),
		slog.String("route", route.name),
		slog.Int("status", c.status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", c.bytes),
		slog.String("client", s.address(r).String()))
	if c.problem != nil {
		attrs = append(attrs, slog.String("code", string(c.problem.Code)))
		if cause := c.problem.Unwrap(); cause != nil && c.status >= http.StatusInternalServerError {
			attrs = append(attrs, slog.String("error", cause.Error()))
		}
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// Address gives the client's address: the peer's, or behind a declared proxy the one
// that the proxy saw. An IPv6 address is cut to its /64, which is what one
// customer holds. It is invalid for a request that no Server serves.
func Address(r *http.Request) netip.Addr {
	if c := callOf(r.Context()); c != nil {
		return c.server.address(r)
	}
	return netip.Addr{}
}
