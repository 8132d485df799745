package agentapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/internal/problem"
)

const secret = "s3cret-that-must-not-come-back"

// hostileBodies are bodies that no operation may take, echo or fall over.
func hostileBodies() map[string]string {
	return map[string]string{
		"empty":          "",
		"not JSON":       "{" + secret,
		"another shape":  `["` + secret + `"]`,
		"null":           "null",
		"unknown member": `{"` + secret + `": 1}`,
		"invalid UTF-8":  "{\"key\": \"" + secret + "\xff\"}",
		"huge number":    `{"key": 1e999, "name": 99999999999999999999, "operation": -1}`,
		"wrong types":    `{"key": {"a": ["` + secret + `"]}, "name": [], "kind": 7, "csv": null, "apply": "yes", "data": 1, "operation": {}}`,
		"repeated":       `{"key": "` + secret + `", "key": "` + secret + `"}`,
		"deep":           strings.Repeat("[", 5000),
		"odd texts":      `{"name": "\u0000` + secret + `", "key": "` + secret + `", "csv": "\u0000", "data": "` + secret + `", "kind": "` + secret + `", "operation": "` + secret + `", "license_type": "` + secret + `"}`,
	}
}

func operations(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodDelete: item.Delete, http.MethodPatch: item.Patch,
	}
	for method, op := range all {
		if op == nil {
			delete(all, method)
		}
	}
	return all
}

func TestNoOperationFallsOverOrEchoesWhatItWasSent(t *testing.T) {
	f := newFixture(t)
	paths := strings.NewReplacer("{site}", "~", "{license_type}", "desktop", "{id}", secret, "{source}", "csv")
	odd := strings.NewReplacer("{site}", "%00"+secret, "{license_type}", "%FF", "{id}", "%F0%28", "{source}", secret)
	for path, item := range f.document.Paths {
		for method, op := range operations(item) {
			for name, body := range hostileBodies() {
				t.Run(fmt.Sprintf("%s %s/%s", method, path, name), func(t *testing.T) {
					for _, target := range []string{paths.Replace(path), odd.Replace(path), paths.Replace(path) + "?limit=-1&cursor=" + secret + "&site=%FF"} {
						status, code, answer := f.send(t, method, target, authorized(), strings.NewReader(body))
						if status >= 500 && code != problem.PublisherUnreachable || status >= 400 && code == "" {
							t.Errorf("%s gives %d %s", target, status, answer)
						}
						if bytes.Contains(answer, []byte(secret)) {
							t.Errorf("%s echoes the secret: %s", target, answer)
						}
						if op.RequestBody != nil && name != "odd texts" && status < 400 {
							t.Errorf("%s takes the body: %d", target, status)
						}
					}
				})
			}
		}
	}
	if strings.Contains(f.logged(), secret) {
		t.Error("the log holds what was sent")
	}
}

func TestBodiesEndAtOneMebibyte(t *testing.T) {
	f := newFixture(t)
	large := func() io.Reader {
		return strings.NewReader(`{"csv": "` + strings.Repeat("a", 1<<20) + `", "apply": false}`)
	}
	for name, body := range map[string]io.Reader{"declared": large(), "chunked": io.MultiReader(large())} {
		t.Run(name, func(t *testing.T) {
			status, code, _ := f.send(t, http.MethodPost, "/v1/sources/csv/sync", authorized(), body)
			if status != http.StatusRequestEntityTooLarge || code != problem.RequestTooLarge {
				t.Errorf("got %d %s", status, code)
			}
		})
	}
	t.Run("webhook", func(t *testing.T) {
		status, code, _ := f.send(t, http.MethodPost, "/webhook/nanomdm/mdm", http.Header{}, large())
		if status != http.StatusRequestEntityTooLarge || code != problem.RequestTooLarge {
			t.Errorf("got %d %s", status, code)
		}
	})
}
