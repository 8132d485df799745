package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
)

func (h *handlers) registerInstallations() {
	const tag = "Installations"
	read, write := identity.Read(identity.ScopeInstallations), identity.Write(identity.ScopeInstallations)
	list(h, operation("list-installations", http.MethodGet, "/installations", tag, "List installations", read), wireInstallation, h.installations)
	huma.Register(h.api, operation("get-installation", http.MethodGet, "/installations/{id}", tag, "Get an installation with its rows", read), h.installation)
	huma.Register(h.api, operation("change-installation", http.MethodPatch, "/installations/{id}", tag,
		"Rename an installation or change its notes", write), h.changeInstallation)
	list(h, operation("list-installation-events", http.MethodGet, "/installations/{id}/events", tag,
		"What happened to an installation and its rows", read), wireEvent, h.installationEvents)
}

type installationFilter struct {
	Paging
	OrganizationID string `query:"organization_id" maxLength:"64"`
	ProductID      string `query:"product_id" maxLength:"64" doc:"Only those with a row of this product."`
	State          string `query:"state" enum:"active,deactivated"`
	Search         string `query:"search" maxLength:"200" doc:"Part of the name, of the host name or of a site's name."`
}

func (h *handlers) installations(ctx context.Context, in *installationFilter, l database.Listing) (database.Page[licensing.KnownInstallation], error) {
	return h.Licensing.Installations(ctx, actorFrom(ctx), licensing.InstallationFilter{
		OrganizationID: in.OrganizationID, ProductID: in.ProductID, State: licensing.InstallationState(in.State), Search: in.Search,
	}, l)
}

func (h *handlers) installation(ctx context.Context, in *ByID) (*tagged[api.InstallationWithRows], error) {
	found, rows, err := h.Licensing.Installation(ctx, actorFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	w := api.InstallationWithRows{KnownInstallation: wireInstallation(found), Activations: make([]api.Activation, len(rows))}
	for i := range rows {
		w.Activations[i] = wireActivation(rows[i])
	}
	return &tagged[api.InstallationWithRows]{ETag: etag(found.Version), Body: w}, nil
}

type installationChange struct {
	ByID
	Matching
	Body api.InstallationChange
}

func (h *handlers) changeInstallation(ctx context.Context, in *installationChange) (*tagged[api.KnownInstallation], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	change := licensing.InstallationChange{Name: in.Body.Name, Notes: in.Body.Notes}
	return answerTagged(wireInstallation, func(i licensing.KnownInstallation) int64 { return i.Version })(
		h.Licensing.ChangeInstallation(ctx, actorFrom(ctx), in.ID, change, version))
}

type installationHistory struct {
	ByID
	Paging
}

func (h *handlers) installationEvents(ctx context.Context, in *installationHistory, l database.Listing) (database.Page[identity.Activity], error) {
	return h.Licensing.InstallationEvents(ctx, actorFrom(ctx), in.ID, l)
}

func wireInstallation(i licensing.KnownInstallation) api.KnownInstallation {
	return api.KnownInstallation{
		ID: i.ID, OrganizationID: i.OrganizationID, OrganizationName: i.OrganizationName, Name: i.Name, HostName: i.HostName,
		OperatingSystem: i.OperatingSystem, SoftwareVersion: i.SoftwareVersion, Notes: i.Notes, Imported: i.Imported,
		State: string(i.State), LiveRows: i.LiveRows, Used: i.Used, LastSeenAt: i.LastSeenAt, Version: i.Version, CreatedAt: i.CreatedAt,
	}
}
