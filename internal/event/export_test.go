package event

import "context"

// SealBatch seals one batch, as a sealer that dies after it would.
func SealBatch(ctx context.Context, s *Sealer) (int, error) { return s.sealBatch(ctx) }
