package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
)

// Paging is a request for a page. Huma looks into exported embedded types only.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"1000" doc:"The next_cursor of the page before; left out is the first page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items. A CSV holds all of them, whatever this says."`
	Sort   string `query:"sort" maxLength:"40" doc:"What to sort by; a minus before it turns the order round. Left out is the newest first."`
	Format string `query:"format" enum:"json,csv" doc:"json, or the whole list as csv; left out follows Accept."`
	Accept string `header:"Accept" hidden:"true"`
}

func (p Paging) paging() Paging { return p }

// listing is what services take.
func (p Paging) listing() database.Listing {
	return database.Listing{Cursor: p.Cursor, Limit: p.Limit, Sort: p.Sort}
}

func (p Paging) wantsCSV() bool {
	return p.Format == "csv" || p.Format == "" && strings.HasPrefix(p.Accept, csvType)
}

// csvPage is how many items of a CSV are read at a time.
const csvPage = 500

// list registers an operation that gives a page of T as JSON, or all of them as
// CSV. Every list is one of these.
func list[I interface{ paging() Paging }, S, T any](
	h *handlers, op huma.Operation, turn func(S) T, fetch func(context.Context, *I, database.Listing) (database.Page[S], error),
) {
	schema := h.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[api.Page[T]](), true, "")
	op.Responses = jsonOrCSV(schema, "A page of the list, or all of it as CSV.")
	name := strings.TrimPrefix(op.OperationID, "list-") + ".csv"
	huma.Register(h.api, op, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		p := (*in).paging()
		more := func(l database.Listing) (api.Page[T], error) {
			found, err := fetch(ctx, in, l)
			return wirePage(found, turn), err
		}
		if p.wantsCSV() {
			first, err := more(database.Listing{Limit: csvPage, Sort: p.Sort})
			if err != nil {
				return nil, err
			}
			return streamCSV(name, first, func(cursor string) (api.Page[T], error) {
				return more(database.Listing{Cursor: cursor, Limit: csvPage, Sort: p.Sort})
			}), nil
		}
		page, err := more(p.listing())
		if err != nil {
			return nil, err
		}
		return streamJSON(page), nil
	})
}

func wirePage[S, T any](p database.Page[S], turn func(S) T) api.Page[T] {
	page := api.Page[T]{Items: make([]T, len(p.Items)), NextCursor: p.Next}
	for i, item := range p.Items {
		page.Items[i] = turn(item)
	}
	return page
}

// jsonOrCSV describes an answer that can be had in both forms.
func jsonOrCSV(schema *huma.Schema, description string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: description,
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema},
			csvType:            {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
}

// streamJSON answers with JSON where an answer may have other forms too.
func streamJSON(v any) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "application/json")
		c.SetStatus(http.StatusOK)
		_ = json.NewEncoder(c.BodyWriter()).Encode(v) // a caller that left reads nothing
	}}
}
