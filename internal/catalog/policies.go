package catalog

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/licethq/licet/internal/database"
)

// policiesKept bounds the memory of Policies; few publishers have more plans.
const policiesKept = 1024

// Policies gives policies of plans without parsing them each time. An entry is
// of one version of a plan, so it is never stale. It is safe for concurrent use.
type Policies struct {
	kept *lru.Cache[planVersion, Policy]
}

type planVersion struct {
	planID  string
	version int64
}

// NewPolicies gives an empty cache.
func NewPolicies() *Policies {
	kept, err := lru.New[planVersion, Policy](policiesKept)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Policies{kept: kept}
}

// Policy gives the policy of a plan that the caller has just read at a version.
// Should the plan have changed since, it gives the newer one. Treat what it
// gives as constant: maps and slices are shared. The error is not_found when
// there is no such plan.
func (p *Policies) Policy(q database.Querier, planID string, version int64) (Policy, error) {
	if known, ok := p.kept.Get(planVersion{planID, version}); ok {
		return known, nil
	}
	plan, err := PlanByID(q, planID)
	if err != nil {
		return Policy{}, err
	}
	p.kept.Add(planVersion{planID, plan.Version}, plan.Policy)
	return plan.Policy, nil
}
