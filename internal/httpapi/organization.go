package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerOrganizations() {
	const tag = "Organizations"
	read, write := identity.Read(identity.ScopeOrganizations), identity.Write(identity.ScopeOrganizations)
	once(h, created(operation("create-organization", http.MethodPost, "/organizations", tag, "Create an organization", write)),
		h.createOrganization, h.readOrganization)
	list(h, operation("list-organizations", http.MethodGet, "/organizations", tag, "List organizations", read), wireOrganization, h.organizations)
	huma.Register(h.api, operation("get-organization", http.MethodGet, "/organizations/{id}", tag, "Get an organization", read), h.organization)
	huma.Register(h.api, operation("change-organization", http.MethodPatch, "/organizations/{id}", tag, "Change an organization's profile", write), h.changeOrganization)
}

func (h *handlers) createOrganization(ctx context.Context, actor identity.Actor, in *Creation[api.NewOrganization]) (*tagged[api.Organization], error) {
	return answerOrganization(h.Identity.CreateOrganization(ctx, actor, newOrganization(in.Body)))
}

func newOrganization(n api.NewOrganization) identity.NewOrganization {
	return identity.NewOrganization{
		Kind: identity.OrganizationKind(n.Kind), Name: n.Name, Address: n.Address, Phone: n.Phone, Country: n.Country, Reference: n.Reference,
	}
}

type organizationFilter struct {
	Paging
	Kind   string `query:"kind" enum:"customer,partner,distributor"`
	Search string `query:"search" maxLength:"200" doc:"Part of the name or of the reference."`
}

func (h *handlers) organizations(ctx context.Context, in *organizationFilter, l database.Listing) (database.Page[identity.Organization], error) {
	return h.Identity.Organizations(ctx, actorFrom(ctx), identity.OrganizationFilter{Kind: identity.OrganizationKind(in.Kind), Search: in.Search}, l)
}

func (h *handlers) organization(ctx context.Context, in *ByID) (*tagged[api.Organization], error) {
	return h.readOrganization(ctx, actorFrom(ctx), in.ID)
}

func (h *handlers) readOrganization(ctx context.Context, actor identity.Actor, id string) (*tagged[api.Organization], error) {
	return answerOrganization(h.Identity.Organization(ctx, actor, id))
}

type organizationChange struct {
	Matching
	ByID
	Body api.OrganizationChange
}

func (h *handlers) changeOrganization(ctx context.Context, in *organizationChange) (*tagged[api.Organization], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	b := in.Body
	c := identity.OrganizationChange{
		Name: b.Name, Address: b.Address, Phone: b.Phone, Country: b.Country, Kind: (*identity.OrganizationKind)(b.Kind), Reference: b.Reference,
	}
	return answerOrganization(h.Identity.ChangeOrganization(ctx, actorFrom(ctx), in.ID, c, version))
}

func answerOrganization(o identity.Organization, err error) (*tagged[api.Organization], error) {
	return answerTagged(wireOrganization, func(o identity.Organization) int64 { return o.Version })(o, err)
}

func wireOrganization(o identity.Organization) api.Organization {
	return api.Organization{
		ID: o.ID, Kind: string(o.Kind), Name: o.Name, Address: o.Address, Phone: o.Phone, Country: o.Country, Reference: o.Reference,
		Version: o.Version, CreatedAt: o.CreatedAt,
	}
}
