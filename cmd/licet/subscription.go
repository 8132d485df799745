package main

import (
	"context"

	"github.com/licethq/licet/api"
)

// subscriptionCommand sells and looks after subscriptions.
type subscriptionCommand struct {
	List    subscriptionList    `cmd:"" help:"List subscriptions."`
	Show    subscriptionShow    `cmd:"" help:"Show a subscription."`
	Create  subscriptionCreate  `cmd:"" help:"Issue a subscription and print its license key."`
	Offline subscriptionOffline `cmd:"" help:"Allow or forbid activation by file."`
	Suspend subscriptionSuspend `cmd:"" help:"Suspend a subscription: its rows refuse every operation from their next contact on."`
	Resume  subscriptionResume  `cmd:"" help:"Let a suspended subscription run again."`
}

type subscriptionList struct {
	serverFlags
	sortFlag

	Organization string `placeholder:"ID" help:"Only those of this organization."`
}

// Run lists subscriptions.
func (c *subscriptionList) Run(ctx context.Context, p *program) error {
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Subscription], error) {
		return s.Subscriptions(ctx, api.SubscriptionFilter{OrganizationID: c.Organization}, l)
	}, []string{"ID", "ORGANIZATION", "LICENSES", "STARTS", "ENDS", "SUSPENDED"}, func(s api.Subscription) []string {
		return []string{
			s.ID, or(s.OrganizationName, "-"), number(s.Quantity, "unlimited"), s.StartsOn, or(s.EndsOn, "never"), instant(s.SuspendedAt),
		}
	})
}

// subscriptionArg names a subscription.
type subscriptionArg struct {
	serverFlags

	Subscription string `arg:"" help:"Id of the subscription."`
}

func (p *program) printSubscription(s api.Subscription) {
	p.facts("Id", s.ID, "Organization", or(s.OrganizationName, "none; the key is not registered"), "Organization id", s.OrganizationID,
		"Plan", s.PlanID, "Licenses", number(s.Quantity, "unlimited"), "Starts", s.StartsOn, "Ends", or(s.EndsOn, "never"),
		"Maintenance ends", s.MaintenanceEndsOn, "Offline activation", yes(s.OfflineAllowed), "Suspended", maybeInstant(s.SuspendedAt))
}

type subscriptionShow struct {
	subscriptionArg
}

// Run shows a subscription.
func (c *subscriptionShow) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.Subscription(ctx, c.Subscription)
	}, p.printSubscription)
}

type subscriptionCreate struct {
	serverFlags
	onceFlag

	Plan         string `arg:"" help:"Id of the plan."`
	Organization string `placeholder:"ID" help:"Registers the key at once; left out, it is registered later."`
	Quantity     *int64 `placeholder:"NUMBER" help:"Licenses; left out is unlimited."`
	Starts       string `placeholder:"DAY" help:"First day, YYYY-MM-DD; left out is today."`
	Ends         string `placeholder:"DAY" help:"Last day, YYYY-MM-DD."`
	Maintenance  string `placeholder:"DAY" help:"Last day of maintenance, of a perpetual plan."`
	Offline      *bool  `negatable:"" help:"Allow activation by file; left out is what the plan says."`
}

// Run issues a subscription.
func (c *subscriptionCreate) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.IssuedSubscription, error) {
		return s.CreateSubscription(c.context(ctx), api.NewSubscription{
			PlanID: c.Plan, OrganizationID: c.Organization, Quantity: c.Quantity, StartsOn: c.Starts, EndsOn: c.Ends,
			MaintenanceEndsOn: c.Maintenance, OfflineAllowed: c.Offline,
		})
	}, func(issued api.IssuedSubscription) {
		p.printSubscription(issued.Subscription)
		p.facts("License key", issued.Key.Key)
	})
}

type subscriptionOffline struct {
	subscriptionArg

	Allowed string `arg:"" enum:"on,off" help:"on or off."`
}

// Run turns the switch.
func (c *subscriptionOffline) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.SetOffline(ctx, c.Subscription, c.Allowed == "on")
	}, p.printSubscription)
}

type subscriptionSuspend struct {
	subscriptionArg
}

// Run suspends.
func (c *subscriptionSuspend) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.Suspend(ctx, c.Subscription)
	}, p.printSubscription)
}

type subscriptionResume struct {
	subscriptionArg
}

// Run resumes.
func (c *subscriptionResume) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.Resume(ctx, c.Subscription)
	}, p.printSubscription)
}
