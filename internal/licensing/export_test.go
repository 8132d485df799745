package licensing

import (
	"context"
	"time"
)

// EndSublicenses lets tests call what the schedule calls.
func (s *Service) EndSublicenses(ctx context.Context, now time.Time) error {
	return s.endSublicenses(ctx, now)
}
