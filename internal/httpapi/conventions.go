package httpapi

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// tagged is an answer of one thing with the version that it has.
type tagged[T any] struct {
	ETag string `header:"ETag" doc:"The version; give it as If-Match to change just this one."`
	Body T
}

// answerTagged turns what a service gave into an answer with an ETag.
func answerTagged[S, T any](turn func(S) T, version func(S) int64) func(S, error) (*tagged[T], error) {
	return func(given S, err error) (*tagged[T], error) {
		if err != nil {
			return nil, err
		}
		return &tagged[T]{ETag: etag(version(given)), Body: turn(given)}, nil
	}
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Matching is a request that may insist on a version.
type Matching struct {
	IfMatch string `header:"If-Match" maxLength:"40" doc:"The ETag of the version to change; left out changes whatever there is."`
}

// version gives the version that is insisted on; 0 for any.
func (m Matching) version() (int64, error) {
	if m.IfMatch == "" || m.IfMatch == "*" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(strings.TrimSuffix(m.IfMatch, `"`), `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || n < 1 {
		return 0, problem.New(problem.VersionChanged)
	}
	return n, nil
}

// Repeatable is a request that has its effect once, however often it is sent.
type Repeatable struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"Any text of the caller's; the same request with it again changes nothing and tells what became of the first."`
}

func (r Repeatable) idempotencyKey() string { return r.Key }

// Creation is a request that creates something.
type Creation[T any] struct {
	Repeatable
	Body T
}

// once registers an operation that creates something, or whose repetition would
// change more. do is to pass the actor it is given on to a verb that calls Keep;
// read gives what an earlier request with the same key made, as it is now.
func once[I interface{ idempotencyKey() string }, O any](
	h *handlers, op huma.Operation, do func(context.Context, identity.Actor, *I) (*O, error),
	read func(ctx context.Context, actor identity.Actor, id string) (*O, error),
) {
	huma.Register(h.api, op, func(ctx context.Context, in *I) (*O, error) {
		actor, key := actorFrom(ctx), (*in).idempotencyKey()
		if key == "" {
			return do(ctx, actor, in)
		}
		request, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		acting, made, err := h.Identity.Once(ctx, actor, op.OperationID, key, request)
		if err != nil {
			return nil, err
		}
		if made != "" {
			return read(ctx, actor, made)
		}
		given, err := do(ctx, acting, in)
		if err == nil {
			return given, nil
		}
		// The same request may have been faster, and so be why this one fails.
		if _, made, again := h.Identity.Once(ctx, actor, op.OperationID, key, request); again == nil && made != "" {
			return read(ctx, actor, made)
		}
		return nil, err
	})
}
