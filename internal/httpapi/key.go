package httpapi

import (
	"context"
	"net/http"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
)

func (h *handlers) registerKeys() {
	const tag = "Keys"
	once(h, operation("register-key", http.MethodPost, "/key-registrations", tag,
		"Register a key to an organization, or found one with it", identity.Write(identity.ScopeRegistration)), h.registerKey, h.readRegistered)
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
