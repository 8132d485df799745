package httpserver

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/licethq/licet/internal/problem"
)

// MaxAPIBody is the largest body that a management API reads, in bytes.
const MaxAPIBody = 1 << 20

// API gives a management API on the server's mux: OpenAPI 3.1, problems for
// every error, no echo of what was sent. Requests with unknown or repeated
// members or with invalid UTF-8 are refused. When all operations are
// registered, call Finish.
func (s *Server) API(title, version, description string) huma.API {
	replaceErrors()
	config := huma.DefaultConfig(title, version)
	config.Info.Description = description
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.CreateHooks = nil // no $schema members and Link headers
	config.DocsPath = ""     // huma's page loads from elsewhere
	config.SchemasPath = ""
	config.OpenAPIPath = "" // Finish serves it
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	config.Formats = map[string]huma.Format{"application/json": format, "json": format}
	api := humago.New(s.mux, config)
	api.UseMiddleware(refuseOddParameters)
	return api
}

// Finish completes an API once its operations stand: responses may gain members
// later, so their schemas allow more than they name; and the document is served
// at path.
func (s *Server) Finish(api huma.API, path string) error {
	openResponses(api.OpenAPI())
	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return err
	}
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(document)
	})
	return nil
}

func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[ProblemBody]() {
		return "Problem"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// errNumber tells newStatusError that a document was well-formed but for a
// number that no member can hold.
var errNumber = errors.New("number out of range")

// unmarshal reads JSON strictly: UTF-8, exact member names, each once, and no
// text that a database cannot hold. Huma decodes into an any first, then again
// into the operation's type.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	err := json.Unmarshal(data, v)
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return errNumber
	}
	if whole, ok := v.(*any); ok && err == nil && holdsZeroByte(*whole) {
		return errors.New("a zero byte")
	}
	return err
}

// holdsZeroByte looks for U+0000 in the texts of a decoded document.
func holdsZeroByte(v any) bool {
	switch x := v.(type) {
	case string:
		return strings.ContainsRune(x, 0)
	case []any:
		return slices.ContainsFunc(x, holdsZeroByte)
	case map[string]any:
		for name, member := range x {
			if strings.ContainsRune(name, 0) || holdsZeroByte(member) {
				return true
			}
		}
	}
	return false
}

// refuseOddParameters keeps texts from the database that it cannot hold.
func refuseOddParameters(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	for _, values := range r.URL.Query() {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				Problem(w, r, problem.New(problem.InvalidRequest))
				return
			}
		}
	}
	next(ctx)
}

// GetStatus gives the HTTP status.
func (b *ProblemBody) GetStatus() int { return b.Status }

// Error gives the sentence.
func (b *ProblemBody) Error() string { return b.Detail }

// ContentType gives the type of problems.
func (b *ProblemBody) ContentType(string) string { return problemType }

// replaceErrors makes huma answer with our problems. Huma keeps this in package
// variables; every API of ours sets them alike.
var replaceErrors = sync.OnceFunc(func() { //nolint:gochecknoglobals // huma's hooks are global, and set once
	huma.ValidateStrictCasing = true                                             //nolint:reassign // huma's own switch
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError { //nolint:reassign // huma's own hook
		return newProblemBody(humaProblem(status, errs), "")
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError { //nolint:reassign // huma's own hook
		return contextProblem(ctx, humaProblem(status, errs))
	}
})

func contextProblem(ctx huma.Context, p *problem.Problem) huma.StatusError {
	id := ""
	if c := callOf(ctx.Context()); c != nil {
		c.problem, id = p, c.id
	}
	headers := http.Header{}
	setProblemHeaders(headers, p)
	for name := range headers {
		ctx.SetHeader(name, headers.Get(name))
	}
	return newProblemBody(p, id)
}

// humaProblem turns what huma or a handler found into a problem.
func humaProblem(status int, errs []error) *problem.Problem {
	var fields []problem.Field
	for _, err := range errs {
		var detail *huma.ErrorDetail
		var coded *problem.Problem
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &coded), errors.As(err, &tooLarge):
			return problemFrom(err)
		case errors.As(err, &detail):
			if detail.Message == errNumber.Error() {
				status = http.StatusUnprocessableEntity
			}
			fields = append(fields, fieldOf(detail))
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return problemFrom(err)
		}
	}
	p := problem.New(codeOf(status))
	p.Fields = fields
	return p.Because(errors.Join(errs...))
}

func codeOf(status int) problem.Code {
	switch status {
	case http.StatusBadRequest, http.StatusRequestTimeout:
		return problem.InvalidRequest
	case http.StatusUnauthorized:
		return problem.Unauthenticated
	case http.StatusForbidden:
		return problem.Forbidden
	case http.StatusNotFound:
		return problem.NotFound
	case http.StatusNotAcceptable:
		return problem.NotAcceptable
	case http.StatusConflict:
		return problem.Conflict
	case http.StatusRequestEntityTooLarge:
		return problem.RequestTooLarge
	case http.StatusUnsupportedMediaType:
		return problem.UnsupportedMediaType
	case http.StatusUnprocessableEntity:
		return problem.ValidationFailed
	default:
		return problem.InternalError
	}
}

// fieldOf keeps huma's location and message, and drops whatever came with the
// request.
func fieldOf(d *huma.ErrorDetail) problem.Field {
	_, whole := d.Value.(string)
	if d.Location == "body" && whole {
		if d.Message == errNumber.Error() {
			return problem.Field{Message: "has a member of another type, or a number that is too large"}
		}
		return problem.Field{Message: "must be a JSON document in UTF-8 that names each member once"}
	}
	return problem.Field{Pointer: pointerOf(d.Location), Message: d.Message}
}

// pointerOf turns body.policy.classes[0].name into /policy/classes/0/name. A
// location may name members that the client invented, which might be secrets:
// it ends before the first that is not in the form of our own.
func pointerOf(location string) string {
	rest, inBody := strings.CutPrefix(location, "body")
	if !inBody {
		where, name, _ := strings.Cut(location, ".")
		if !ownName(name) {
			return where
		}
		return where + "." + name
	}
	var pointer strings.Builder
	for _, segment := range strings.FieldsFunc(rest, func(c rune) bool { return c == '.' || c == '[' || c == ']' }) {
		if !ownName(segment) && !smallIndex(segment) {
			break
		}
		pointer.WriteString("/" + segment)
	}
	return pointer.String()
}

func ownName(s string) bool {
	foreign := func(c rune) bool { return (c < 'a' || c > 'z') && c != '_' }
	return s != "" && len(s) <= 32 && !strings.ContainsFunc(s, foreign)
}

func smallIndex(s string) bool {
	return s != "" && len(s) <= 4 && strings.Trim(s, "0123456789") == ""
}
