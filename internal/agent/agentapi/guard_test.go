package agentapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/licethq/licet/internal/problem"
)

// open are the routes that need no token; every other one does.
func open(path string) bool {
	return path == "/healthz" || strings.HasPrefix(path, "/webhook/")
}

func TestEveryRouteButHealthAndWebhookNeedsTheToken(t *testing.T) {
	f := newFixture(t)
	routes := map[string]string{
		"/healthz": http.MethodGet, "/readyz": http.MethodGet, "/metrics": http.MethodGet,
		"/v1/openapi.json": http.MethodGet, "/nowhere": http.MethodGet,
	}
	for path, item := range f.document.Paths {
		for method := range operations(item) {
			routes[path] = method
			for name, header := range map[string]http.Header{
				"none":    {},
				"another": {"Authorization": {"Bearer lat_wrong"}},
				"empty":   {"Authorization": {"Bearer "}},
				"basic":   {"Authorization": {"Basic " + token}},
			} {
				status, code, _ := f.send(t, method, path, header, http.NoBody)
				if status != http.StatusUnauthorized || code != problem.Unauthenticated {
					t.Errorf("%s %s with %s token: %d %s", method, path, name, status, code)
				}
			}
		}
	}
	for path, method := range routes {
		status, _, _ := f.send(t, method, path, http.Header{}, http.NoBody)
		if got := status != http.StatusUnauthorized; got != open(path) {
			t.Errorf("%s %s without a token: %d", method, path, status)
		}
	}
}

func TestForeignHostsAreNotServed(t *testing.T) {
	f := newFixture(t)
	cases := []struct {
		host string
		want bool
	}{
		{"127.0.0.1:8443", true},
		{"localhost:8443", true},
		{"LOCALHOST", true},
		{"localhost.", true},
		{"[::1]:8443", true},
		{"agent.example.com", true},
		{"evil.example.com", false},
		{"evil.example.com:8443", false},
		{"127.0.0.1.evil.example.com", false},
		{"127.0.0.2", false},
	}
	for _, c := range cases {
		t.Run(c.host, func(t *testing.T) {
			for _, path := range []string{"/healthz", "/v1/rows", "/nowhere"} {
				header := authorized()
				header.Set("Host", c.host)
				_, code, _ := f.send(t, http.MethodGet, path, header, http.NoBody)
				if served := code != problem.HostNotAllowed; served != c.want {
					t.Errorf("%s: code %q, want served %v", path, code, c.want)
				}
			}
			header := http.Header{"Host": {c.host}}
			_, code, _ := f.send(t, http.MethodPost, "/webhook/nanomdm/mdm", header, strings.NewReader("{}"))
			if served := code == problem.WebhookNotSigned; served != c.want {
				t.Errorf("webhook: code %q, want served %v", code, c.want)
			}
		})
	}
}
