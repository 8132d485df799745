package apidocs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// reader reads the schemas of a document.
type reader struct {
	schemas map[string]*huma.Schema
	url     string // that examples go to
}

// object is a type with members.
type object struct {
	Name, Text string
	Members    []member
}

// member is a member of a type, or a parameter.
type member struct {
	Name, In string
	Type     kind
	Required bool
	Text     string
}

// kind says what a value is; Link is the name of its type, if it has one.
type kind struct {
	Text, Link string
}

const schemaPath = "#/components/schemas/"

// follow gives the schema that a reference names.
func (r reader) follow(s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = r.schemas[strings.TrimPrefix(s.Ref, schemaPath)]
	}
	if s == nil {
		return &huma.Schema{}
	}
	return s
}

func (r reader) kind(s *huma.Schema) kind {
	switch {
	case s == nil:
		return kind{}
	case s.Ref != "":
		name := strings.TrimPrefix(s.Ref, schemaPath)
		return kind{Text: name, Link: name}
	case s.Type == huma.TypeArray:
		item := r.kind(s.Items)
		return kind{Text: "list of " + item.Text, Link: item.Link}
	case s.Type == huma.TypeObject:
		if value, ok := s.AdditionalProperties.(*huma.Schema); ok {
			of := r.kind(value)
			return kind{Text: strings.TrimSuffix("object of "+of.Text, "object of "), Link: of.Link}
		}
		return kind{Text: "object"}
	case s.Format != "" && s.Type == huma.TypeString:
		return kind{Text: s.Format}
	case s.Type == "":
		return kind{Text: "anything"}
	default:
		return kind{Text: s.Type}
	}
}

// members lists those that are required first.
func (r reader) members(s *huma.Schema) []member {
	var all []member
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if name == "$schema" {
			continue
		}
		p := s.Properties[name]
		all = append(all, member{Name: name, Type: r.kind(p), Required: slices.Contains(s.Required, name), Text: sentence(p.Description, p)})
	}
	slices.SortStableFunc(all, func(a, b member) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		default:
			return 1
		}
	})
	return all
}

// sentence adds what a schema demands to what is said of it.
func sentence(text string, s *huma.Schema) string {
	parts := []string{}
	if text != "" {
		parts = append(parts, text)
	}
	if s == nil {
		return text
	}
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = fmt.Sprint(v)
		}
		parts = append(parts, "One of: "+strings.Join(values, ", ")+".")
	}
	if s.Minimum != nil && s.Maximum != nil {
		parts = append(parts, fmt.Sprintf("From %v to %v.", *s.Minimum, *s.Maximum))
	}
	if s.MaxLength != nil {
		parts = append(parts, fmt.Sprintf("At most %d characters.", *s.MaxLength))
	}
	if s.Default != nil {
		parts = append(parts, fmt.Sprintf("%v by default.", s.Default))
	}
	return strings.Join(parts, " ")
}
