package main

import (
	"context"

	"github.com/licethq/licet/api"
)

// keyCommand looks after license keys. The publisher's own keys are another
// command, keys.
type keyCommand struct {
	Register keyRegister `cmd:"" help:"Register a license key to an organization."`
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
