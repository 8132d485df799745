package bench

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/licensefile"
)

// Seed is what a server was filled with: a product with one plan, and a company
// that buys. It issues keys.
type Seed struct {
	Publisher Publisher
	Trust     *licensefile.Trust
	API       *api.Client

	ProductID, PlanID, OrganizationID string

	token string
	today time.Time
}

// seedConnections is how many subscriptions are issued at a time.
const seedConnections = 64

// Seed gives an owner's token to itself and fills the server through its API.
func (s *Server) Seed(ctx context.Context) (*Seed, error) {
	trust, err := s.Trust(ctx)
	if err != nil {
		return nil, err
	}
	token, err := s.Command(ctx, "staff", "create", "--email", "owner@example.com", "--role", "owner")
	if err != nil {
		return nil, err
	}
	seed := &Seed{Trust: trust, token: tokenIn(token), today: time.Now()}
	seed.Connect(s.Address)
	err = seed.catalog(ctx)
	return seed, err
}

// Connect makes API a client of the server at another address: a further process,
// or the same one started again.
func (s *Seed) Connect(address string) {
	s.API = api.New("http://"+address, s.token)
	s.API.HTTP = &http.Client{Timeout: answerLimit, Transport: &http.Transport{MaxIdleConnsPerHost: seedConnections}}
}

// Install gives a new installation of the product.
func (s *Seed) Install() (*Installation, error) {
	return NewInstallation(s.Publisher, rand.Reader, time.Now)
}

// tokenIn gives the token out of what the command prints around it.
func tokenIn(printed string) string {
	for _, w := range strings.Fields(printed) {
		if strings.HasPrefix(w, "lic_") {
			return w
		}
	}
	return ""
}

// catalog makes the product, the plan and the company.
func (s *Seed) catalog(ctx context.Context) error {
	publisher, err := s.API.Publisher(ctx)
	if err != nil {
		return err
	}
	product, err := s.API.CreateProduct(ctx, api.NewProduct{Code: "device-management", Name: "Device Management"})
	if err != nil {
		return err
	}
	days := int64(lease / (24 * time.Hour))
	plan, err := s.API.CreatePlan(ctx, api.NewPlan{
		ProductID: product.ID, Code: "desktop", Name: "Desktop, one year",
		Policy: api.NewPolicy{
			Model:       "subscription",
			LicenseType: api.LicenseType{Code: "desktop", Name: "Desktop", Metric: usageMetric},
			LeaseDays:   &days,
		},
	})
	if err != nil {
		return err
	}
	organization, err := s.API.CreateOrganization(ctx, api.NewOrganization{Kind: "customer", Name: "Example Company"})
	if err != nil {
		return err
	}
	s.ProductID, s.PlanID, s.OrganizationID = product.ID, plan.ID, organization.ID
	s.Publisher = Publisher{ID: publisher.ID, Product: product.Code, LicenseType: plan.Policy.LicenseType.Code}
	return nil
}

// Keys issues so many subscriptions of 100 licenses, registered to the company,
// and gives their keys.
func (s *Seed) Keys(ctx context.Context, n int) ([]string, error) {
	quantity := int64(100)
	keys := make([]string, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(seedConnections)
	for i := range keys {
		group.Go(func() error {
			issued, err := s.API.CreateSubscription(ctx, api.NewSubscription{
				PlanID: s.PlanID, OrganizationID: s.OrganizationID, Quantity: &quantity,
				EndsOn: s.today.AddDate(1, 0, 0).Format(time.DateOnly),
			})
			keys[i] = issued.Key.Key
			return err
		})
	}
	return keys, group.Wait()
}
