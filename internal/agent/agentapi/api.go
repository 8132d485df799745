package agentapi

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/problem"
)

// Version is the version of the API; it is not that of the program.
const Version = "1.0.0"

const (
	basePath    = "/v1"
	openAPIPath = basePath + "/openapi.json"
	webhookPath = "/webhook/nanomdm/"
	bearer      = "token"

	// defaultSite stands for the default site in paths, which cannot be empty.
	defaultSite = "~"
)

// handlers holds the operations.
type handlers struct {
	agent *agent.Agent
	api   huma.API
	now   func() time.Time
}

// Register adds the agent's API and webhook to a server, and gives its
// description. A nil now is the clock.
func Register(s *httpserver.Server, a *agent.Agent, now func() time.Time) (*huma.OpenAPI, error) {
	if now == nil {
		now = time.Now
	}
	h := &handlers{agent: a, now: now}
	h.api = s.API("Licet agent API", Version,
		"What administrators and device-management programs do with an on-premises agent. Errors are problems (RFC 9457) "+
			"with a stable code. The token stands in api.json in the agent's state folder.")
	h.api.OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearer: {Type: "http", Scheme: "bearer", Description: "The token in api.json."},
	}
	h.registerRows()
	h.registerSignIns()
	h.registerFiles()
	h.registerDevices()
	h.registerSources()
	h.registerMonitor()
	s.HandleFunc("POST "+webhookPath+"{source}", h.webhook)
	return h.api.OpenAPI(), s.Finish(h.api, openAPIPath)
}

// Guard refuses requests to foreign hosts, and those without the token, before
// they reach anything. Names are further hosts to be called by.
func Guard(token, listen string, names ...string) func(*http.Request) error {
	hosts := append([]string{"localhost", "127.0.0.1", "::1"}, names...)
	// An agent that listens everywhere is called by names that it cannot know.
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		hosts = append(hosts, host)
	}
	return func(r *http.Request) error {
		if !slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, hostOf(r)) }) {
			return problem.Newf(problem.HostNotAllowed, "The agent is not served under this host name. Allow it with --host if it should be.")
		}
		if r.URL.Path == "/healthz" || strings.HasPrefix(r.URL.Path, webhookPath) {
			return nil
		}
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || token == "" || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			return problem.Newf(problem.Unauthenticated, "Send the token that stands in api.json in the agent's state folder.")
		}
		return nil
	}
}

// hostOf gives the host that a request is meant for, without its port.
func hostOf(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.Trim(host, "[]"), ".")
}

// webhook takes a call of a NanoMDM server.
func (h *handlers) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := httpserver.ReadBody(w, r, httpserver.MaxAPIBody)
	if err == nil {
		err = h.agent.TakeWebhook(r.Context(), r.PathValue("source"), body, r.Header.Get("X-Hmac-Signature"))
	}
	if err != nil {
		httpserver.Problem(w, r, err)
		return
	}
	// NanoMDM takes nothing but 200 for a success.
	w.WriteHeader(http.StatusOK)
}

// operation describes an operation; id is verb-noun.
func operation(id, method, path, tag, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: basePath + path, Tags: []string{tag}, Summary: summary,
		Security:     []map[string][]string{{bearer: {}}},
		MaxBodyBytes: httpserver.MaxAPIBody + 1, // huma refuses at the limit, not above it
	}
}

// created marks an operation that answers 201.
func created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

// body is an answer.
type body[T any] struct {
	Body T
}

// answer gives a value or the problem that an error is.
func answer[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, problem.From(err)
	}
	return &body[T]{Body: v}, nil
}

// register adds an operation.
func register[I, O any](h *handlers, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	huma.Register(h.api, op, handle)
}
