package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

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
	Asked     *httpserver.FailureLimiter // counts requests to sign in by code
	Guessed   *httpserver.FailureLimiter // counts user codes that are not known
	PublicURL string
}

// Version is the version of the API; it is not that of the program.
const Version = "1.0.0"

const (
	basePath = "/api/v1"
	bearer   = "token"
	cookie   = "session"

	// sessionCookie has the prefix that browsers take from this host alone, over
	// a trustworthy connection (RFC 6265bis).
	sessionCookie = "__Host-licet"
)

// handlers holds the operations.
type handlers struct {
	Services
	api     huma.API
	origins *http.CrossOriginProtection
}

// Register adds the management API to a server and gives its description.
func Register(s *httpserver.Server, services Services) (*huma.OpenAPI, error) {
	h := &handlers{Services: services, origins: http.NewCrossOriginProtection()}
	h.api = s.API("Licet management API", Version,
		"What a publisher's staff, its customers and their programs do with Licet. Errors are problems (RFC 9457) with a stable code.")
	h.api.OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearer: {Type: "http", Scheme: "bearer", Description: "An API token, lic_…, with the scope that the operation names."},
		cookie: {Type: "apiKey", In: "cookie", Name: sessionCookie, Description: "A session, made by signing in."},
	}
	h.api.UseMiddleware(h.authenticate)
	h.registerPublisher()
	h.registerSettings()
	h.registerAccounts()
	h.registerCatalog()
	h.registerOrganizations()
	h.registerMembers()
	h.registerInvitations()
	h.registerStaff()
	h.registerPeople()
	h.registerSubscriptions()
	h.registerMergers()
	h.registerOrders()
	h.registerImports()
	h.registerKeys()
	h.registerActivations()
	h.registerInstallations()
	h.registerDevices()
	h.registerUsage()
	h.registerEvents()
	h.registerMails()
	h.registerJobs()
	if err := s.Finish(h.api, basePath+"/openapi.json"); err != nil {
		return nil, err
	}
	return h.api.OpenAPI(), h.registerDocs(s)
}

// scopeOf is where an operation's metadata keeps the scope that tokens need.
const scopeOf = "scope"

// anyScope is for what every token may do.
const anyScope identity.Scope = ""

// operation describes an operation; id is verb-noun. Sessions and tokens with
// the scope may call it; the services ask what their person may.
func operation(id, method, path, tag, summary string, scope identity.Scope) huma.Operation {
	scopes := []string{}
	if scope != anyScope {
		scopes = append(scopes, string(scope))
	}
	return huma.Operation{
		OperationID: id, Method: method, Path: basePath + path, Tags: []string{tag}, Summary: summary,
		Security:     []map[string][]string{{bearer: scopes}, {cookie: {}}},
		Metadata:     map[string]any{scopeOf: scope},
		MaxBodyBytes: httpserver.MaxAPIBody + 1, // huma refuses at the limit, not above it
	}
}

// own describes an operation on a person's own account: sessions only, so that a
// token cannot make itself another or change how its person signs in.
func own(id, method, path, tag, summary string) huma.Operation {
	op := operation(id, method, path, tag, summary, "")
	op.Security, op.Metadata = []map[string][]string{{cookie: {}}}, nil
	return op
}

// anonymous describes an operation that nobody needs to sign in for.
func anonymous(id, method, path, tag, summary string) huma.Operation {
	op := own(id, method, path, tag, summary)
	op.Security = []map[string][]string{{}}
	return op
}

func isAnonymous(op *huma.Operation) bool { return len(op.Security) == 1 && len(op.Security[0]) == 0 }

// created marks an operation that answers 201.
func created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

// later marks an operation whose effect comes later: it answers 202.
func later(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusAccepted
	return op
}

type actorKey struct{}

// authenticate makes an actor of the bearer token or of the session's cookie. A
// wrong token counts as a failure of its address; a right one is taken however
// many failed before.
func (h *handlers) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	actor, err := h.actorOf(r)
	op := ctx.Operation()
	if isAnonymous(op) && problem.Is(err, problem.Unauthenticated) {
		actor, err = identity.Actor{}, nil
	} else if err == nil {
		err = admitted(actor, op)
	}
	if err != nil {
		httpserver.Problem(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store") // what one may see, another may not
	w.Header().Set("X-Content-Type-Options", "nosniff")
	next(huma.WithValue(huma.WithValue(ctx, actorKey{}, actor), addressKey{}, httpserver.Address(r)))
}

// admitted holds an operation against what a token may at most, or against own.
func admitted(actor identity.Actor, op *huma.Operation) error {
	if isAnonymous(op) {
		return nil
	}
	if scope, ok := op.Metadata[scopeOf].(identity.Scope); ok {
		if scope == anyScope {
			return nil
		}
		return actor.RequireScope(scope)
	}
	return actor.RequirePerson()
}

func (h *handlers) actorOf(r *http.Request) (identity.Actor, error) {
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		return h.actorOfToken(r, authorization)
	}
	if err := h.origins.Check(r); err != nil {
		return identity.Actor{}, problem.New(problem.CrossOrigin).Because(err)
	}
	session, err := r.Cookie(sessionCookie)
	if err != nil {
		return identity.Actor{}, problem.New(problem.Unauthenticated)
	}
	return h.Identity.AuthenticateSession(r.Context(), session.Value)
}

func (h *handlers) actorOfToken(r *http.Request, authorization string) (identity.Actor, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return identity.Actor{}, problem.New(problem.Unauthenticated)
	}
	actor, err := h.Identity.Authenticate(r.Context(), token)
	if !problem.Is(err, problem.Unauthenticated) {
		return actor, err
	}
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

type addressKey struct{}

// addressFrom gives the address that a request came from.
func addressFrom(ctx context.Context) netip.Addr {
	addr, _ := ctx.Value(addressKey{}).(netip.Addr)
	return addr
}

// guessed counts an error against the caller's address when it tells of a guess,
// and gives what the caller is told: the error, or, once the address has guessed
// too often, only that. Who is right is never held up.
func (h *handlers) guessed(ctx context.Context, err error, guesses ...problem.Code) error {
	addr := addressFrom(ctx)
	if err == nil || !slices.Contains(guesses, problem.From(err).Code) {
		return err
	}
	limited := h.Failures.Allow(addr)
	h.Failures.Fail(addr)
	if limited != nil {
		return limited
	}
	return err
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
