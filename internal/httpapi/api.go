package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
)

// Services is what the API speaks for.
type Services struct {
	Identity  *identity.Service
	Catalog   *catalog.Service
	Issuer    *issuer.Service
	Licensing *licensing.Service

	Failures  *httpserver.FailureLimiter // counts bad tokens
	PublicURL string
}

// Version is the version of the API; it is not that of the program.
const Version = "1.0.0"

const (
	basePath = "/api/v1"
	bearer   = "token"
)

// handlers holds the operations.
type handlers struct {
	Services
	api huma.API
}

// Register adds the management API to a server and gives its description.
func Register(s *httpserver.Server, services Services) (*huma.OpenAPI, error) {
	h := &handlers{Services: services}
	h.api = s.API("Licet management API", Version,
		"What a publisher's staff and programs do with Licet. Errors are problems (RFC 9457) with a stable code.")
	h.api.OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearer: {Type: "http", Scheme: "bearer", Description: "An API token, lic_…"},
	}
	h.api.UseMiddleware(h.authenticate)
	h.registerPublisher()
	h.registerCatalog()
	h.registerOrganizations()
	h.registerSubscriptions()
	h.registerActivations()
	return h.api.OpenAPI(), s.Finish(h.api, basePath+"/openapi.json")
}

// operation describes an operation; id is verb-noun.
func operation(id, method, path, tag, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: basePath + path, Tags: []string{tag}, Summary: summary,
		Security:     []map[string][]string{{bearer: {}}},
		MaxBodyBytes: httpserver.MaxAPIBody + 1, // huma refuses at the limit, not above it
	}
}

// created marks an operation that answers 201.
func created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

type actorKey struct{}

// authenticate makes an actor of the bearer token. A wrong token counts as a
// failure of its address; a right one is taken however many failed before.
func (h *handlers) authenticate(ctx huma.Context, next func(huma.Context)) {
	actor, err := h.actorOf(ctx)
	if err != nil {
		r, w := humago.Unwrap(ctx)
		httpserver.Problem(w, r, err)
		return
	}
	next(huma.WithValue(ctx, actorKey{}, actor))
}

func (h *handlers) actorOf(ctx huma.Context) (identity.Actor, error) {
	scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return identity.Actor{}, problem.New(problem.Unauthenticated)
	}
	actor, err := h.Identity.Authenticate(ctx.Context(), token)
	if !problem.Is(err, problem.Unauthenticated) {
		return actor, err
	}
	r, _ := humago.Unwrap(ctx)
	addr := httpserver.Address(r)
	if limited := h.Failures.Allow(addr); limited != nil {
		return identity.Actor{}, limited
	}
	h.Failures.Fail(addr)
	return identity.Actor{}, err
}

func actorFrom(ctx context.Context) identity.Actor {
	actor, _ := ctx.Value(actorKey{}).(identity.Actor)
	return actor
}

// body is an answer of one thing.
type body[T any] struct {
	Body T
}

// answer turns what a service gave into an answer.
func answer[S, T any](turn func(S) T) func(S, error) (*body[T], error) {
	return func(given S, err error) (*body[T], error) {
		if err != nil {
			return nil, err
		}
		return &body[T]{Body: turn(given)}, nil
	}
}

// ByID is a request for one thing.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}

// Paging is a request for a page. Huma looks into exported embedded types only.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"64" doc:"The next_cursor of the page before; left out is the first page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items."`
}

// page fetches one item more than asked for, to know whether there is a next page.
func page[S, T any](p Paging, turn func(S) T, id func(T) string, list func(after string, limit int) ([]S, error)) (*body[api.Page[T]], error) {
	found, err := list(p.Cursor, p.Limit+1)
	if err != nil {
		return nil, err
	}
	result := api.Page[T]{Items: make([]T, 0, len(found))}
	for i, item := range found {
		if i == p.Limit {
			result.NextCursor = id(result.Items[i-1])
			break
		}
		result.Items = append(result.Items, turn(item))
	}
	return &body[api.Page[T]]{Body: result}, nil
}
