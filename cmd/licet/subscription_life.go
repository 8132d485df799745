package main

import (
	"context"
	"strconv"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/problem"
)

type subscriptionRenew struct {
	subscriptionArg
	onceFlag

	Months int64 `required:"" placeholder:"NUMBER" help:"How long, from its end, or from today when that is over."`
}

// Run renews.
func (c *subscriptionRenew) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.Renew(c.context(ctx), c.Subscription, api.Renewal{TermMonths: c.Months})
	}, p.printSubscription)
}

type subscriptionQuantity struct {
	subscriptionArg
	onceFlag

	Licenses string `arg:"" help:"Licenses owned from now on: a number, or unlimited."`
	Force    bool   `help:"Also below what is in use; then it is over its limit."`
}

// Run changes the quantity.
func (c *subscriptionQuantity) Run(ctx context.Context, p *program) error {
	change := api.QuantityChange{Force: c.Force}
	if c.Licenses != "unlimited" {
		n, err := strconv.ParseInt(c.Licenses, 10, 64)
		if err != nil {
			return problem.Newf(problem.ValidationFailed, "The licenses are a number, or unlimited.")
		}
		change.Quantity = &n
	}
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.Resize(c.context(ctx), c.Subscription, change)
	}, p.printSubscription)
}

type subscriptionAskOffline struct {
	subscriptionArg
}

// Run asks for offline activation.
func (c *subscriptionAskOffline) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.RequestOffline(ctx, c.Subscription)
	}, p.printSubscription)
}

type subscriptionCancel struct {
	subscriptionArg

	On     string `placeholder:"DAY" help:"Last day, YYYY-MM-DD; left out is today."`
	Reason string `placeholder:"TEXT" help:"Why, for staff."`
}

// Run cancels.
func (c *subscriptionCancel) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.Cancel(ctx, c.Subscription, api.Cancellation{On: c.On, Reason: c.Reason})
	}, p.printSubscription)
}

type subscriptionReinstate struct {
	subscriptionArg
}

// Run takes a cancellation back.
func (c *subscriptionReinstate) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.Reinstate(ctx, c.Subscription)
	}, p.printSubscription)
}

type subscriptionTransfer struct {
	subscriptionArg
	onceFlag

	Organization string `arg:"" help:"Id of the organization that gets it."`
	Reason       string `required:"" placeholder:"WHY" help:"acquisition, reorganization, correction or other."`
}

// Run transfers.
func (c *subscriptionTransfer) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Transfer, error) {
		return s.TransferSubscription(c.context(ctx), c.Subscription, api.NewTransfer{OrganizationID: c.Organization, Reason: c.Reason})
	}, func(t api.Transfer) {
		p.facts("Subscription", t.SubscriptionID, "From", t.From, "To", t.To, "Keys", counted(t.Keys), "Installations", counted(t.Installations),
			"Activations", counted(t.Activations), "Grants removed", counted(t.GrantsRemoved), "Offline files run until", maybeInstant(t.OfflineUntil))
	})
}
