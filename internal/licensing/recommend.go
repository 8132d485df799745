package licensing

import (
	"context"
	"errors"
	"strings"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Purchaser says whether a purchase named the person who looks at it.
type Purchaser string

// What a purchase may say of a person.
const (
	PurchaserYou     Purchaser = "you"
	PurchaserAnother Purchaser = "another" // who, is told to nobody
)

// Recommendation is what helps a person to choose the organization of an agent
// that signs in by code (R1).
type Recommendation struct {
	Key        string       // masked; empty when the agent gave none
	KeyProblem problem.Code // key_unknown, key_mistyped or key_replaced; empty is none

	// HolderID is the organization that holds the key, or the installation
	// already, when the person is a member of it. Elsewhere says that there is
	// one of which they are not.
	HolderID   string
	HolderName string
	Elsewhere  bool

	// Purchaser says on an upgrade whether the purchase named the person's
	// address as its primary one; empty when it named nobody.
	Purchaser Purchaser
}

// Recommend tells a person what is known of the key and the installation that
// ask in an agent's request. An organization is named to its members only.
func (s *Service) Recommend(ctx context.Context, actor identity.Actor, r identity.DeviceRequest) (Recommendation, error) {
	if err := actor.RequirePerson(); err != nil {
		return Recommendation{}, err
	}
	var found Recommendation
	err := s.DB.Snapshot(ctx, func(q database.Querier) error {
		p, err := s.purchase(q, r)
		if err != nil {
			return err
		}
		found = recommended(p, actor)
		if r.UpgradeFrom == "" || p.primaryEmail == "" {
			return nil
		}
		person, err := identity.PersonByID(q, actor.PersonID)
		if err != nil {
			return err
		}
		found.Purchaser = PurchaserAnother
		if strings.EqualFold(person.Email, p.primaryEmail) {
			found.Purchaser = PurchaserYou
		}
		return nil
	})
	return found, err
}

// purchase is what lies behind an agent's request.
type purchase struct {
	key            string // masked
	keyProblem     problem.Code
	organizationID string
	primaryEmail   string // that the order named
}

// recommended says what a person may know of a purchase.
func recommended(p purchase, actor identity.Actor) Recommendation {
	r := Recommendation{Key: p.key, KeyProblem: p.keyProblem}
	m := actor.Membership(p.organizationID)
	switch {
	case p.organizationID == "":
	case m == nil:
		r.Elsewhere = true
	default:
		r.HolderID, r.HolderName = m.OrganizationID, m.OrganizationName
	}
	return r
}

// purchase finds what an agent's key was sold with; without a key, what its
// installation uses.
func (s *Service) purchase(q database.Querier, r identity.DeviceRequest) (purchase, error) {
	if r.Key == "" {
		return installationPurchase(q, r.Installation)
	}
	normalized := licensefile.NormalizeKey(r.Key)
	p := purchase{key: licensefile.Masked(licensefile.LastFour(normalized))}
	t, _, err := s.offered(q, s.lookup(normalized), "") // the pool is not asked
	if errors.Is(err, database.ErrNoRows) {
		p.keyProblem = problem.From(notFound(normalized)).Code
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if t.Key.ReplacedBy != "" {
		p.keyProblem = problem.KeyReplaced
	}
	p.organizationID = t.Subscription.OrganizationID
	p.primaryEmail, err = primaryEmail(q, t.Subscription.ID)
	return p, err
}

// Recommends reports whether an organization is the one to choose. Where nobody
// holds the key yet, any of a person's own will do.
func (r Recommendation) Recommends(organizationID string) bool {
	return r.HolderID != "" && r.HolderID == organizationID
}

// MayFound reports whether founding an organization makes sense: a key or an
// installation that belongs to somebody cannot go to a new one.
func (r Recommendation) MayFound() bool { return r.HolderID == "" && !r.Elsewhere }
