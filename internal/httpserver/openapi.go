package httpserver

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// openResponses lets the schemas that only responses use have additional
// properties, so that a client made from today's document reads tomorrow's
// answers. Schemas of requests stay closed.
func openResponses(doc *huma.OpenAPI) {
	registry := doc.Components.Schemas
	requests, responses := schemaSet{}, schemaSet{}
	for _, item := range doc.Paths {
		for _, op := range operations(item) {
			if op.RequestBody != nil {
				requests.addContent(registry, op.RequestBody.Content)
			}
			for _, response := range op.Responses {
				responses.addContent(registry, response.Content)
			}
		}
	}
	for schema := range responses {
		if closed, ok := schema.AdditionalProperties.(bool); ok && !closed && !requests[schema] {
			schema.AdditionalProperties = true
		}
	}
}

func operations(item *huma.PathItem) []*huma.Operation {
	var found []*huma.Operation
	for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
		if op != nil {
			found = append(found, op)
		}
	}
	return found
}

// schemaSet holds the schemas reachable from somewhere.
type schemaSet map[*huma.Schema]bool

func (set schemaSet) addContent(registry huma.Registry, content map[string]*huma.MediaType) {
	for _, media := range content {
		set.add(registry, media.Schema)
	}
}

func (set schemaSet) add(registry huma.Registry, schema *huma.Schema) {
	for schema != nil && strings.HasPrefix(schema.Ref, "#/") {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	if schema == nil || set[schema] {
		return
	}
	set[schema] = true
	set.add(registry, schema.Items)
	if values, ok := schema.AdditionalProperties.(*huma.Schema); ok {
		set.add(registry, values)
	}
	for _, property := range schema.Properties {
		set.add(registry, property)
	}
}
