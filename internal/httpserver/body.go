package httpserver

import (
	"bytes"
	"io"
	"net/http"

	"github.com/licethq/licet/internal/problem"
)

// Limit refuses bodies of more than n bytes with request_too_large: at once
// when the length is declared, else when the handler reads too far.
func Limit(n int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > n {
			Problem(w, r, problem.New(problem.RequestTooLarge))
			return
		}
		r.Body = http.MaxBytesReader(inner(w), r.Body, n)
		next.ServeHTTP(w, r)
	})
}

// ReadBody reads a body of at most n bytes, declared or chunked. A larger one
// is request_too_large, one that breaks off invalid_request.
func ReadBody(w http.ResponseWriter, r *http.Request, n int64) ([]byte, error) {
	if r.ContentLength > n {
		return nil, problem.New(problem.RequestTooLarge)
	}
	body := http.MaxBytesReader(inner(w), r.Body, n)
	if r.ContentLength >= 0 {
		data := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(body, data); err != nil {
			return nil, bodyError(err)
		}
		return data, nil
	}
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(body); err != nil {
		return nil, bodyError(err)
	}
	return buf.Bytes(), nil
}

func bodyError(err error) error {
	p := problemFrom(err)
	if p.Code == problem.RequestTooLarge {
		return p
	}
	return problem.Newf(problem.InvalidRequest, "The request's body broke off.").Because(err)
}

// inner gives the connection's own writer, through which MaxBytesReader tells
// the server to close a connection with an unread rest.
func inner(w http.ResponseWriter) http.ResponseWriter {
	if c, ok := w.(*call); ok {
		return c.ResponseWriter
	}
	return w
}
