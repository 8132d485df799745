package server_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
	"github.com/licethq/licet/licensefile"
)

// shop is a server whose publisher sold a key to an organization.
type shop struct {
	*servertest.Server
	owner     *api.Client
	publisher api.Publisher
	trust     *licensefile.Trust
	key       string
	now       licensefile.NumericDate
}

func open(t testing.TB, s *servertest.Server) *shop {
	t.Helper()
	ctx := t.Context()
	p := &shop{Server: s, owner: s.Client(t, identity.Owner), now: licensefile.At(time.Now())}
	var err error
	fatal := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p.publisher, err = p.owner.Publisher(ctx)
	fatal()
	p.trust, err = licensefile.ParseTrust([]byte(p.publisher.Root))
	fatal()
	product, err := p.owner.CreateProduct(ctx, api.NewProduct{Code: "mac-management", Name: "Mac Management"})
	fatal()
	plan, err := p.owner.CreatePlan(ctx, api.NewPlan{ProductID: product.ID, Code: "desktop", Name: "Desktop", Policy: api.NewPolicy{
		Model: "subscription", LicenseType: api.LicenseType{Code: "desktop", Name: "Desktop", Metric: "devices"},
	}})
	fatal()
	organization, err := p.owner.CreateOrganization(ctx, api.NewOrganization{Kind: "customer", Name: "Blue Harbor"})
	fatal()
	issued, err := p.owner.CreateSubscription(ctx, api.NewSubscription{PlanID: plan.ID, OrganizationID: organization.ID, EndsOn: "2099-12-31"})
	fatal()
	p.key = issued.Key.Key
	return p
}

func (p *shop) install(t testing.TB) *servertest.Installation {
	t.Helper()
	return servertest.NewInstallation(t, p.publisher.ID, "mac-management", "desktop")
}

// post sends a body to the exchange and gives the answer.
func (p *shop) post(t *testing.T, contentType string, body io.Reader, headers ...string) (status int, header http.Header, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/exchange/v1", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req) //nolint:forbidigo // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(data)
}

const jose = "application/jose"

func codeOf(t *testing.T, answer string) string {
	t.Helper()
	var p struct{ Code string }
	if err := json.Unmarshal([]byte(answer), &p); err != nil {
		t.Fatalf("no problem: %s", answer)
	}
	return p.Code
}

func TestTheExchangeAnswersASignedRequestWithASignedLicense(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		i := p.install(t)
		for n, kind := range []licensefile.Kind{licensefile.KindActivate, licensefile.KindCheckIn, licensefile.KindRefresh} {
			key := ""
			if kind == licensefile.KindActivate {
				key = p.key
			}
			status, header, answer := p.post(t, jose, strings.NewReader(i.Seal(t, i.Request(kind, licensefile.Online, key, p.now))))
			if status != 200 || header.Get("Content-Type") != jose || header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%s: %d %v %s", kind, status, header, answer)
			}
			license, err := p.trust.OpenLicense(answer, licensefile.Expectation{
				Publisher: p.publisher.ID, Product: "mac-management",
				Thumbprint: licensefile.Thumbprint(i.Key.Public().(ed25519.PublicKey)), Serial: int64(n),
			})
			if err != nil || license.Serial != int64(n+1) {
				t.Fatalf("%s: %v, serial %+v", kind, err, license)
			}
			i.Holds(license.Serial)
		}
	})
}

func TestTheExchangeRefusesWhatIsNoSignedRequest(t *testing.T) {
	p := open(t, servertest.Start(t, func(c *server.Config) { c.FailuresPerMinute = 1000 }))
	i := p.install(t)
	sealed := i.Seal(t, i.Request(licensefile.KindPreview, licensefile.Online, p.key, p.now))
	big := strings.Repeat("x", licensefile.MaxSize+1)
	tests := []struct {
		name, contentType string
		body              io.Reader
		status            int
		code              string
	}{
		{"another content type", "application/json", strings.NewReader(sealed), 415, "unsupported_media_type"},
		{"no content type", "", strings.NewReader(sealed), 415, "unsupported_media_type"},
		{"nothing", jose, http.NoBody, 400, "file_malformed"},
		{"no JWS", jose, strings.NewReader("hello"), 400, "file_malformed"},
		{"declared too large", jose, strings.NewReader(big), 413, "request_too_large"},
		{"chunked too large", jose, io.MultiReader(strings.NewReader(big)), 413, "request_too_large"},
		{"large but no JWS", jose, strings.NewReader(big[1:]), 400, "file_malformed"},
		{"invalid UTF-8", jose, strings.NewReader("\xff\xfe.\xff.\xff"), 400, "file_malformed"},
		{"a changed signature", jose, strings.NewReader(sealed[:len(sealed)-10] + "AAAAAAAAAA"), 400, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, header, answer := p.post(t, tt.contentType, tt.body)
			if header.Get("Content-Type") != "application/problem+json" || status >= 500 || status < 400 {
				t.Fatalf("%d %v %s", status, header, answer)
			}
			if got := codeOf(t, answer); tt.code != "" && (status != tt.status || got != tt.code) {
				t.Errorf("got %d %s, want %d %s", status, got, tt.status, tt.code)
			}
		})
	}
	if status, _, answer := p.post(t, jose+"; charset=utf-8", strings.NewReader(sealed)); status != 200 {
		t.Errorf("a content type with a parameter: %d %s", status, answer)
	}
}

