package server

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/licensefile"
)

// Checkpoint signs where the log stands.
func (d *Data) Checkpoint(ctx context.Context, reason string) (event.Checkpoint, error) {
	current, err := d.Issuer.Current(ctx)
	if err != nil {
		return event.Checkpoint{}, err
	}
	issued := licensefile.At(d.Issuer.Now())
	return d.Sealer.Checkpoint(ctx, reason, func(payload []byte) (string, error) {
		// Every signed statement says who issued it and when; that fixes its chain.
		statement, err := withClaims(payload, map[string]any{"iss": current.Publisher.ID, "iat": issued})
		if err != nil {
			return "", err
		}
		return current.Signer.Seal(licensefile.TypeCheckpoint, statement)
	})
}

// VerifyEvents checks the whole log against its hashes and checkpoints.
func (d *Data) VerifyEvents(ctx context.Context) (event.Report, error) {
	trust, err := d.Issuer.Trust(ctx)
	if err != nil {
		return event.Report{}, err
	}
	return event.Verify(ctx, d.DB, func(signature string) ([]byte, error) {
		return trust.Open(licensefile.TypeCheckpoint, signature)
	})
}

// withClaims adds members to a JSON object.
func withClaims(object []byte, claims map[string]any) ([]byte, error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, fmt.Errorf("read a statement: %w", err)
	}
	for name, value := range claims {
		data, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		members[name] = data
	}
	return json.Marshal(members)
}
