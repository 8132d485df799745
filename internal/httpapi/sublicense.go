package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/licensefile"
)

func (h *handlers) registerSublicenses() {
	const tag = "Keys"
	write := identity.Write(identity.ScopeKeys)
	once(h, created(operation("create-sublicense", http.MethodPost, "/subscriptions/{id}/sublicenses", tag,
		"Make a sublicense with a key of its own", write)), h.createSublicense, h.readSublicense)
	huma.Register(h.api, operation("preview-sublicense", http.MethodPost, "/subscriptions/{id}/sublicenses/preview", tag,
		"Say what a new sublicense would do to the pool, without making it", write), h.previewSublicense)
	huma.Register(h.api, operation("change-sublicense", http.MethodPatch, "/keys/{id}", tag,
		"Rename, resize, convert or end a sublicense", write), h.changeSublicense)
	huma.Register(h.api, operation("preview-sublicense-change", http.MethodPost, "/keys/{id}/preview", tag,
		"Say what a change of a sublicense would do to the pool, without doing it", write), h.previewSublicenseChange)
	huma.Register(h.api, operation("delete-sublicense", http.MethodDelete, "/keys/{id}", tag,
		"Delete a sublicense that is not activated", write), h.deleteSublicense)
}

type newSublicense struct {
	Repeatable
	ByID
	Body api.NewSublicense
}

const modeReserved, modeDynamic = "reserved", "dynamic"

func sublicenseOf(n api.NewSublicense) licensing.Sublicense {
	return licensing.Sublicense{Name: n.Name, Quota: n.Quota, Reserved: n.Mode == modeReserved, EndsOn: licensefile.Date(n.EndsOn)}
}

func (h *handlers) createSublicense(ctx context.Context, actor identity.Actor, in *newSublicense) (*body[api.IssuedSublicense], error) {
	return answerSublicense(h.Licensing.CreateSublicense(ctx, actor, in.ID, sublicenseOf(in.Body)))
}

// readSublicense gives what an earlier request made, with the key: whoever made
// it may see it.
func (h *handlers) readSublicense(ctx context.Context, actor identity.Actor, id string) (*body[api.IssuedSublicense], error) {
	return answerSublicense(h.Licensing.IssuedSublicense(ctx, actor, id))
}

func answerSublicense(made licensing.OwnedKey, key licensing.IssuedKey, err error) (*body[api.IssuedSublicense], error) {
	if err != nil {
		return nil, err
	}
	return &body[api.IssuedSublicense]{Body: api.IssuedSublicense{
		Sublicense: wireKey(made), Key: api.IssuedKey{ID: key.ID, Key: key.Key},
	}}, nil
}

type sublicensePreview struct {
	ByID
	Body api.NewSublicense
}

func (h *handlers) previewSublicense(ctx context.Context, in *sublicensePreview) (*body[api.SublicenseEffect], error) {
	return answer(wireEffect)(h.Licensing.PreviewSublicense(ctx, actorFrom(ctx), in.ID, sublicenseOf(in.Body)))
}

type sublicenseChange struct {
	ByID
	Matching
	Body api.SublicenseChange
}

func changeOf(c api.SublicenseChange) licensing.SublicenseChange {
	change := licensing.SublicenseChange{Name: c.Name, Quota: c.Quota, Force: c.Force}
	if c.Mode != nil {
		reserved := *c.Mode == modeReserved
		change.Reserved = &reserved
	}
	if c.EndsOn != nil {
		day := licensefile.Date(*c.EndsOn)
		change.EndsOn = &day
	}
	return change
}

func (h *handlers) changeSublicense(ctx context.Context, in *sublicenseChange) (*tagged[api.Key], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return answerKey(h.Licensing.ChangeSublicense(ctx, actorFrom(ctx), in.ID, changeOf(in.Body), version))
}

type changePreview struct {
	ByID
	Body api.SublicenseChange
}

func (h *handlers) previewSublicenseChange(ctx context.Context, in *changePreview) (*body[api.SublicenseEffect], error) {
	return answer(wireEffect)(h.Licensing.PreviewChange(ctx, actorFrom(ctx), in.ID, changeOf(in.Body)))
}

type sublicenseDeletion struct {
	ByID
	Matching
}

func (h *handlers) deleteSublicense(ctx context.Context, in *sublicenseDeletion) (*struct{}, error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return nil, h.Licensing.DeleteSublicense(ctx, actorFrom(ctx), in.ID, version)
}

func wireEffect(e licensing.SublicenseEffect) api.SublicenseEffect {
	w := api.SublicenseEffect{
		Allowed: e.Refusal == nil, Problem: wireRefusal(e.Refusal), Used: e.Used, MaximumBefore: e.MaximumBefore, MaximumAfter: e.MaximumAfter,
	}
	if !e.Unlimited {
		before, after := wirePool(e.Before), wirePool(e.After)
		w.Before, w.After = &before, &after
	}
	return w
}

func wirePool(p licensing.Pool) api.Pool {
	return api.Pool{
		Total: p.Total, Used: p.Used, Main: p.Main(), Reserved: p.Reserved, ReservedInUse: p.ReservedInUse,
		ReservedAvailable: p.ReservedAvailable(), Unused: p.Unused(),
	}
}
