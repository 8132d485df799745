package httpapi

import (
	"context"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func (h *handlers) registerActivations() {
	const tag = "Activations"
	list(h, operation("list-activations", http.MethodGet, "/activations", tag, "List activations", identity.Read(identity.ScopeInstallations)), wireActivation, h.activations)
	huma.Register(h.api, operation("get-activation", http.MethodGet, "/activations/{id}", tag, "Get an activation", identity.Read(identity.ScopeInstallations)), h.activation)
	huma.Register(h.api, operation("release-activation", http.MethodPost, "/activations/{id}/release", tag,
		"Release a row: its key is free at once; a file on an air-gapped server runs until its own end", identity.Write(identity.ScopeInstallations)), h.release)
	huma.Register(h.api, operation("deactivate-activation", http.MethodPost, "/activations/{id}/deactivate", tag,
		"Deactivate an online row: its key is free at once, its installation learns it at its next contact", identity.Write(identity.ScopeInstallations)), h.deactivate)
	huma.Register(h.api, operation("deactivate-activations", http.MethodPost, "/activations/deactivate", tag,
		"Deactivate several online rows, each by itself", identity.Write(identity.ScopeInstallations)), h.deactivateAll)
	huma.Register(h.api, gives(operation("issue-license", http.MethodPost, "/activations/{id}/license", tag,
		"Make a license file for a row that did not ask", identity.Write(identity.ScopeInstallations))), h.issueLicense)
	h.registerExchangeFiles()
}

const fileType = "application/octet-stream"

// gives marks an operation that answers a file.
func gives(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A signed file, extension .licet.",
		Content:     map[string]*huma.MediaType{fileType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
	return op
}

type activationFilter struct {
	Paging
	OrganizationID string `query:"organization_id" maxLength:"64"`
	SubscriptionID string `query:"subscription_id" maxLength:"64"`
	KeyID          string `query:"key_id" maxLength:"64"`
	InstallationID string `query:"installation_id" maxLength:"64"`
	ProductID      string `query:"product_id" maxLength:"64"`
	LicenseType    string `query:"license_type" maxLength:"64" doc:"Code."`
	Method         string `query:"method" enum:"online,offline"`
	State          string `query:"state" enum:"live,ended" doc:"Only live or only ended ones."`
	Status         string `query:"status" enum:"active,over_limit,suspended,expired,deactivated" doc:"Only those that stand so now. A page of them may be shorter than its limit."`
	Search         string `query:"search" maxLength:"200" doc:"Part of the name of the installation, of its host or of the site."`
	Stale          bool   `query:"stale" doc:"Only those whose figures are older than the plan wants them."`
}

func (h *handlers) activations(ctx context.Context, in *activationFilter, l database.Listing) (database.Page[licensing.Row], error) {
	return h.Licensing.Rows(ctx, actorFrom(ctx), licensing.RowFilter{
		OrganizationID: in.OrganizationID, SubscriptionID: in.SubscriptionID, KeyID: in.KeyID,
		InstallationID: in.InstallationID, ProductID: in.ProductID, LicenseType: in.LicenseType, Method: licensefile.Method(in.Method),
		State: in.State, Status: in.Status, Search: in.Search, Stale: in.Stale,
	}, l)
}

func (h *handlers) activation(ctx context.Context, in *ByID) (*body[api.Activation], error) {
	return answer(wireActivation)(h.Licensing.Row(ctx, actorFrom(ctx), in.ID))
}

type release struct {
	ByID
	Body api.Release
}

func (h *handlers) release(ctx context.Context, in *release) (*body[api.Activation], error) {
	return answer(wireActivation)(h.Licensing.Release(ctx, actorFrom(ctx), in.ID, in.Body.Reason))
}

func (h *handlers) deactivate(ctx context.Context, in *ByID) (*body[api.Activation], error) {
	return answer(wireActivation)(h.Licensing.Deactivate(ctx, actorFrom(ctx), in.ID))
}

func (h *handlers) deactivateAll(ctx context.Context, in *body[api.Deactivation]) (*body[api.Deactivated], error) {
	return answer(wireDeactivated)(h.Licensing.DeactivateAll(ctx, actorFrom(ctx), in.Body.IDs))
}

func wireDeactivated(outcomes []licensing.Deactivated) api.Deactivated {
	w := api.Deactivated{Outcomes: make([]api.DeactivationOutcome, len(outcomes))}
	for i, o := range outcomes {
		w.Outcomes[i] = api.DeactivationOutcome{ID: o.ID, Problem: wireRefusal(o.Refusal)}
	}
	return w
}

// wireRefusal says why something is not allowed; nil when it is.
func wireRefusal(err error) *api.Refusal {
	p := problem.From(err)
	if p == nil {
		return nil
	}
	return &api.Refusal{Code: string(p.Code), Message: p.Message}
}

// file is an answer to save.
type file struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	CacheControl       string `header:"Cache-Control"`
	Body               []byte
}

func signedFile(signed licensing.Signed, err error) (*file, error) {
	if err != nil {
		return nil, err
	}
	data, name := signed.File()
	return &file{
		ContentType:        fileType,
		ContentDisposition: mime.FormatMediaType("attachment", map[string]string{"filename": name}),
		CacheControl:       "no-store",
		Body:               data,
	}, nil
}

func (h *handlers) issueLicense(ctx context.Context, in *ByID) (*file, error) {
	return signedFile(h.Licensing.IssueLicense(ctx, actorFrom(ctx), in.ID))
}

func wireActivation(r licensing.Row) api.Activation {
	a, l, i := r.Activation, r.Slot, r.Installation
	w := api.Activation{
		ID: a.ID, Status: r.Status, Method: string(a.Method), OrganizationID: a.OrganizationID, SubscriptionID: a.SubscriptionID,
		Product: r.ProductName, Plan: r.PlanName, LicenseType: l.LicenseType,
		Key: api.MaskedKey{ID: r.Key.ID, Kind: string(r.Key.Kind), Masked: r.Key.Masked()},
		Installation: api.Installation{
			ID: i.ID, Name: i.Name, HostName: i.HostName, OperatingSystem: i.OperatingSystem, Version: i.SoftwareVersion,
		},
		Site: api.Site{ID: l.SiteID, Name: l.SiteName}, SlotID: l.ID, Serial: l.Serial, ForkedAt: l.ForkedAt,
		StartedAt: a.StartedAt, EndedAt: a.EndedAt, EndReason: string(a.EndReason), EndNote: a.EndNote,
		Used: a.Used, Peak: a.Peak, Maximum: r.Maximum, UsedAt: a.UsedAt, OverSince: a.OverSince,
		LastSeenAt: a.LastSeenAt, LastReportedAt: a.LastReportedAt, ExpiresAt: a.ExpiresAt,
		NearLimit: r.NearLimit, FiguresAt: r.FiguresAt, Stale: r.Stale,
		Verdict: string(r.Decision.Verdict), GraceEndsAt: r.Decision.Until,
	}
	if r.Decision.Code != "" {
		w.Problem = &api.Refusal{Code: r.Decision.Code, Message: r.Decision.Message}
	}
	for _, remedy := range r.Decision.Remedies {
		w.Remedies = append(w.Remedies, api.Remedy(remedy))
	}
	return w
}
