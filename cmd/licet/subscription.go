package main

import (
	"context"
	"slices"
	"strings"

	"github.com/licethq/licet/api"
)

// subscriptionCommand sells and looks after subscriptions.
type subscriptionCommand struct {
	List   subscriptionList   `cmd:"" help:"List subscriptions."`
	Show   subscriptionShow   `cmd:"" help:"Show a subscription."`
	Create subscriptionCreate `cmd:"" help:"Issue a subscription and print its license key."`

	Renew      subscriptionRenew      `cmd:"" help:"Renew a subscription: it keeps its key and its activations."`
	Quantity   subscriptionQuantity   `cmd:"" help:"Change how many licenses a subscription owns."`
	Offline    subscriptionOffline    `cmd:"" help:"Allow or forbid activation by file."`
	AskOffline subscriptionAskOffline `cmd:"" name:"ask-offline" help:"Ask the publisher to allow activation by file."`
	Suspend    subscriptionSuspend    `cmd:"" help:"Suspend a subscription: its rows refuse every operation from their next contact on."`
	Resume     subscriptionResume     `cmd:"" help:"Let a suspended subscription run again."`
	Cancel     subscriptionCancel     `cmd:"" help:"Cancel a subscription: it ends with the end of a day."`
	Reinstate  subscriptionReinstate  `cmd:"" help:"Take back a cancellation whose day is not over."`
	Transfer   subscriptionTransfer   `cmd:"" help:"Give a subscription to another organization."`
}

type subscriptionList struct {
	serverFlags
	sortFlag

	Organization string `placeholder:"ID" help:"Only those of this organization."`
	Product      string `placeholder:"ID" help:"Only those of this product."`
	Plan         string `placeholder:"ID" help:"Only those of this plan."`
	State        string `placeholder:"STATE" help:"not_started, active, expiring_soon, expired, suspended or canceled."`
	Search       string `placeholder:"TEXT" help:"Part of an organization's name or a reference, or the last four characters of a key."`
	OfflineAsked bool   `help:"Only those whose administrators wait for offline activation."`
	Unregistered bool   `help:"Only those whose key nobody has registered."`
}

// Run lists subscriptions.
func (c *subscriptionList) Run(ctx context.Context, p *program) error {
	filter := api.SubscriptionFilter{
		OrganizationID: c.Organization, ProductID: c.Product, PlanID: c.Plan, State: c.State, Search: c.Search,
		OfflineAsked: c.OfflineAsked, Unregistered: c.Unregistered,
	}
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Subscription], error) {
		return s.Subscriptions(ctx, filter, l)
	}, []string{"ID", "ORGANIZATION", "PRODUCT", "PLAN", "STATE", "LICENSES", "USED", "STARTS", "ENDS"}, func(s api.Subscription) []string {
		return []string{
			s.ID, or(s.OrganizationName, "-"), s.ProductName, s.PlanName, s.State, number(s.Quantity, "unlimited"), counted(s.Seats.Used),
			s.StartsOn, or(s.EndsOn, "never"),
		}
	})
}

// subscriptionArg names a subscription.
type subscriptionArg struct {
	serverFlags

	Subscription string `arg:"" help:"Id of the subscription."`
}

func (p *program) printSubscription(s api.Subscription) {
	seller := ""
	if s.Contact != nil {
		seller = strings.Join(nonempty(s.Contact.Reseller, s.Contact.Name, s.Contact.Email, s.Contact.Phone, s.Contact.URL), ", ")
	}
	p.facts("Id", s.ID, "State", s.State, "Organization", or(s.OrganizationName, "none; the key is not registered"),
		"Organization id", s.OrganizationID, "Product", s.ProductName+" "+s.PlanName, "License type", s.LicenseType.Name,
		"Licenses", number(s.Quantity, "unlimited"), "Used", counted(s.Seats.Used), "Main pool", number(s.Seats.MainPool, ""),
		"Reserved", counted(s.Seats.Reserved)+" ("+counted(s.Seats.ReservedInUse)+" in use)", "Starts", s.StartsOn, "Ends", or(s.EndsOn, "never"),
		"Days left", number(s.DaysLeft, ""), "Grace ends", s.GraceEndsOn, "Maintenance ends", s.MaintenanceEndsOn,
		"Renewable", yes(s.Renewable), "Offline activation", yes(s.OfflineAllowed), "Offline asked", maybeInstant(s.OfflineAskedAt),
		"Suspended", maybeInstant(s.SuspendedAt), "Canceled on", s.CanceledOn, "Why", s.CancelReason, "Buy more from", seller,
		"Reference", s.Reference)
}

// nonempty gives the texts that say something.
func nonempty(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
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
	Months       int64  `placeholder:"NUMBER" help:"Instead of the last day, or of that of maintenance: how long."`
	Maintenance  string `placeholder:"DAY" help:"Last day of maintenance, of a perpetual plan."`
	Reference    string `placeholder:"TEXT" help:"Its id in your other systems."`
	Offline      *bool  `negatable:"" help:"Allow activation by file; left out is what the plan says."`
}

// Run issues a subscription.
func (c *subscriptionCreate) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.IssuedSubscription, error) {
		return s.CreateSubscription(c.context(ctx), api.NewSubscription{
			PlanID: c.Plan, OrganizationID: c.Organization, Quantity: c.Quantity, StartsOn: c.Starts, EndsOn: c.Ends,
			TermMonths: c.Months, MaintenanceEndsOn: c.Maintenance, OfflineAllowed: c.Offline, Reference: c.Reference,
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
