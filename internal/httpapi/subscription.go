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
	read, write := identity.Read(identity.ScopeSubscriptions), identity.Write(identity.ScopeSubscriptions)
	once(h, created(operation("create-subscription", http.MethodPost, "/subscriptions", tag,
		"Issue a subscription and its key", write)), h.createSubscription, h.readIssued)
	list(h, operation("list-subscriptions", http.MethodGet, "/subscriptions", tag, "List subscriptions", read), wireSubscription, h.subscriptions)
	huma.Register(h.api, operation("get-subscription", http.MethodGet, "/subscriptions/{id}", tag, "Get a subscription", read), h.subscription)
	once(h, operation("renew-subscription", http.MethodPost, "/subscriptions/{id}/renewals", tag,
		"Renew a subscription: it keeps its key and its activations", write), h.renew, h.readSubscription)
	once(h, operation("resize-subscription", http.MethodPost, "/subscriptions/{id}/quantity", tag,
		"Change how many licenses a subscription owns", write), h.resize, h.readSubscription)
	huma.Register(h.api, operation("set-offline", http.MethodPut, "/subscriptions/{id}/offline", tag,
		"Allow or forbid activation by file", write), h.setOffline)
	huma.Register(h.api, operation("request-offline", http.MethodPost, "/subscriptions/{id}/offline-requests", tag,
		"Ask the publisher to allow activation by file", write), h.requestOffline)
	huma.Register(h.api, operation("suspend-subscription", http.MethodPost, "/subscriptions/{id}/suspend", tag,
		"Suspend a subscription: its rows refuse every operation from their next contact on", write), h.changing((*licensing.Service).Suspend))
	huma.Register(h.api, operation("resume-subscription", http.MethodPost, "/subscriptions/{id}/resume", tag,
		"Let a suspended subscription run again", write), h.changing((*licensing.Service).Resume))
	huma.Register(h.api, operation("cancel-subscription", http.MethodPost, "/subscriptions/{id}/cancel", tag,
		"Cancel a subscription: it ends with the end of a day, without grace", write), h.cancel)
	huma.Register(h.api, operation("reinstate-subscription", http.MethodPost, "/subscriptions/{id}/reinstate", tag,
		"Take back a cancellation whose day is not over", write), h.changing((*licensing.Service).Reinstate))
}

func (h *handlers) createSubscription(ctx context.Context, actor identity.Actor, in *Creation[api.NewSubscription]) (*body[api.IssuedSubscription], error) {
	n := in.Body
	made, key, err := h.Licensing.CreateSubscription(ctx, actor, licensing.NewSubscription{
		PlanID: n.PlanID, OrganizationID: n.OrganizationID, Quantity: n.Quantity, StartsOn: licensefile.Date(n.StartsOn),
		EndsOn: licensefile.Date(n.EndsOn), TermMonths: n.TermMonths, MaintenanceEndsOn: licensefile.Date(n.MaintenanceEndsOn),
		OfflineAllowed: n.OfflineAllowed, Reference: n.Reference,
	})
	return answerIssued(made, key, err)
}

// readIssued gives what an earlier request issued, with the key: whoever issued
// it may see it.
func (h *handlers) readIssued(ctx context.Context, actor identity.Actor, id string) (*body[api.IssuedSubscription], error) {
	return answerIssued(h.Licensing.Issued(ctx, actor, id))
}

func answerIssued(made licensing.Contract, key licensing.IssuedKey, err error) (*body[api.IssuedSubscription], error) {
	if err != nil {
		return nil, err
	}
	return &body[api.IssuedSubscription]{Body: wireIssued(made, key)}, nil
}

func wireIssued(made licensing.Contract, key licensing.IssuedKey) api.IssuedSubscription {
	return api.IssuedSubscription{Subscription: wireSubscription(made), Key: api.IssuedKey{ID: key.ID, Key: key.Key}}
}

type subscriptionFilter struct {
	Paging
	OrganizationID string `query:"organization_id" maxLength:"64" doc:"Only subscriptions of this organization."`
	ProductID      string `query:"product_id" maxLength:"64" doc:"Only of this product."`
	PlanID         string `query:"plan_id" maxLength:"64" doc:"Only of this plan."`
	State          string `query:"state" enum:"not_started,active,expiring_soon,expired,suspended,canceled" doc:"Only in this state today."`
	Search         string `query:"search" maxLength:"200" doc:"Part of the organization's name or of the reference, or the last four characters of a key."`
	OfflineAsked   bool   `query:"offline_asked" doc:"Only those for which activation by file was asked."`
	Unregistered   bool   `query:"unregistered" doc:"Only those whose key is not registered."`
}

func (h *handlers) subscriptions(ctx context.Context, in *subscriptionFilter, l database.Listing) (database.Page[licensing.Contract], error) {
	return h.Licensing.Subscriptions(ctx, actorFrom(ctx), licensing.SubscriptionFilter{
		OrganizationID: in.OrganizationID, ProductID: in.ProductID, PlanID: in.PlanID, State: licensing.State(in.State), Search: in.Search,
		OfflineAsked: in.OfflineAsked, Unregistered: in.Unregistered,
	}, l)
}

func (h *handlers) subscription(ctx context.Context, in *ByID) (*tagged[api.Subscription], error) {
	return h.readSubscription(ctx, actorFrom(ctx), in.ID)
}

