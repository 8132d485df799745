package httpapi

import (
	"context"
	"net/http"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
)

func (h *handlers) registerMergers() {
	once(h, operation("merge-organization", http.MethodPost, "/organizations/{id}/merge", "Organizations",
		"Give everything of an organization to another and remove it, or preview that", identity.Write(identity.ScopeSystem)),
		h.mergeOrganization, h.readMerger)
	once(h, operation("transfer-subscription", http.MethodPost, "/subscriptions/{id}/transfer", "Subscriptions",
		"Give a subscription to another organization", identity.Write(identity.ScopeSystem)),
		h.transferSubscription, h.readTransfer)
}

type mergerOf struct {
	ByID
	Creation[api.NewMerger]
}

func (h *handlers) mergeOrganization(ctx context.Context, actor identity.Actor, in *mergerOf) (*body[api.Merger], error) {
	return answer(wireMerger)(h.Licensing.MergeOrganizations(ctx, actor, in.ID, in.Body.Into, in.Body.Preview))
}

func (h *handlers) readMerger(ctx context.Context, actor identity.Actor, id string) (*body[api.Merger], error) {
	return answer(wireMerger)(h.Licensing.Merger(ctx, actor, id))
}

func wireMerger(m licensing.Merger) api.Merger {
	return api.Merger{
		From: m.From, Into: m.Into, Preview: m.Preview, Subscriptions: m.Subscriptions, Keys: m.Keys, Installations: m.Installations,
		Activations: m.Activations, Orders: m.Orders, Sites: m.Sites, Members: m.Members, MembersInBoth: m.MembersInBoth,
		Invitations: m.Invitations, Tokens: m.Tokens,
	}
}

type transferOf struct {
	ByID
	Creation[api.NewTransfer]
}

func (h *handlers) transferSubscription(ctx context.Context, actor identity.Actor, in *transferOf) (*body[api.Transfer], error) {
	return answer(wireTransfer)(h.Licensing.TransferSubscription(ctx, actor, in.ID, in.Body.OrganizationID, licensing.TransferReason(in.Body.Reason)))
}

func (h *handlers) readTransfer(ctx context.Context, actor identity.Actor, id string) (*body[api.Transfer], error) {
	return answer(wireTransfer)(h.Licensing.Transfer(ctx, actor, id))
}

func wireTransfer(t licensing.Transfer) api.Transfer {
	return api.Transfer{
		SubscriptionID: t.SubscriptionID, From: t.From, To: t.To, Reason: string(t.Reason), Keys: t.Keys, Installations: t.Installations,
		Activations: t.Activations, GrantsRemoved: t.GrantsRemoved, OfflineUntil: t.OfflineUntil,
	}
}
