package catalog

import (
	"errors"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/licethq/licet/internal/database"
)

// Offer is a plan with the product that it is of.
type Offer struct {
	Plan
	ProductCode string
	ProductName string
}

// OfferVersion names an offer as it was at some time.
type OfferVersion struct {
	PlanID  string
	Plan    int64 // version of the plan
	Product int64 // version of its product
}

// offersKept bounds the memory of Offers; few publishers have more plans.
const offersKept = 1024

// Offers gives offers without loading and parsing them each time. An entry is of
// one version, so it is never stale. It is safe for concurrent use.
type Offers struct {
	kept *lru.Cache[OfferVersion, *Offer]
}

// NewOffers gives an empty cache.
func NewOffers() *Offers {
	kept, err := lru.New[OfferVersion, *Offer](offersKept)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Offers{kept: kept}
}

// Offer gives the offer whose versions the caller has just read. Should it have
// changed since, it gives the newer one. Treat what it gives as constant: it is
// shared. The error is not_found when there is no such plan.
func (o *Offers) Offer(q database.Querier, at OfferVersion) (*Offer, error) {
	if known, ok := o.kept.Get(at); ok {
		return known, nil
	}
	plan, err := PlanByID(q, at.PlanID)
	if err != nil {
		return nil, err
	}
	product, err := productByID(q, plan.ProductID)
	if err != nil {
		return nil, errors.Join(errors.New("catalog: a plan without a product"), err)
	}
	made := &Offer{Plan: plan, ProductCode: product.Code, ProductName: product.Name}
	o.kept.Add(OfferVersion{PlanID: plan.ID, Plan: plan.Version, Product: product.Version}, made)
	return made, nil
}