func TestGuessesAreLimitedAndLockOutNobodyBesideTheGuesser(t *testing.T) {
	now := time.Now()
	p := open(t, servertest.Start(t, func(c *server.Config) { c.Now = func() time.Time { return now } }))
	i, guesser := p.install(t), p.install(t)
	status, _, answer := p.post(t, jose, strings.NewReader(i.Seal(t, i.Request(licensefile.KindActivate, licensefile.Online, p.key, p.now))))
	if status != 200 {
		t.Fatalf("activate: %d %s", status, answer)
	}
	i.Holds(1)
	// What is refused for other reasons never counts: the key is in use.
	for range 20 {
		_, _, answer = p.post(t, jose, strings.NewReader(guesser.Seal(t, guesser.Request(licensefile.KindActivate, licensefile.Online, p.key, p.now))))
		if got := codeOf(t, answer); got != "key_in_use" {
			t.Fatalf("a key in use: %s, want key_in_use", got)
		}
	}
	guess := func() (http.Header, string) {
		r := guesser.Request(licensefile.KindPreview, licensefile.Online, "ABCDEFGHJKLMNPQRSTUVWXYZ2", p.now)
		_, header, answer := p.post(t, jose, strings.NewReader(guesser.Seal(t, r)))
		return header, codeOf(t, answer)
	}
	for n := range 10 {
		if _, code := guess(); code != "key_unknown" && code != "key_mistyped" {
			t.Fatalf("guess %d: %s", n+1, code)
		}
	}
	header, code := guess()
	if code != "too_many_failures" || header.Get("Retry-After") == "" {
		t.Errorf("the eleventh guess: %s %v, want too_many_failures with a time to wait", code, header)
	}
	status, _, answer = p.post(t, jose, strings.NewReader(i.Seal(t, i.Request(licensefile.KindCheckIn, licensefile.Online, "", p.now))))
	if status != 200 {
		t.Errorf("an installation at the same address checks in: %d %s", status, answer)
	}
	right := p.install(t)
	status, _, answer = p.post(t, jose, strings.NewReader(right.Seal(t, right.Request(licensefile.KindPreview, licensefile.Online, p.key, p.now))))
	if status != 200 {
		t.Errorf("a right key in the middle of guessing: %d %s; a wrong key must never lock out a right one", status, answer)
	}
}

func TestForgedSignaturesCountAsFailures(t *testing.T) {
	now := time.Now()
	p := open(t, servertest.Start(t, func(c *server.Config) { c.Now = func() time.Time { return now } }))
	i := p.install(t)
	sealed := i.Seal(t, i.Request(licensefile.KindPreview, licensefile.Online, p.key, p.now))
	at := strings.LastIndex(sealed, ".") + 1
	forged := sealed[:at] + flip(sealed[at]) + sealed[at+1:]
	for range 10 {
		if _, _, answer := p.post(t, jose, strings.NewReader(forged)); codeOf(t, answer) != "signature_invalid" {
			t.Fatalf("a forged signature: %s", answer)
		}
	}
	if _, _, answer := p.post(t, jose, strings.NewReader(forged)); codeOf(t, answer) != "too_many_failures" {
		t.Errorf("the eleventh: %s, want too_many_failures", answer)
	}
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func TestLogsOfAServerHoldNoKeysAndNoTokens(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.FailuresPerMinute = 1000 })
	p := open(t, s)
	token := s.Token(t, identity.Owner)
	i := p.install(t)
	activate := i.Seal(t, i.Request(licensefile.KindActivate, licensefile.Online, p.key, p.now))
	secrets := map[string]string{
		"key": p.key, "bare key": licensefile.NormalizeKey(p.key), "token": token, "request": activate,
	}
	_, _, license := p.post(t, jose, strings.NewReader(activate), "Authorization", "Bearer "+token)
	secrets["license"] = license
	for _, secret := range secrets {
		p.post(t, jose, strings.NewReader(secret), "X-Request-Id", secret, "User-Agent", secret, "Cookie", secret)
		p.post(t, secret, bytes.NewReader(nil))
		client := api.New(s.URL, token)
		_, _ = client.Plan(t.Context(), secret)
		_, _ = client.Plans(t.Context(), secret, api.Listing{Cursor: secret})
		_, _ = client.CreateProduct(t.Context(), api.NewProduct{Code: secret, Name: secret})
		_, _ = client.RegisterKey(t.Context(), api.Registration{Key: secret, OrganizationID: secret})
		_, _ = client.ExchangeFile(t.Context(), []byte(secret))
		_, _ = api.New(s.URL+"/"+secret, token).Publisher(t.Context())
		_, _ = api.New(s.URL, secret).Publisher(t.Context())
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	log := s.Log.String()
	if strings.Count(log, `"msg":"request"`) < 40 {
		t.Fatalf("the log lacks the requests: %s", log)
	}
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}
