package problem_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/problem"
)

var update = flag.Bool("update", false, "write the golden files anew")

const document = "../../docs/problems.md"

const introduction = `# Problems

What Licet answers when it does not do what it is asked: a problem (RFC 9457,
` + "`application/problem+json`" + `) with a ` + "`code`" + ` that never changes, a sentence
that may say more than the one here, the id of the request, and the members at
fault without their values. A server shows this list at ` + "`/docs/problems`" + `.

| code | status | meaning |
|---|---|---|
`

// table writes the document from the table of codes.
func table() string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, c := range problem.Codes() {
		fmt.Fprintf(&b, "| `%s` | %d %s | %s |\n", c, c.Status(), http.StatusText(c.Status()), strings.ReplaceAll(c.Sentence(), "|", `\|`))
	}
	return b.String()
}

func TestEveryProblemIsDocumented(t *testing.T) {
	if *update {
		if err := os.WriteFile(document, []byte(table()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(table(), string(have)); diff != "" {
		t.Errorf("run go test ./internal/problem -run Documented -update (-want +got):\n%s", diff)
	}
}

// A constant that is not in the table would be answered as internal_error.
func TestEveryCodeOfTheProgramStandsInTheTable(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	listed := tableKeys(file)
	count := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			count++
			if name := spec.Names[0].Name; !listed[name] {
				t.Errorf("%s has no sentence", name)
			}
		}
		return true
	})
	if count < 50 {
		t.Errorf("found %d codes, want all of them", count)
	}
}

// tableKeys gives the names of the constants that are keys of a map.
func tableKeys(file *ast.File) map[string]bool {
	listed := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				listed[key.Name] = true
			}
		}
		return true
	})
	return listed
}
