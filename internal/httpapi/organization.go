package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerOrganizations() {
	const tag = "Organizations"
	huma.Register(h.api, created(operation("create-organization", http.MethodPost, "/organizations", tag, "Create an organization")), h.createOrganization)
	huma.Register(h.api, operation("list-organizations", http.MethodGet, "/organizations", tag, "List organizations"), h.organizations)
	huma.Register(h.api, operation("get-organization", http.MethodGet, "/organizations/{id}", tag, "Get an organization"), h.organization)
}

func (h *handlers) createOrganization(ctx context.Context, in *body[api.NewOrganization]) (*body[api.Organization], error) {
	n := identity.NewOrganization{Kind: identity.OrganizationKind(in.Body.Kind), Name: in.Body.Name}
	return answer(wireOrganization)(h.Identity.CreateOrganization(ctx, actorFrom(ctx), n))
}

func (h *handlers) organizations(ctx context.Context, in *Paging) (*body[api.Page[api.Organization]], error) {
	return page(*in, wireOrganization, func(o api.Organization) string { return o.ID }, func(after string, limit int) ([]identity.Organization, error) {
		return h.Identity.Organizations(ctx, actorFrom(ctx), after, limit)
	})
}

func (h *handlers) organization(ctx context.Context, in *ByID) (*body[api.Organization], error) {
	return answer(wireOrganization)(h.Identity.Organization(ctx, actorFrom(ctx), in.ID))
}

func wireOrganization(o identity.Organization) api.Organization {
	return api.Organization{ID: o.ID, Kind: string(o.Kind), Name: o.Name, Version: o.Version, CreatedAt: o.CreatedAt}
}
