package apidocs

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// curl gives a call that can be copied.
func (r reader) curl(op *huma.Operation) string {
	lines := []string{"curl"}
	if op.Method != http.MethodGet {
		lines[0] += " -X " + op.Method
	}
	lines[0] += " '" + r.url + strings.NewReplacer("{", "$", "}", "").Replace(op.Path) + "'"
	lines[0] = quoteVariables(lines[0])
	switch {
	case len(op.Security) == 1 && len(op.Security[0]) == 0:
	case takesToken(op.Security):
		lines = append(lines, `-H "Authorization: Bearer $LICET_TOKEN"`)
	default:
		lines = append(lines, `-H "Cookie: __Host-licet=$LICET_SESSION"`)
	}
	if op.RequestBody != nil {
		lines = append(lines, r.curlBody(op.RequestBody)...)
	}
	return strings.Join(lines, " \\\n  ")
}

// quoteVariables lets the shell fill in variables.
func quoteVariables(line string) string {
	if strings.Contains(line, "$") {
		return strings.ReplaceAll(line, "'", `"`)
	}
	return line
}

func takesToken(security []map[string][]string) bool {
	return slices.ContainsFunc(security, func(way map[string][]string) bool { _, ok := way["token"]; return ok })
}

func (r reader) curlBody(b *huma.RequestBody) []string {
	media, schema := first(b.Content)
	header := "-H 'Content-Type: " + media + "'"
	if media != "application/json" {
		return []string{header, "--data-binary @FILE"}
	}
	data, err := json.Marshal(r.example("", schema, 0))
	if err != nil { // it holds texts and figures
		return []string{header}
	}
	return []string{header, "-d '" + strings.ReplaceAll(string(data), "'", `'\''`) + "'"}
}

// first gives the first media type of a body.
func first(content map[string]*huma.MediaType) (string, *huma.Schema) {
	media := slices.Sorted(maps.Keys(content))
	if len(media) == 0 {
		return "", nil
	}
	return media[0], content[media[0]].Schema
}

// deepest is how far examples follow members of members.
const deepest = 4

// example gives a value that a schema allows, with the members that are required.
func (r reader) example(name string, s *huma.Schema, depth int) any {
	s = r.follow(s)
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type == huma.TypeObject && depth < deepest:
		return r.exampleObject(s, depth)
	case s.Type == huma.TypeArray:
		return []any{r.example(strings.TrimSuffix(name, "s"), s.Items, depth+1)}
	case s.Type == huma.TypeInteger, s.Type == huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case s.Type == huma.TypeBoolean:
		return true
	default:
		return exampleText(name, s.Format)
	}
}

// exampleObject gives the members that are required, or one when none is.
func (r reader) exampleObject(s *huma.Schema, depth int) map[string]any {
	object := map[string]any{}
	for _, member := range r.members(s) {
		if member.Required || len(object) == 0 && depth == 0 {
			object[member.Name] = r.example(member.Name, s.Properties[member.Name], depth+1)
		}
	}
	return object
}

// exampleText gives a text that a member of a name may hold.
func exampleText(name, format string) string {
	switch {
	case format == "date-time" || strings.HasSuffix(name, "_at"):
		return "2027-03-01T12:00:00Z"
	case strings.HasSuffix(name, "_on"):
		return "2027-03-01"
	case strings.Contains(name, "email"):
		return "ops@example.com"
	case strings.HasSuffix(name, "_id") || name == "id":
		return "ID"
	case strings.Contains(name, "url"):
		return "https://www.example.com"
	case strings.Contains(name, "name"):
		return "Blue Harbor"
	default:
		return "…"
	}
}
