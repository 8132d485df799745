package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/licensefile"
)

func (h *handlers) registerSubscriptions() {
	const tag = "Subscriptions"
	once(h, created(operation("create-subscription", http.MethodPost, "/subscriptions", tag,
		"Issue a subscription and its key", identity.Write(identity.ScopeSubscriptions))), h.createSubscription, h.readIssued)
	list(h, operation("list-subscriptions", http.MethodGet, "/subscriptions", tag, "List subscriptions", identity.Read(identity.ScopeSubscriptions)), wireSubscription, h.subscriptions)
	huma.Register(h.api, operation("get-subscription", http.MethodGet, "/subscriptions/{id}", tag, "Get a subscription", identity.Read(identity.ScopeSubscriptions)), h.subscription)
	huma.Register(h.api, operation("set-offline", http.MethodPut, "/subscriptions/{id}/offline", tag,
		"Allow or forbid activation by file", identity.Write(identity.ScopeSubscriptions)), h.setOffline)
	huma.Register(h.api, operation("suspend-subscription", http.MethodPost, "/subscriptions/{id}/suspend", tag,
		"Suspend a subscription: its rows refuse every operation from their next contact on", identity.Write(identity.ScopeSubscriptions)), h.suspend)
	huma.Register(h.api, operation("resume-subscription", http.MethodPost, "/subscriptions/{id}/resume", tag,
		"Let a suspended subscription run again", identity.Write(identity.ScopeSubscriptions)), h.resume)
}

func (h *handlers) createSubscription(ctx context.Context, actor identity.Actor, in *Creation[api.NewSubscription]) (*body[api.IssuedSubscription], error) {
	n := in.Body
	made, key, err := h.Licensing.CreateSubscription(ctx, actor, licensing.NewSubscription{
		PlanID: n.PlanID, OrganizationID: n.OrganizationID, Quantity: n.Quantity, StartsOn: licensefile.Date(n.StartsOn),
		EndsOn: licensefile.Date(n.EndsOn), MaintenanceEndsOn: licensefile.Date(n.MaintenanceEndsOn), OfflineAllowed: n.OfflineAllowed,
	})
	return answerIssued(made, key, err)
}

// readIssued gives what an earlier request issued, with the key: whoever issued
// it may see it.
func (h *handlers) readIssued(ctx context.Context, actor identity.Actor, id string) (*body[api.IssuedSubscription], error) {
	return answerIssued(h.Licensing.Issued(ctx, actor, id))
}

func answerIssued(made licensing.Subscription, key licensing.IssuedKey, err error) (*body[api.IssuedSubscription], error) {
	if err != nil {
		return nil, err
	}
	return &body[api.IssuedSubscription]{Body: api.IssuedSubscription{
		Subscription: wireSubscription(made), Key: api.IssuedKey{ID: key.ID, Key: key.Key},
	}}, nil
}

type subscriptionFilter struct {
	Paging
	OrganizationID string `query:"organization_id" maxLength:"64" doc:"Only subscriptions of this organization."`
}

func (h *handlers) subscriptions(ctx context.Context, in *subscriptionFilter, l database.Listing) (database.Page[licensing.Subscription], error) {
	return h.Licensing.Subscriptions(ctx, actorFrom(ctx), in.OrganizationID, l)
}

func (h *handlers) subscription(ctx context.Context, in *ByID) (*body[api.Subscription], error) {
	return answer(wireSubscription)(h.Licensing.Subscription(ctx, actorFrom(ctx), in.ID))
}

type offlineSwitch struct {
	ByID
	Body api.OfflineSwitch
}

func (h *handlers) setOffline(ctx context.Context, in *offlineSwitch) (*body[api.Subscription], error) {
	return answer(wireSubscription)(h.Licensing.SetOffline(ctx, actorFrom(ctx), in.ID, in.Body.Allowed))
}

func (h *handlers) suspend(ctx context.Context, in *ByID) (*body[api.Subscription], error) {
	return answer(wireSubscription)(h.Licensing.Suspend(ctx, actorFrom(ctx), in.ID))
}

func (h *handlers) resume(ctx context.Context, in *ByID) (*body[api.Subscription], error) {
	return answer(wireSubscription)(h.Licensing.Resume(ctx, actorFrom(ctx), in.ID))
}

func wireSubscription(s licensing.Subscription) api.Subscription {
	return api.Subscription{
		ID: s.ID, OrganizationID: s.OrganizationID, OrganizationName: s.OrganizationName, PlanID: s.PlanID, Quantity: s.Quantity,
		StartsOn: string(s.StartsOn), EndsOn: string(s.EndsOn), MaintenanceEndsOn: string(s.MaintenanceEndsOn),
		OfflineAllowed: s.OfflineAllowed, SuspendedAt: s.SuspendedAt, Version: s.Version, CreatedAt: s.CreatedAt,
	}
}
