package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerSettings() {
	const tag = "Settings"
	huma.Register(h.api, operation("get-settings", http.MethodGet, "/settings", tag, "What the publisher has set for people",
		identity.Read(identity.ScopeSystem)), h.settings)
	huma.Register(h.api, operation("change-settings", http.MethodPut, "/settings", tag, "Replace the settings",
		identity.Write(identity.ScopeSystem)), h.changeSettings)
}

func (h *handlers) settings(ctx context.Context, _ *struct{}) (*tagged[api.Settings], error) {
	return answerSettings(h.Identity.Settings(ctx, actorFrom(ctx)))
}

type settingsChange struct {
	Matching
	Body api.SettingsChange
}

func (h *handlers) changeSettings(ctx context.Context, in *settingsChange) (*tagged[api.Settings], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return answerSettings(h.Identity.ChangeSettings(ctx, actorFrom(ctx), identity.Settings(in.Body), version))
}

func answerSettings(s identity.Settings, version int64, err error) (*tagged[api.Settings], error) {
	if err != nil {
		return nil, err
	}
	return &tagged[api.Settings]{ETag: etag(version), Body: api.Settings(s)}, nil
}
