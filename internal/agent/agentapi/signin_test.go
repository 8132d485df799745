package agentapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/agent/agenttest"
	"github.com/licethq/licet/internal/problem"
)

func TestASignInIsAskedForShownAndCalledOffByTheAPI(t *testing.T) {
	f := newFixture(t)
	f.publisher.Sell(desktopKey, "desktop", 10, func(k *agenttest.SoldKey) { k.Unregistered = true })
	asked, err := f.SignIn(t.Context(), "", "desktop", desktopKey)
	must(t, err)
	want := agentapi.SignIn{
		SiteID: asked.SiteID, LicenseType: "desktop", State: "waiting", UserCode: "BCDF-GHJK",
		VerificationURI:         "http://publisher.example.com/device",
		VerificationURIComplete: "http://publisher.example.com/device?code=BCDF-GHJK",
		AskedAt:                 asked.AskedAt, ExpiresAt: asked.ExpiresAt, Key: asked.Key,
	}
	if diff := cmp.Diff(want, asked); diff != "" || strings.Contains(asked.Key, "DESK-AAAA") {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	shown, err := f.RowSignIn(t.Context(), "", "desktop")
	must(t, err)
	if diff := cmp.Diff(asked, shown); diff != "" {
		t.Errorf("shown (-asked +shown):\n%s", diff)
	}
	must(t, f.ForgetSignIn(t.Context(), "", "desktop"))
	if _, err := f.RowSignIn(t.Context(), "", "desktop"); !problem.Is(err, problem.NotFound) {
		t.Errorf("after it was called off: %v, want not_found", err)
	}
}

func TestTheAPIShowsNothingThatASignInNeeds(t *testing.T) {
	f := newFixture(t)
	f.publisher.Sell(desktopKey, "desktop", 10, func(k *agenttest.SoldKey) { k.Unregistered = true })
	_, err := f.SignIn(t.Context(), "", "desktop", desktopKey)
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/v1/rows/~/desktop/sign-in", http.NoBody)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req) //nolint:forbidigo // a test's own server
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	for _, secret := range []string{desktopKey, "device-code", "device_code"} {
		if strings.Contains(string(text), secret) || res.StatusCode != http.StatusOK {
			t.Errorf("%d %s: holds %q, or is no success", res.StatusCode, text, secret)
		}
	}
}
