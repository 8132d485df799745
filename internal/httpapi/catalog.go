package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerCatalog() {
	const tag = "Catalog"
	read, write := identity.Read(identity.ScopeCatalog), identity.Write(identity.ScopeCatalog)
	once(h, created(operation("create-product", http.MethodPost, "/products", tag, "Create a product", write)), h.createProduct, h.readProduct)
	list(h, operation("list-products", http.MethodGet, "/products", tag, "List products", read), wireProduct, h.products)
	huma.Register(h.api, operation("get-product", http.MethodGet, "/products/{id}", tag, "Get a product", read), h.product)
	huma.Register(h.api, operation("change-product", http.MethodPatch, "/products/{id}", tag, "Rename a product", write), h.changeProduct)
	once(h, created(operation("create-plan", http.MethodPost, "/plans", tag, "Create a plan", write)), h.createPlan, h.readPlan)
	list(h, operation("list-plans", http.MethodGet, "/plans", tag, "List plans", read), wirePlan, h.plans)
	huma.Register(h.api, operation("get-plan", http.MethodGet, "/plans/{id}", tag, "Get a plan", read), h.plan)
	huma.Register(h.api, operation("change-plan", http.MethodPatch, "/plans/{id}", tag,
		"Change a plan: its subscriptions follow from their next contact on", write), h.changePlan)
}

func (h *handlers) createProduct(ctx context.Context, actor identity.Actor, in *Creation[api.NewProduct]) (*tagged[api.Product], error) {
	return answerProduct(h.Catalog.CreateProduct(ctx, actor, catalog.NewProduct{Code: in.Body.Code, Name: in.Body.Name}))
}

func (h *handlers) products(ctx context.Context, _ *Paging, l database.Listing) (database.Page[catalog.Product], error) {
	return h.Catalog.Products(ctx, actorFrom(ctx), l)
}

func (h *handlers) product(ctx context.Context, in *ByID) (*tagged[api.Product], error) {
	return h.readProduct(ctx, actorFrom(ctx), in.ID)
}

func (h *handlers) readProduct(ctx context.Context, actor identity.Actor, id string) (*tagged[api.Product], error) {
	return answerProduct(h.Catalog.Product(ctx, actor, id))
}

type productChange struct {
	ByID
	Matching
	Body api.ProductChange
}

func (h *handlers) changeProduct(ctx context.Context, in *productChange) (*tagged[api.Product], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return answerProduct(h.Catalog.ChangeProduct(ctx, actorFrom(ctx), catalog.ProductChange{ID: in.ID, Version: version, Name: in.Body.Name}))
}

func answerProduct(p catalog.Product, err error) (*tagged[api.Product], error) {
	return answerTagged(wireProduct, func(p catalog.Product) int64 { return p.Version })(p, err)
}

func wireProduct(p catalog.Product) api.Product {
	return api.Product{ID: p.ID, Code: p.Code, Name: p.Name, Version: p.Version, CreatedAt: p.CreatedAt}
}

func (h *handlers) createPlan(ctx context.Context, actor identity.Actor, in *Creation[api.NewPlan]) (*tagged[api.Plan], error) {
	policy, err := policyOf(in.Body.Policy)
	if err != nil {
		return nil, err
	}
	return answerPlan(h.Catalog.CreatePlan(ctx, actor, catalog.NewPlan{
		ProductID: in.Body.ProductID, Code: in.Body.Code, Name: in.Body.Name, Policy: policy,
	}))
}

type planFilter struct {
	Paging
	ProductID string `query:"product_id" maxLength:"64" doc:"Only plans of this product."`
}

func (h *handlers) plans(ctx context.Context, in *planFilter, l database.Listing) (database.Page[catalog.Plan], error) {
	return h.Catalog.Plans(ctx, actorFrom(ctx), in.ProductID, l)
}

func (h *handlers) plan(ctx context.Context, in *ByID) (*tagged[api.Plan], error) {
	return h.readPlan(ctx, actorFrom(ctx), in.ID)
}

func (h *handlers) readPlan(ctx context.Context, actor identity.Actor, id string) (*tagged[api.Plan], error) {
	return answerPlan(h.Catalog.Plan(ctx, actor, id))
}

