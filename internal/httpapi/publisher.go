package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerPublisher() {
	huma.Register(h.api, operation("get-publisher", http.MethodGet, "/publisher", "Publisher", "Who runs this server", identity.Read(identity.ScopeCatalog)), h.publisher)
}

func (h *handlers) publisher(ctx context.Context, _ *struct{}) (*body[api.Publisher], error) {
	if err := actorFrom(ctx).Require(identity.AnyStaff...); err != nil {
		return nil, err
	}
	current, err := h.Issuer.Current(ctx)
	if err != nil {
		return nil, err
	}
	root, err := h.Issuer.ExportRoot(ctx)
	if err != nil {
		return nil, err
	}
	p := current.Publisher
	return &body[api.Publisher]{Body: api.Publisher{
		ID: p.ID, Name: p.Name, TimeZone: p.TimeZone, PublicURL: h.PublicURL, Root: string(root),
		RevocationNumber: current.RevocationNumber, CreatedAt: p.CreatedAt,
	}}, nil
}
