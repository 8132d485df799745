package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerTokens() {
	const path = "/account/tokens"
	once(h, created(own("create-token", http.MethodPost, path, accountTag, "Make an API token of one's own, shown this once")),
		h.createToken, h.readToken)
	list(h, own("list-tokens", http.MethodGet, path, accountTag, "List one's own API tokens"), wireToken, h.tokens)
	huma.Register(h.api, own("get-token", http.MethodGet, path+"/{id}", accountTag, "Get an API token of one's own"), h.token)
	huma.Register(h.api, empty(own("revoke-token", http.MethodDelete, path+"/{id}", accountTag, "End an API token of one's own")), h.revokeToken)
}

func (h *handlers) createToken(ctx context.Context, actor identity.Actor, in *Creation[api.NewToken]) (*body[api.MadeToken], error) {
	n := identity.NewToken{Name: in.Body.Name, OrganizationID: in.Body.OrganizationID, ExpiresAt: in.Body.ExpiresAt}
	for _, scope := range in.Body.Scopes {
		n.Scopes = append(n.Scopes, identity.Scope(scope))
	}
	token, secret, err := h.Identity.CreateOwnToken(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	return &body[api.MadeToken]{Body: api.MadeToken{Token: wireToken(token), Secret: secret}}, nil
}

func (h *handlers) readToken(ctx context.Context, actor identity.Actor, id string) (*body[api.MadeToken], error) {
	return answer(func(t identity.Token) api.MadeToken { return api.MadeToken{Token: wireToken(t)} })(h.Identity.OwnToken(ctx, actor, id))
}

func (h *handlers) tokens(ctx context.Context, _ *ownList, l database.Listing) (database.Page[identity.Token], error) {
	return h.Identity.OwnTokens(ctx, actorFrom(ctx), l)
}

func (h *handlers) token(ctx context.Context, in *ByID) (*body[api.Token], error) {
	return answer(wireToken)(h.Identity.OwnToken(ctx, actorFrom(ctx), in.ID))
}

func (h *handlers) revokeToken(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, h.Identity.RevokeOwnToken(ctx, actorFrom(ctx), in.ID)
}

func wireToken(t identity.Token) api.Token {
	return api.Token{
		ID: t.ID, Name: t.Name, OrganizationID: t.OrganizationID, Scopes: texts(t.Scopes), CreatedAt: t.CreatedAt,
		ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt, RevokedAt: t.RevokedAt,
	}
}
