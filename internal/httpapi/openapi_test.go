package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/server/servertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const golden = "testdata/openapi.json"

// specification gives the OpenAPI document as the server serves it, indented.
func specification(t testing.TB, s *servertest.Server) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/openapi.json", http.NoBody)
	if err != nil {
		t.Fatal(err)
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
	var indented bytes.Buffer
	if err := json.Indent(&indented, data, "", "  "); err != nil {
		t.Fatalf("the document is no JSON: %v", err)
	}
	return append(indented.Bytes(), '\n')
}

func TestOpenAPIDocumentIsTheGoldenOne(t *testing.T) {
	got := specification(t, servertest.Start(t))
	if *update {
		if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the API changed; look at the difference, then run go test -run OpenAPI -update ./internal/httpapi (-want +got):\n%s", diff)
	}
}

// spec is what the tests read of the document.
type spec struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID         string      `json:"operationId"`
	Summary    string      `json:"summary"`
	Tags       []string    `json:"tags"`
	Parameters []parameter `json:"parameters"`
	Body       *struct {
		Content map[string]media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]media `json:"content"`
		Headers map[string]any   `json:"headers"`
	} `json:"responses"`
	Security []map[string][]string `json:"security"`

	method, path string
}

// scope gives the scope that an operation asks of tokens; "" when it takes none.
func (o operation) scope() string {
	for _, way := range o.Security {
		if scopes := way["token"]; len(scopes) == 1 {
			return scopes[0]
		}
	}
	return ""
}

type parameter struct {
	Name   string `json:"name"`
	In     string `json:"in"`
	Schema schema `json:"schema"`
}

type media struct {
	Schema schema `json:"schema"`
}

type schema struct {
	Ref                  string            `json:"$ref"`
	Type                 any               `json:"type"`
	Properties           map[string]schema `json:"properties"`
	Items                *schema           `json:"items"`
	AdditionalProperties any               `json:"additionalProperties"`
}

// operations lists the operations of the document by id.
func operations(t testing.TB, s *servertest.Server) (spec, map[string]operation) {
	t.Helper()
	var doc spec
	if err := json.Unmarshal(specification(t, s), &doc); err != nil {
		t.Fatal(err)
	}
	byID := map[string]operation{}
	for path, item := range doc.Paths {
		for method, op := range item {
			op.method, op.path = strings.ToUpper(method), path
			byID[op.ID] = op
		}
	}
	return doc, byID
}

// follow gives the schema that a reference names.
func (d spec) follow(s schema) schema {
	for s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

func TestRequestsAreClosedAndAnswersOpen(t *testing.T) {
	doc, ops := operations(t, servertest.Start(t))
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi: %s, want 3.1.0", doc.OpenAPI)
	}
	for id, op := range ops {
		if op.Body != nil {
			if body, ok := op.Body.Content["application/json"]; ok && doc.follow(body.Schema).AdditionalProperties != false {
				t.Errorf("%s takes members that it does not know", id)
			}
		}
		for status, response := range op.Responses {
			for _, m := range response.Content {
				if s := doc.follow(m.Schema); s.Type == "object" && s.AdditionalProperties != true {
					t.Errorf("%s: the answer %s can never gain a member", id, status)
				}
			}
		}
	}
}
