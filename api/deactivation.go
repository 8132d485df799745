package api

import (
	"context"
	"net/http"
	"net/url"
)

// Deactivation names the rows to deactivate.
type Deactivation struct {
	IDs []string `json:"ids" minItems:"1" maxItems:"200" nullable:"false" doc:"Of activations."`
}

// Deactivated says what became of each row, in their order.
type Deactivated struct {
	Outcomes []DeactivationOutcome `json:"outcomes" nullable:"false"`
}

// DeactivationOutcome says what became of a row.
type DeactivationOutcome struct {
	ID      string   `json:"id"`
	Problem *Refusal `json:"problem,omitempty" doc:"Why it was not deactivated; absent when it was."`
}

// Deactivate ends an online row from the portal.
func (c *Client) Deactivate(ctx context.Context, activationID string) (Activation, error) {
	return send[Activation](ctx, c, http.MethodPost, "/activations/"+url.PathEscape(activationID)+"/deactivate", nil)
}

// DeactivateAll ends online rows, each by itself.
func (c *Client) DeactivateAll(ctx context.Context, ids []string) (Deactivated, error) {
	return send[Deactivated](ctx, c, http.MethodPost, "/activations/deactivate", Deactivation{IDs: ids})
}
