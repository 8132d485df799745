package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/catalog"
)

func (h *handlers) registerCatalog() {
	huma.Register(h.api, created(operation("create-product", http.MethodPost, "/products", "Catalog", "Create a product")), h.createProduct)
	huma.Register(h.api, operation("list-products", http.MethodGet, "/products", "Catalog", "List products"), h.products)
	huma.Register(h.api, operation("get-product", http.MethodGet, "/products/{id}", "Catalog", "Get a product"), h.product)
	huma.Register(h.api, created(operation("create-plan", http.MethodPost, "/plans", "Catalog", "Create a plan")), h.createPlan)
	huma.Register(h.api, operation("list-plans", http.MethodGet, "/plans", "Catalog", "List plans"), h.plans)
	huma.Register(h.api, operation("get-plan", http.MethodGet, "/plans/{id}", "Catalog", "Get a plan"), h.plan)
}

func (h *handlers) createProduct(ctx context.Context, in *body[api.NewProduct]) (*body[api.Product], error) {
	return answer(wireProduct)(h.Catalog.CreateProduct(ctx, actorFrom(ctx), catalog.NewProduct{Code: in.Body.Code, Name: in.Body.Name}))
}

func (h *handlers) products(ctx context.Context, in *Paging) (*body[api.Page[api.Product]], error) {
	return page(*in, wireProduct, func(p api.Product) string { return p.ID }, func(after string, limit int) ([]catalog.Product, error) {
		return h.Catalog.Products(ctx, actorFrom(ctx), after, limit)
	})
}

func (h *handlers) product(ctx context.Context, in *ByID) (*body[api.Product], error) {
	return answer(wireProduct)(h.Catalog.Product(ctx, actorFrom(ctx), in.ID))
}

func wireProduct(p catalog.Product) api.Product {
	return api.Product{ID: p.ID, Code: p.Code, Name: p.Name, Version: p.Version, CreatedAt: p.CreatedAt}
}

func (h *handlers) createPlan(ctx context.Context, in *body[api.NewPlan]) (*body[api.Plan], error) {
	policy, err := policyOf(in.Body.Policy)
	if err != nil {
		return nil, err
	}
	return answer(wirePlan)(h.Catalog.CreatePlan(ctx, actorFrom(ctx), catalog.NewPlan{
		ProductID: in.Body.ProductID, Code: in.Body.Code, Name: in.Body.Name, Policy: policy,
	}))
}

type planFilter struct {
	Paging
	ProductID string `query:"product_id" maxLength:"64" doc:"Only plans of this product."`
}

func (h *handlers) plans(ctx context.Context, in *planFilter) (*body[api.Page[api.Plan]], error) {
	return page(in.Paging, wirePlan, func(p api.Plan) string { return p.ID }, func(after string, limit int) ([]catalog.Plan, error) {
		return h.Catalog.Plans(ctx, actorFrom(ctx), in.ProductID, after, limit)
	})
}

func (h *handlers) plan(ctx context.Context, in *ByID) (*body[api.Plan], error) {
	return answer(wirePlan)(h.Catalog.Plan(ctx, actorFrom(ctx), in.ID))
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
