package identity

import "context"

// Complete adds what an actor may do now, as signing in does.
func Complete(ctx context.Context, s *Service, a Actor) (Actor, error) {
	return a.complete(s.DB.Read(ctx))
}
