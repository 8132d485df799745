package agentapi

import (
	"context"
	"net/http"

	"github.com/licethq/licet/internal/agent"
)

func (h *handlers) registerRows() {
	const tag = "Rows"
	register(h, operation("list-rows", http.MethodGet, "/rows", tag, "List the rows: each license type at each site"), h.rows)
	register(h, operation("get-row", http.MethodGet, "/rows/{site}/{license_type}", tag, "Get a row with its license"), h.row)
	register(h, operation("preview-key", http.MethodPost, "/rows/{site}/{license_type}/preview", tag,
		"Ask the publisher what activating a key would grant"), h.preview)
	register(h, operation("activate-row", http.MethodPost, "/rows/{site}/{license_type}/activate", tag,
		"Activate a row with a license key, online"), h.activate)
	register(h, operation("refresh-row", http.MethodPost, "/rows/{site}/{license_type}/refresh", tag,
		"Fetch the current license of a row, online"), h.refresh)
	register(h, operation("deactivate-row", http.MethodPost, "/rows/{site}/{license_type}/deactivate", tag,
		"Release the key of a row, online and at once"), h.deactivate)
}

// RowPath names a row. It is exported for huma, which skips unexported fields.
type RowPath struct {
	Site        string `path:"site" maxLength:"100" doc:"Id or name; ~ is the default site."`
	LicenseType string `path:"license_type" maxLength:"64"`
}

func (p RowPath) site() string {
	if p.Site == defaultSite {
		return ""
	}
	return p.Site
}

type keyInput struct {
	RowPath
	Body Key
}

// Rows is the list of rows.
type Rows struct {
	Rows []Row `json:"rows"`
}

func (h *handlers) rows(ctx context.Context, _ *struct{}) (*body[Rows], error) {
	rows, err := h.agent.Rows(ctx)
	return answer(Rows{each(rows, h.wireRow)}, err)
}

func (h *handlers) row(ctx context.Context, in *RowPath) (*body[Row], error) {
	return h.answerRow(h.agent.Row(ctx, in.site(), in.LicenseType))
}

func (h *handlers) preview(ctx context.Context, in *keyInput) (*body[Preview], error) {
	p, err := h.agent.Preview(ctx, in.site(), in.LicenseType, in.Body.Key)
	return answer(wirePreview(p), err)
}

func (h *handlers) activate(ctx context.Context, in *keyInput) (*body[Row], error) {
	return h.answerRow(h.agent.Activate(ctx, in.site(), in.LicenseType, in.Body.Key))
}

func (h *handlers) refresh(ctx context.Context, in *RowPath) (*body[Row], error) {
	return h.answerRow(h.agent.Refresh(ctx, in.site(), in.LicenseType))
}

func (h *handlers) deactivate(ctx context.Context, in *RowPath) (*body[Row], error) {
	return h.answerRow(h.agent.Deactivate(ctx, in.site(), in.LicenseType))
}

func (h *handlers) wireRow(r agent.Row) Row { return wireRow(r, h.now()) }

func (h *handlers) answerRow(r agent.Row, err error) (*body[Row], error) {
	if err != nil {
		return answer(Row{}, err)
	}
	return answer(h.wireRow(r), nil)
}
