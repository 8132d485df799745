package api

import "context"

type idempotencyKey struct{}

// Repeatable gives a context whose calls carry an Idempotency-Key. A call that
// creates something, or whose repetition would change more, has its effect once
// however often it is made with the same key: repeat it, the same, when its
// answer was lost. Use a key of its own for every call.
func Repeatable(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey{}, key)
}