func (h *handlers) readSubscription(ctx context.Context, actor identity.Actor, id string) (*tagged[api.Subscription], error) {
	return answerSubscription(h.Licensing.Subscription(ctx, actor, id))
}

func answerSubscription(c licensing.Contract, err error) (*tagged[api.Subscription], error) {
	return answerTagged(wireSubscription, func(c licensing.Contract) int64 { return c.Version })(c, err)
}

// SubscriptionChange is a request to change a subscription. Huma looks into
// exported embedded types only.
type SubscriptionChange struct {
	ByID
	Matching
}

func (s SubscriptionChange) change() (licensing.Change, error) {
	version, err := s.version()
	return licensing.Change{ID: s.ID, Version: version}, err
}

// changing handles verbs that need no more than a subscription.
func (h *handlers) changing(
	do func(*licensing.Service, context.Context, identity.Actor, licensing.Change) (licensing.Contract, error),
) func(context.Context, *SubscriptionChange) (*tagged[api.Subscription], error) {
	return func(ctx context.Context, in *SubscriptionChange) (*tagged[api.Subscription], error) {
		change, err := in.change()
		if err != nil {
			return nil, err
		}
		return answerSubscription(do(h.Licensing, ctx, actorFrom(ctx), change))
	}
}

type renewal struct {
	SubscriptionChange
	Repeatable
	Body api.Renewal
}

func (h *handlers) renew(ctx context.Context, actor identity.Actor, in *renewal) (*tagged[api.Subscription], error) {
	change, err := in.change()
	if err != nil {
		return nil, err
	}
	n := licensing.Renewal{Change: change, TermMonths: in.Body.TermMonths}
	if in.Body.Order != nil {
		facts := orderFacts(*in.Body.Order)
		n.Order = &facts
	}
	return answerSubscription(h.Licensing.Renew(ctx, actor, n))
}

type resizing struct {
	SubscriptionChange
	Repeatable
	Body api.QuantityChange
}

func (h *handlers) resize(ctx context.Context, actor identity.Actor, in *resizing) (*tagged[api.Subscription], error) {
	change, err := in.change()
	if err != nil {
		return nil, err
	}
	return answerSubscription(h.Licensing.Resize(ctx, actor, licensing.Resizing{Change: change, Quantity: in.Body.Quantity, Force: in.Body.Force}))
}

type offlineSwitch struct {
	SubscriptionChange
	Body api.OfflineSwitch
}

func (h *handlers) setOffline(ctx context.Context, in *offlineSwitch) (*tagged[api.Subscription], error) {
	change, err := in.change()
	if err != nil {
		return nil, err
	}
	return answerSubscription(h.Licensing.SetOffline(ctx, actorFrom(ctx), change, in.Body.Allowed))
}

func (h *handlers) requestOffline(ctx context.Context, in *ByID) (*tagged[api.Subscription], error) {
	return answerSubscription(h.Licensing.RequestOffline(ctx, actorFrom(ctx), in.ID))
}

type cancellation struct {
	SubscriptionChange
	Body api.Cancellation
}

func (h *handlers) cancel(ctx context.Context, in *cancellation) (*tagged[api.Subscription], error) {
	change, err := in.change()
	if err != nil {
		return nil, err
	}
	return answerSubscription(h.Licensing.Cancel(ctx, actorFrom(ctx), licensing.Cancellation{
		Change: change, On: licensefile.Date(in.Body.On), Reason: in.Body.Reason,
	}))
}

func wireSubscription(c licensing.Contract) api.Subscription {
	policy := c.Offer.Policy
	s := api.Subscription{
		ID: c.ID, State: string(c.State), OrganizationID: c.OrganizationID, OrganizationName: c.OrganizationName,
		ProductID: c.Offer.ProductID, ProductCode: c.Offer.ProductCode, ProductName: c.Offer.ProductName,
		PlanID: c.PlanID, PlanCode: c.Offer.Code, PlanName: c.Offer.Name,
		Model: string(policy.Model), LicenseType: api.LicenseType(policy.Type), Quantity: c.Quantity,
		StartsOn: string(c.StartsOn), EndsOn: string(c.EndsOn), DaysLeft: c.DaysLeft, GraceEndsOn: string(c.GraceEndsOn),
		MaintenanceEndsOn: string(c.MaintenanceEndsOn), MaintenanceEnded: c.MaintenanceEnded,
		Renewable: c.Renewable, RenewableOn: string(c.RenewableOn), OfflineAllowed: c.OfflineAllowed, OfflineAskedAt: c.OfflineAskedAt,
		SuspendedAt: c.SuspendedAt, CanceledOn: string(c.CanceledOn), CancelReason: c.CancelNote,
		Seats: wireSeats(c.Seats), Keys: c.Keys, Activations: c.Activations, Reference: c.Reference, Version: c.Version, CreatedAt: c.CreatedAt,
	}
	if c.Contact != nil {
		contact := wireContact(*c.Contact)
		s.Contact = &contact
	}
	return s
}

func wireSeats(s licensing.Seats) api.Seats {
	w := api.Seats{
		Used: s.Used, Reserved: s.Reserved, ReservedInUse: s.ReservedInUse, Dynamic: s.Dynamic, DynamicInUse: s.DynamicInUse,
	}
	if s.Limited {
		total, main, unused := s.Total, s.Main(), s.Unused()
		w.Total, w.MainPool, w.Unused = &total, &main, &unused
	}
	return w
}
