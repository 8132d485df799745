package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/problem"
)

type agentSignIn struct {
	rowFlags

	NoWait   bool   `help:"Print the code and do not wait; the agent goes on by itself."`
	Continue bool   `help:"Show and follow the sign-in that goes on."`
	Forget   bool   `help:"Call the sign-in off."`
	Key      string `arg:"" optional:"" help:"License key; left out with --continue, and where a row that is active is asked for its organization."`
}

// Run signs in by code (R1). The agent does the work, so that neither a closed
// terminal nor a restart ends it; this follows how it goes.
func (c *agentSignIn) Run(ctx context.Context, p *program) error {
	client, licenseType, err := c.open(ctx)
	if err != nil {
		return err
	}
	if c.Forget {
		if err := client.ForgetSignIn(ctx, c.Site, licenseType); err != nil {
			return err
		}
		return c.show(p, struct{}{}, func() { fmt.Fprintln(p.stdout, "The sign-in was called off.") })
	}
	var s agentapi.SignIn
	if c.Continue {
		s, err = client.RowSignIn(ctx, c.Site, licenseType)
	} else {
		s, err = client.SignIn(ctx, c.Site, licenseType, c.Key)
	}
	if err != nil {
		return err
	}
	if c.NoWait {
		return c.show(p, s, func() { printSignIn(p.stdout, s) })
	}
	to := p.stdout
	if c.JSON { // the answer comes at the end; a person needs the code now
		to = p.stderr
	}
	printSignIn(to, s)
	s, err = followSignIn(ctx, client, c.Site, licenseType, s)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(p.stderr, "licet: The agent goes on by itself. See how it goes with: licet agent sign-in --continue")
		return exitStatus(exitFailed)
	case err != nil:
		return err
	}
	return c.conclude(ctx, p, client, licenseType, s)
}

// askAgentEvery is how often the agent on this machine is asked how a sign-in
// goes. The agent asks the publisher as seldom as that wants.
const askAgentEvery = time.Second

// followSignIn waits until a sign-in has ended.
func followSignIn(ctx context.Context, client *agentapi.Client, site, licenseType string, s agentapi.SignIn) (agentapi.SignIn, error) {
	ticker := time.NewTicker(askAgentEvery)
	defer ticker.Stop()
	for s.State == "waiting" || s.State == "approved" {
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-ticker.C:
		}
		var err error
		if s, err = client.RowSignIn(ctx, site, licenseType); err != nil {
			return s, err
		}
	}
	return s, nil
}

// conclude tells how a sign-in ended.
func (c *agentSignIn) conclude(ctx context.Context, p *program, client *agentapi.Client, licenseType string, s agentapi.SignIn) error {
	if s.State != "done" {
		return problem.Newf(problem.Code(s.Code), "%s", s.Message)
	}
	row, err := client.Row(ctx, c.Site, licenseType)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.show(p, s, nil)
	}
	fmt.Fprintf(p.stdout, "Signed in for %s. Later keys of this agent belong to the same organization.\n\n", s.OrganizationName)
	p.printRow(row)
	return nil
}

// printSignIn says what the person has to do, or how far it has come.
func printSignIn(w io.Writer, s agentapi.SignIn) {
	switch s.State {
	case "waiting":
		fmt.Fprintf(w, "Open %s\nand enter the code  %s\n", s.VerificationURI, s.UserCode)
		fmt.Fprintf(w, "Or open %s\nThe code is good until %s.\n", s.VerificationURIComplete, instant(&s.ExpiresAt))
	case "failed":
		fmt.Fprintf(w, "Failed: %s (%s)\n", s.Message, s.Code)
	default:
		fmt.Fprintf(w, "Approved for %s: %s.\n", s.OrganizationName, s.State)
	}
}

// tokenVariable names the environment variable of the API token.
const tokenVariable = "LICET_TOKEN"

// registerKey registers a key to an organization with an API token, at the
// server of the agent (P3).
func (p *program) registerKey(ctx context.Context, client *agentapi.Client, key, organizationID string) error {
	token := p.getenv(tokenVariable)
	if token == "" {
		return problem.Newf(problem.ValidationFailed, "To register a key, give an API token with the scope registration:write in %s.", tokenVariable)
	}
	about, err := client.About(ctx)
	if err != nil {
		return err
	}
	if about.Server == "" {
		return problem.Newf(problem.ConfigurationInvalid, "This agent knows no server, so it can register no key.")
	}
	_, err = api.New(about.Server, token).RegisterKey(ctx, api.Registration{Key: key, OrganizationID: organizationID})
	var refused *api.Problem
	if errors.As(err, &refused) {
		return problem.Newf(problem.Code(refused.Code), "%s", refused.Detail)
	}
	return err
}

// waysToRegister names the ways to register a key where that is what is missing.
func waysToRegister(err error) error {
	if !problem.Is(err, problem.KeyNotRegistered) {
		return err
	}
	return problem.Newf(problem.KeyNotRegistered, "This license key is not registered to an organization yet. Do one of these:\n"+
		"  licet agent sign-in KEY            sign in by code; it registers the key and activates\n"+
		"  the publisher's portal             Register Key\n"+
		"  licet key register ORGANIZATION KEY\n"+
		"                                     with an API token\n"+
		"  licet agent activate KEY --organization ID\n"+
		"                                     with an API token in %s, in one step\n ", tokenVariable)
}
