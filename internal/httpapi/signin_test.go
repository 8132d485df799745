package httpapi_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity/passkeytest"
	"github.com/licethq/licet/internal/server/servertest"
	"github.com/licethq/licet/licensefile"
)

// answerTo makes a call as a browser without a token does and gives the answer.
func answerTo(t testing.TB, client *api.Client, method, url, contentType string, body any) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(must[[]byte](t)(json.Marshal(body))))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	res, err := client.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res
}

func TestCookiesStayWithTheServerThatGaveThem(t *testing.T) {
	s := servertest.Start(t, servertest.TLS(t))
	p := s.Person(t, "Sam", "Stone")
	res := answerTo(t, s.Browser(t), http.MethodPost, s.URL+"/api/v1/sign-ins", "application/json", api.SignIn{Email: p.Email, Password: p.Password})
	got := map[string]http.Cookie{}
	for _, c := range res.Cookies() {
		got[c.Name] = http.Cookie{
			Path: c.Path, Domain: c.Domain, Secure: c.Secure, HttpOnly: c.HttpOnly, SameSite: c.SameSite, MaxAge: c.MaxAge,
		}
	}
	want := map[string]http.Cookie{
		"__Host-licet":        {Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 30 * 24 * 60 * 60},
		"__Host-licet-device": {Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 400 * 24 * 60 * 60},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
}

func TestAFormOfAnotherSiteSignsNobodyIn(t *testing.T) {
	s := servertest.Start(t, servertest.TLS(t))
	p := s.Person(t, "Sam", "Stone")
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"} {
		res := answerTo(t, s.Browser(t), http.MethodPost, s.URL+"/api/v1/sign-ins", contentType, api.SignIn{Email: p.Email, Password: p.Password})
		if res.StatusCode != http.StatusUnsupportedMediaType || len(res.Cookies()) != 0 {
			t.Errorf("%s: %d with %d cookies, want 415 and none", contentType, res.StatusCode, len(res.Cookies()))
		}
	}
}

func TestTheExchangeAnswersWhilePasswordsAreGuessed(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		key := p.sell(t, p.organization.ID).Key.Key
		owner := s.Person(t, "Sam", "Stone")
		known := s.SignIn(t, owner)
		var guesses atomic.Int64
		ctx, stop := context.WithCancel(t.Context())
		var flood sync.WaitGroup
		begun := make(chan struct{}, 1)
		for range 32 {
			guesser := s.Browser(t)
			flood.Go(func() {
				for ctx.Err() == nil {
					_, _ = guesser.SignIn(ctx, api.SignIn{Email: owner.Email, Password: "a wrong password"})
					guesses.Add(1)
					select {
					case begun <- struct{}{}:
					default:
					}
				}
			})
		}
		<-begun
		for i := range 20 {
			machine := servertest.NewInstallation(t, p.publisher.ID, p.product.Code, "desktop")
			request := machine.Seal(t, machine.Request(licensefile.KindPreview, licensefile.Online, key, licensefile.At(time.Now())))
			if status := exchange(t, s, request); status != http.StatusOK {
				t.Errorf("preview %d during the flood: %d", i, status)
			}
		}
		must[api.SignInStep](t)(known.SignIn(t.Context(), api.SignIn{Email: owner.Email, Password: owner.Password}))
		stop()
		flood.Wait()
		if guesses.Load() < 32 {
			t.Errorf("only %d guesses were made", guesses.Load())
		}
	})
}

// exchange sends a request to the exchange and gives the status.
func exchange(t testing.TB, s *servertest.Server, compact string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/exchange/v1", bytes.NewReader([]byte(compact)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/jose")
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // a test's own server
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport, Timeout: time.Minute}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestAnAnswerOfAPasskeySignsInOnceHoweverManyTry(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		client := s.Session(t, s.Person(t, "Sam", "Stone").ID)
		device := &passkeytest.Authenticator{Origin: "https://localhost"}
		start := must[api.PasskeyStart](t)(client.BeginPasskey(t.Context()))
		must[api.Passkey](t)(client.RegisterPasskey(t.Context(),
			api.NewPasskey{CeremonyID: start.CeremonyID, Name: "laptop", Credential: device.Create(t, start.Options)}))
		begun := must[api.PasskeyStart](t)(client.BeginPasskeySignIn(t.Context()))
		signed := api.PasskeySignIn{CeremonyID: begun.CeremonyID, Credential: device.Get(t, begun.Options)}
		codes := make([]string, 6)
		var group sync.WaitGroup
		for i := range codes {
			browser := s.Browser(t)
			group.Go(func() {
				_, err := browser.SignInByPasskey(t.Context(), signed)
				codes[i] = code(err)
			})
		}
		group.Wait()
		count := map[string]int{}
		for _, c := range codes {
			count[c]++
		}
		if diff := cmp.Diff(map[string]int{"": 1, "passkey_invalid": 5}, count); diff != "" {
			t.Errorf("sign-ins (-want +got):\n%s", diff)
		}
	})
}

func TestEverybodyLearnsWhomToTurnTo(t *testing.T) {
	s := servertest.Start(t)
	p := open(t, s)
	settings := must[api.Settings](t)(p.owner.Settings(t.Context()))
	settings.SupportEmail, settings.MinPassword = "help@example.com", 14
	must[api.Settings](t)(p.owner.ChangeSettings(t.Context(), settings))
	got := must[api.Support](t)(s.WithCookie(t, "none").Support(t.Context()))
	want := api.Support{Publisher: "Example Software", SupportEmail: "help@example.com", Languages: []string{"en", "ja", "fr"}, MinPassword: 14}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("support (-want +got):\n%s", diff)
	}
}
