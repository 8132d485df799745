package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server/servertest"
)

func TestWrongTokensAreLimitedAndRightOnesAreNot(t *testing.T) {
	p := open(t, servertest.Start(t))
	right := p.Token(t, identity.Auditor)
	wrong := right[:len(right)-1] + "x"
	var answers []string
	for range 10 {
		status, answer := send(t, "GET", p.URL+"/api/v1/products", wrong, "", http.NoBody)
		if status != 401 {
			t.Fatalf("a wrong token: %d %s", status, answer)
		}
		answers = append(answers, answer)
	}
	_, err := api.New(p.URL, wrong).Publisher(t.Context())
	if code(err) != "too_many_failures" || err.(*api.Problem).RetryAfter <= 0 { //nolint:errorlint // code has looked
		t.Errorf("the eleventh: %v, want too_many_failures with a time to wait", err)
	}
	if _, err := api.New(p.URL, right).Publisher(t.Context()); err != nil {
		t.Errorf("a right token from the same address: %v", err)
	}
	first := withoutRequestID(t, answers[0])
	for _, other := range answers[1:] {
		if withoutRequestID(t, other) != first {
			t.Errorf("two wrong tokens are answered unlike:\n%s\n%s", first, other)
		}
	}
}

func withoutRequestID(t *testing.T, answer string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(answer), &members); err != nil {
		t.Fatal(err)
	}
	delete(members, "request_id")
	return string(must[[]byte](t)(json.Marshal(members)))
}

func TestARevokedTokenIsRefusedAtOnce(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		token := s.Token(t, identity.Owner)
		c := api.New(s.URL, token)
		must[api.Publisher](t)(c.Publisher(t.Context()))
		actor := must[identity.Actor](t)(s.Data.Identity.Authenticate(t.Context(), token))
		if err := s.Data.Identity.RevokeToken(t.Context(), identity.System("test"), actor.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Publisher(t.Context()); code(err) != "unauthenticated" {
			t.Errorf("after the revocation: %v, want unauthenticated", err)
		}
	})
}

func TestOnlyBearerTokensAreTaken(t *testing.T) {
	p := open(t, servertest.Start(t))
	token := p.Token(t, identity.Owner)
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic " + token, token, "Bearer  " + token, "Bearer " + token + " x"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/api/v1/publisher", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", header)
		res, err := http.DefaultClient.Do(req) //nolint:forbidigo // a test's own server
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%q: %d, want 401", strings.ReplaceAll(header, token, "TOKEN"), res.StatusCode)
		}
	}
}
