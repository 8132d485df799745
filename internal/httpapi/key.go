package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
)

func (h *handlers) registerKeys() {
	const tag = "Keys"
	read, write := identity.Read(identity.ScopeKeys), identity.Write(identity.ScopeKeys)
	// A scope of its own: agents that sign in by code may do just this.
	once(h, operation("register-key", http.MethodPost, "/key-registrations", tag,
		"Register a key to an organization, or found one with it", identity.Write(identity.ScopeRegistration)), h.registerKey, h.readRegistered)
	list(h, operation("list-keys", http.MethodGet, "/keys", tag, "List keys", read), wireKey, h.keys)
	huma.Register(h.api, operation("get-key", http.MethodGet, "/keys/{id}", tag, "Get a key, masked", read), h.key)
	huma.Register(h.api, operation("reveal-key", http.MethodPost, "/keys/{id}/reveal", tag,
		"Get a key in full; that it was seen is recorded", write), h.revealKey)
	once(h, created(operation("replace-key", http.MethodPost, "/keys/{id}/replace", tag,
		"Give a leaked key's place to a new one: running activations go on under it", write)), h.replaceKey, h.readReplacement)
	h.registerSublicenses()
}

func (h *handlers) registerKey(ctx context.Context, actor identity.Actor, in *Creation[api.Registration]) (*body[api.Subscription], error) {
	r := licensing.Registration{Key: in.Body.Key, OrganizationID: in.Body.OrganizationID}
	if o := in.Body.Organization; o != nil {
		r.Organization = &identity.NewOrganization{Name: o.Name, Address: o.Address, Phone: o.Phone, Country: o.Country}
	}
	registered, err := h.Licensing.RegisterKey(ctx, actor, r)
	return answer(wireSubscription)(registered, h.guessed(ctx, err, problem.KeyUnknown, problem.KeyMistyped))
}

func (h *handlers) readRegistered(ctx context.Context, actor identity.Actor, id string) (*body[api.Subscription], error) {
	return answer(wireSubscription)(h.Licensing.Registered(ctx, actor, id))
}

type keyFilter struct {
	Paging
	OrganizationID string `query:"organization_id" maxLength:"64"`
	SubscriptionID string `query:"subscription_id" maxLength:"64"`
	Kind           string `query:"kind" enum:"primary,sublicense,product"`
	State          string `query:"state" enum:"valid,unregistered,ended,replaced,deleted" doc:"Left out is all but the deleted ones."`
	Search         string `query:"search" maxLength:"200" doc:"The last four characters, part of the name, or a whole key."`
}

func (h *handlers) keys(ctx context.Context, in *keyFilter, l database.Listing) (database.Page[licensing.OwnedKey], error) {
	return h.Licensing.Keys(ctx, actorFrom(ctx), licensing.KeyFilter{
		OrganizationID: in.OrganizationID, SubscriptionID: in.SubscriptionID, Kind: licensing.KeyKind(in.Kind),
		State: licensing.KeyState(in.State), Search: in.Search,
	}, l)
}

func (h *handlers) key(ctx context.Context, in *ByID) (*tagged[api.Key], error) {
	return answerKey(h.Licensing.KeyByID(ctx, actorFrom(ctx), in.ID))
}

func (h *handlers) revealKey(ctx context.Context, in *ByID) (*body[api.IssuedKey], error) {
	return answer(func(k licensing.IssuedKey) api.IssuedKey { return api.IssuedKey{ID: k.ID, Key: k.Key} })(
		h.Licensing.RevealKey(ctx, actorFrom(ctx), in.ID))
}

type replacement struct {
	Repeatable
	ByID
}

func (h *handlers) replaceKey(ctx context.Context, actor identity.Actor, in *replacement) (*body[api.ReplacedKey], error) {
	return answerReplacement(h.Licensing.ReplaceKey(ctx, actor, in.ID))
}

// readReplacement gives what an earlier request made, with the key: whoever made
// it may see it.
func (h *handlers) readReplacement(ctx context.Context, actor identity.Actor, id string) (*body[api.ReplacedKey], error) {
	return answerReplacement(h.Licensing.IssuedReplacement(ctx, actor, id))
}

func answerReplacement(made licensing.OwnedKey, key licensing.IssuedKey, err error) (*body[api.ReplacedKey], error) {
	if err != nil {
		return nil, err
	}
	return &body[api.ReplacedKey]{Body: api.ReplacedKey{
		Replacement: wireKey(made), Key: api.IssuedKey{ID: key.ID, Key: key.Key},
	}}, nil
}

func answerKey(k licensing.OwnedKey, err error) (*tagged[api.Key], error) {
	return answerTagged(wireKey, func(k licensing.OwnedKey) int64 { return k.Version })(k, err)
}

func wireKey(k licensing.OwnedKey) api.Key {
	w := api.Key{
		ID: k.ID, Kind: string(k.Kind), Masked: k.Masked(), State: string(k.State),
		OrganizationID: k.OrganizationID, OrganizationName: k.OrganizationName, SubscriptionID: k.SubscriptionID,
		Product: k.ProductName, Plan: k.PlanName, LicenseType: k.LicenseType,
		Name: k.Name, Quota: k.Quota, EndsOn: string(k.EndsOn), LastDay: string(k.LastDay),
		Activations: k.Rows, ActivationLimit: k.ActivationLimit, Used: k.Used, Maximum: k.Maximum, Available: k.Available,
		People: k.People, ReplacedBy: k.ReplacedBy, IssuedOn: string(k.IssuedOn), Version: k.Version, CreatedAt: k.CreatedAt,
	}
	switch {
	case k.Quota == nil:
	case k.Reserved:
		w.Mode = modeReserved
	default:
		w.Mode = modeDynamic
	}
	return w
}