type planChange struct {
	ByID
	Matching
	Body api.PlanChange
}

func (h *handlers) changePlan(ctx context.Context, in *planChange) (*tagged[api.Plan], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	change := catalog.PlanChange{ID: in.ID, Version: version, Name: in.Body.Name}
	if given := in.Body.Policy; given != nil {
		change.Policy = func(policy catalog.Policy) (catalog.Policy, error) { return changedPolicy(policy, *given) }
	}
	return answerPlan(h.Catalog.ChangePlan(ctx, actorFrom(ctx), change))
}

func answerPlan(p catalog.Plan, err error) (*tagged[api.Plan], error) {
	return answerTagged(wirePlan, func(p catalog.Plan) int64 { return p.Version })(p, err)
}

func wirePlan(p catalog.Plan) api.Plan {
	return api.Plan{
		ID: p.ID, ProductID: p.ProductID, Code: p.Code, Name: p.Name, Policy: wirePolicy(p.Policy),
		Version: p.Version, CreatedAt: p.CreatedAt,
	}
}

// policyOf lays what was given over the defaults of the model. A key format and a
// billing rule are taken as a whole.
func policyOf(n api.NewPolicy) (catalog.Policy, error) {
	policy := catalog.DefaultPolicy(catalog.Model(n.Model))
	if n.KeyFormat != nil {
		policy.KeyFormat = catalog.KeyFormat{}
	}
	if n.Billing != nil {
		policy.Billing = catalog.Billing{}
	}
	return laidOver(policy, n)
}

// changedPolicy lays what was given over a policy. What is a whole of its own
// takes nothing over from the present one.
func changedPolicy(policy catalog.Policy, c api.PolicyChange) (catalog.Policy, error) {
	if c.LicenseType != nil {
		policy.Type = catalog.LicenseType{}
	}
	if c.Entitlements != nil {
		policy.Entitlements = nil
	}
	if c.KeyFormat != nil {
		policy.KeyFormat = catalog.KeyFormat{}
	}
	if c.Billing != nil {
		policy.Billing = catalog.Billing{}
	}
	return laidOver(policy, c)
}

// laidOver gives a policy with the members that were given. The members of both
// have the same names, so JSON does it.
func laidOver(policy catalog.Policy, given any) (catalog.Policy, error) {
	data, err := json.Marshal(given)
	if err != nil {
		return policy, err
	}
	err = json.Unmarshal(data, &policy)
	return policy, err
}

func wirePolicy(p catalog.Policy) api.Policy {
	classes := make([]api.PriceClass, len(p.Billing.PriceClasses))
	for i, c := range p.Billing.PriceClasses {
		classes[i] = api.PriceClass(c)
	}
	return api.Policy{
		Model: string(p.Model), LicenseType: api.LicenseType(p.Type), Entitlements: p.Entitlements,
		ActivationsPerKey: p.ActivationsPerKey, OverLimit: string(p.OverLimit), OverLimitGraceDays: p.OverLimitGraceDays,
		WarnPercent: p.WarnPercent, RefreshEveryHours: p.RefreshEveryHours, ReportEveryHours: p.ReportEveryHours,
		CheckInEveryHours: p.CheckInEveryHours, LeaseDays: p.LeaseDays, WarnAfterDays: p.WarnAfterDays,
		DisableAfterDays: p.DisableAfterDays, OfflineAllowed: p.OfflineAllowed, OfflineLeaseDays: p.OfflineLeaseDays,
		ExpiryGraceDays: p.ExpiryGraceDays, ExpiringWithinDays: p.ExpiringWithinDays, RenewalWindowDays: p.RenewalWindowDays,
		Maintenance: p.Maintenance, OrganizationFromVersion: p.OrganizationFromVersion,
		Billing: api.Billing{
			Rule: string(p.Billing.Rule), MoreThanDays: p.Billing.MoreThanDays, PriceClasses: classes, DefaultClass: p.Billing.DefaultClass,
		},
		OnFork: string(p.OnFork), DeviceUpload: p.DeviceUpload,
		KeyFormat: api.KeyFormat{Style: string(p.KeyFormat.Style), Groups: p.KeyFormat.Groups, Length: p.KeyFormat.Length},
	}
}
