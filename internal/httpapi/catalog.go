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
	once(h, created(operation("create-plan", http.MethodPost, "/plans", tag, "Create a plan", write)), h.createPlan, h.readPlan)
	list(h, operation("list-plans", http.MethodGet, "/plans", tag, "List plans", read), wirePlan, h.plans)
	huma.Register(h.api, operation("get-plan", http.MethodGet, "/plans/{id}", tag, "Get a plan", read), h.plan)
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

func answerPlan(p catalog.Plan, err error) (*tagged[api.Plan], error) {
	return answerTagged(wirePlan, func(p catalog.Plan) int64 { return p.Version })(p, err)
}

func wirePlan(p catalog.Plan) api.Plan {
	return api.Plan{
		ID: p.ID, ProductID: p.ProductID, Code: p.Code, Name: p.Name, Policy: wirePolicy(p.Policy),
		Version: p.Version, CreatedAt: p.CreatedAt,
	}
}

// policyOf lays what was given over the defaults of the model. The members of
// both have the same names, so JSON does it. A key format and a billing rule are
// taken as a whole.
func policyOf(n api.NewPolicy) (catalog.Policy, error) {
	policy := catalog.DefaultPolicy(catalog.Model(n.Model))
	if n.KeyFormat != nil {
		policy.KeyFormat = catalog.KeyFormat{}
	}
	if n.Billing != nil {
		policy.Billing = catalog.Billing{}
	}
	given, err := json.Marshal(n)
	if err != nil {
		return policy, err
	}
	err = json.Unmarshal(given, &policy)
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
