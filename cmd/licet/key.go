package main

import (
	"context"

	"github.com/licethq/licet/api"
)

// keyCommand looks after license keys. The publisher's own keys are another
// command, keys.
type keyCommand struct {
	List     keyList     `cmd:"" help:"List license keys, masked."`
	Show     keyShow     `cmd:"" help:"Show a license key, masked."`
	Reveal   keyReveal   `cmd:"" help:"Print a license key in full; this is recorded."`
	Register keyRegister `cmd:"" help:"Register a license key to an organization."`
	Replace  keyReplace  `cmd:"" help:"Give the place of a leaked key to a new one, and print that."`

	Sublicense keySublicense `cmd:"" help:"Make a sublicense of a subscription and print its key."`
	Change     keyChange     `cmd:"" help:"Rename, resize or end a sublicense."`
	Delete     keyDelete     `cmd:"" help:"Delete a sublicense that is not activated."`
}

type keyList struct {
	serverFlags
	sortFlag

	Organization string `placeholder:"ID" help:"Only those of this organization."`
	Subscription string `placeholder:"ID" help:"Only those of this subscription."`
	Kind         string `placeholder:"KIND" help:"primary, sublicense or product."`
	State        string `placeholder:"STATE" help:"valid, unregistered, ended, replaced or deleted."`
	Search       string `placeholder:"TEXT" help:"The last four characters, part of the name, or a whole key."`
}

// Run lists keys.
func (c *keyList) Run(ctx context.Context, p *program) error {
	filter := api.KeyFilter{OrganizationID: c.Organization, SubscriptionID: c.Subscription, Kind: c.Kind, State: c.State, Search: c.Search}
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Key], error) {
		return s.Keys(ctx, filter, l)
	}, []string{"ID", "KEY", "KIND", "NAME", "STATE", "ORGANIZATION", "PLAN", "MODE", "USED", "MAXIMUM", "LAST DAY"}, func(k api.Key) []string {
		return []string{
			k.ID, k.Masked, k.Kind, or(k.Name, "-"), k.State, or(k.OrganizationName, "-"), k.Plan, or(k.Mode, "-"), counted(k.Used),
			number(k.Maximum, "unlimited"), or(k.LastDay, "never"),
		}
	})
}

// keyArg names a key.
type keyArg struct {
	serverFlags

	Key string `arg:"" help:"Id of the key."`
}

func (p *program) printKey(k api.Key) {
	p.facts("Id", k.ID, "Key", k.Masked, "Kind", k.Kind, "Name", k.Name, "State", k.State, "Organization", k.OrganizationName,
		"Subscription", k.SubscriptionID, "Product", k.Product+" "+k.Plan, "License type", k.LicenseType, "Mode", k.Mode,
		"Quota", number(k.Quota, ""), "Used", counted(k.Used), "Maximum", number(k.Maximum, "unlimited"),
		"Available", number(k.Available, "unlimited"), "Activations", counted(k.Activations)+" of "+number(k.ActivationLimit, "unlimited"),
		"Ends", k.EndsOn, "Last day", k.LastDay, "Issued", k.IssuedOn, "Replaced by", k.ReplacedBy)
}

// printIssued prints a key in full, alone, so that a script can keep it.
func (p *program) printIssued(k api.IssuedKey) { p.facts("Id", k.ID, "License key", k.Key) }

type keyShow struct {
	keyArg
}

// Run shows a key.
func (c *keyShow) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Key, error) { return s.Key(ctx, c.Key) }, p.printKey)
}

type keyReveal struct {
	keyArg
}

// Run reveals a key.
func (c *keyReveal) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.IssuedKey, error) { return s.RevealKey(ctx, c.Key) }, p.printIssued)
}

type keyRegister struct {
	serverFlags

	Organization string `arg:"" help:"Id of the organization."`
	Key          string `arg:"" help:"License key in full."`
}

// Run registers a key.
func (c *keyRegister) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Subscription, error) {
		return s.RegisterKey(ctx, api.Registration{Key: c.Key, OrganizationID: c.Organization})
	}, p.printSubscription)
}

type keyReplace struct {
	keyArg
	onceFlag
}

// Run replaces a key.
func (c *keyReplace) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.ReplacedKey, error) {
		return s.ReplaceKey(c.context(ctx), c.Key)
	}, func(made api.ReplacedKey) { p.printIssued(made.Key) })
}

type keySublicense struct {
	serverFlags
	onceFlag

	Subscription string `arg:"" help:"Id of the subscription."`
	Name         string `arg:"" help:"Name."`
	Quota        int64  `required:"" placeholder:"NUMBER" help:"How many licenses it may use."`
	Mode         string `default:"reserved" placeholder:"MODE" help:"reserved leaves the pool; dynamic is a cap that competes for it (${default})."`
	Ends         string `placeholder:"DAY" help:"Last day, YYYY-MM-DD; left out is the subscription's."`
	Preview      bool   `help:"Only say what it would do to the pool."`
}

// Run makes a sublicense.
func (c *keySublicense) Run(ctx context.Context, p *program) error {
	n := api.NewSublicense{Name: c.Name, Quota: c.Quota, Mode: c.Mode, EndsOn: c.Ends}
	if c.Preview {
		return ask(p, c.serverFlags, func(s *api.Client) (api.SublicenseEffect, error) {
			return s.PreviewSublicense(ctx, c.Subscription, n)
		}, p.printEffect)
	}
	return ask(p, c.serverFlags, func(s *api.Client) (api.IssuedSublicense, error) {
		return s.CreateSublicense(c.context(ctx), c.Subscription, n)
	}, func(made api.IssuedSublicense) {
		p.printKey(made.Sublicense)
		p.facts("License key", made.Key.Key)
	})
}

// printEffect says what a sublicense would do to the pool.
func (p *program) printEffect(e api.SublicenseEffect) {
	main := func(pool *api.Pool) string {
		if pool == nil {
			return "unlimited"
		}
		return counted(pool.Main)
	}
	refused := ""
	if e.Problem != nil {
		refused = e.Problem.Message + " (" + e.Problem.Code + ")"
	}
	p.facts("Allowed", or(yes(e.Allowed), "no"), "Why not", refused, "Main pool", main(e.Before)+", then "+main(e.After),
		"Maximum", number(e.MaximumBefore, "-")+", then "+counted(e.MaximumAfter))
}

type keyChange struct {
	keyArg

	Name  *string `placeholder:"TEXT" help:"Name."`
	Quota *int64  `placeholder:"NUMBER" help:"How many licenses it may use."`
	Mode  *string `placeholder:"MODE" help:"reserved or dynamic."`
	Ends  *string `placeholder:"DAY" help:"Last day, YYYY-MM-DD; empty takes the end away."`
	Force bool    `help:"Smaller than what is in use all the same; then it is over its limit."`
}

// Run changes a sublicense.
func (c *keyChange) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Key, error) {
		return s.ChangeSublicense(ctx, c.Key, api.SublicenseChange{Name: c.Name, Quota: c.Quota, Mode: c.Mode, EndsOn: c.Ends, Force: c.Force})
	}, p.printKey)
}

type keyDelete struct {
	keyArg
}

// Run deletes a sublicense.
func (c *keyDelete) Run(ctx context.Context, _ *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.DeleteSublicense(ctx, c.Key)
}
