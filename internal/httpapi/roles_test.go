package httpapi_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/server/servertest"
)

// rolesDocument tells people who may do what. What stands between its marks is
// generated from the matrix.
const (
	rolesDocument = "../../docs/roles.md"
	tablesBegin   = "<!-- generated from the permission matrix: go test ./internal/httpapi -run OpenAPI -update -->\n"
	tablesEnd     = "<!-- end -->\n"
)

func TestRolesDocumentIsThatOfTheOpenAPIDocumentAndTheMatrix(t *testing.T) {
	_, ops := operations(t, servertest.Start(t))
	text := string(must[[]byte](t)(os.ReadFile(rolesDocument)))
	head, rest, begins := strings.Cut(text, tablesBegin)
	_, tail, ends := strings.Cut(rest, tablesEnd)
	if !begins || !ends {
		t.Fatalf("%s has lost its marks %q and %q", rolesDocument, tablesBegin, tablesEnd)
	}
	want := head + tablesBegin + roleTables(ops, matrix(t)) + tablesEnd + tail
	if *update {
		if err := os.WriteFile(rolesDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("%s is not what the matrix says; run go test -run OpenAPI -update ./internal/httpapi (-matrix +document):\n%s", rolesDocument, diff)
	}
}

// columns are the callers that the document shows, by what it calls them.
var columns = []struct {
	title string
	who   who
}{
	{"Owner", owner},
	{"Sales", sales},
	{"Support", support},
	{"Auditor", auditor},
	{"Account administrator", administrator},
	{"License administrator", ungranted},
	{"Member", member},
}

// roleTables gives a table for each tag of the document.
func roleTables(ops map[string]operation, table rows) string {
	byTag := map[string][]operation{}
	for _, op := range ops {
		byTag[op.Tags[0]] = append(byTag[op.Tags[0]], op)
	}
	var b strings.Builder
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		fmt.Fprintf(&b, "\n### %s\n\n| Operation | Scope of a token |", tag)
		for _, column := range columns {
			fmt.Fprintf(&b, " %s |", column.title)
		}
		b.WriteString("\n|---|---|" + strings.Repeat(":-:|", len(columns)) + "\n")
		slices.SortFunc(byTag[tag], func(x, y operation) int { return strings.Compare(x.path+" "+x.method, y.path+" "+y.method) })
		for _, op := range byTag[tag] {
			b.WriteString(roleLine(op, table[op.ID]))
		}
	}
	b.WriteString("\n")
	return b.String()
}

func roleLine(op operation, r row) string {
	path := strings.TrimPrefix(op.path, "/api/v1")
	line := fmt.Sprintf("| `%s %s`<br>%s | %s |", op.method, path, op.Summary, scopeWords(op))
	for _, column := range columns {
		line += " " + r.mark(column.who) + " |"
	}
	return line + "\n"
}

func scopeWords(op operation) string {
	switch {
	case op.anonymous():
		return "anybody"
	case op.scope() == "" && op.takesToken():
		return "any"
	case op.scope() == "":
		return "session only"
	default:
		return "`" + op.scope() + "`"
	}
}

// takesToken reports whether tokens may call the operation at all.
func (o operation) takesToken() bool {
	return slices.ContainsFunc(o.Security, func(way map[string][]string) bool {
		_, ok := way["token"]
		return ok
	})
}

// mark says in a table whether somebody may.
func (r row) mark(w who) string {
	switch {
	case slices.Contains(r.may, w):
		return "✓"
	case w == ungranted && slices.Contains(r.may, granted):
		return "own keys"
	default:
		return ""
	}
}
