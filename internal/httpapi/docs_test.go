package httpapi_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/server/servertest"
)

// opened gives a page as a browser gets it.
func opened(t *testing.T, s *servertest.Server, path string) (res *http.Response, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err = http.DefaultClient.Do(req) //nolint:forbidigo // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(data)
}

func TestThePageOfTheAPIHasEveryOperationAndType(t *testing.T) {
	s := servertest.Start(t)
	doc, ops := operations(t, s)
	res, page := opened(t, s, "/docs/api")
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s, want a page", res.StatusCode, res.Header.Get("Content-Type"))
	}
	for id, op := range ops {
		if !strings.Contains(page, `<article id="`+id+`">`) || !strings.Contains(page, "<code>"+op.path+"</code>") {
			t.Errorf("the page lacks %s %s", op.method, op.path)
		}
		if scope := op.scope(); scope != "" && !strings.Contains(page, "an API token with "+scope) {
			t.Errorf("the page does not say that %s needs %s", id, scope)
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(page, `<article id="type-`+name+`">`) {
			t.Errorf("the page lacks the type %s", name)
		}
	}
}

// fetched finds what a browser would load by itself.
var fetched = regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|base|form)\b|@import|url\(|\son[a-z]+=`)

var linked = regexp.MustCompile(`href="([^"]*)"`)

func TestPagesOfTheDocumentationNeedNothingElse(t *testing.T) {
	s := servertest.Start(t)
	for _, path := range []string{"/docs/api", "/docs/problems", "/problems/key_in_use"} {
		res, page := opened(t, s, path)
		if got, want := res.Header.Get("Content-Security-Policy"), "default-src 'self'; style-src 'self' 'unsafe-inline'"; got != want {
			t.Errorf("%s: Content-Security-Policy = %q, want %q", path, got, want)
		}
		if found := fetched.FindString(page); found != "" {
			t.Errorf("%s holds %q, which makes a browser load or run something", path, found)
		}
		for _, link := range linked.FindAllStringSubmatch(page, -1) {
			target := link[1]
			anchor, isAnchor := strings.CutPrefix(target, "#")
			if isAnchor && !strings.Contains(page, `id="`+anchor+`"`) {
				t.Errorf("%s links to %s, which is not there", path, target)
			}
			if !isAnchor && !strings.HasPrefix(target, "/") {
				t.Errorf("%s links to another host: %s", path, target)
			}
		}
	}
}

func TestEveryProblemHasAPage(t *testing.T) {
	s := servertest.Start(t)
	_, all := opened(t, s, "/docs/problems")
	for _, code := range problem.Codes() {
		res, page := opened(t, s, "/problems/"+string(code))
		if res.StatusCode != http.StatusOK || !strings.Contains(page, "<code>"+string(code)+"</code>") {
			t.Errorf("/problems/%s: %d", code, res.StatusCode)
		}
		if !strings.Contains(all, `href="/problems/`+string(code)+`"`) {
			t.Errorf("/docs/problems lacks %s", code)
		}
	}
	if res, _ := opened(t, s, "/problems/unheard_of"); res.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown problem: %d, want 404", res.StatusCode)
	}
}
