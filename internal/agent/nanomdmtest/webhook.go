package nanomdmtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Call is one webhook call, as NanoMDM made it, and how it was answered.
type Call struct {
	Topic  string
	Header http.Header
	Body   []byte
	Status int
}

// Webhook stands between NanoMDM and what takes its webhook, to tell a test
// that a call was answered, and to keep calls for a replay.
type Webhook struct {
	URL   string
	calls chan Call
}

// NewWebhook serves a webhook on loopback that hands each call to next.
func NewWebhook(t testing.TB, next http.Handler) *Webhook {
	t.Helper()
	w := &Webhook{calls: make(chan Call, 1000)}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(rw, "unreadable", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		rw.WriteHeader(answer.Code)
		rw.Write(answer.Body.Bytes())
		var event struct {
			Topic string `json:"topic"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			event.Topic = "unreadable"
		}
		w.calls <- Call{Topic: event.Topic, Header: r.Header.Clone(), Body: body, Status: answer.Code}
	}))
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// Wait waits for the next n calls, in whatever order they came.
func (w *Webhook) Wait(t testing.TB, n int) []Call {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	calls := make([]Call, 0, n)
	for len(calls) < n {
		select {
		case c := <-w.calls:
			calls = append(calls, c)
		case <-limit.C:
			t.Fatalf("got %d webhook calls, want %d", len(calls), n)
		}
	}
	return calls
}
