package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/problem"
)

// agentSites looks after sites.
type agentSites struct {
	List   agentSitesList   `cmd:"" default:"withargs" help:"List the sites."`
	Add    agentSitesAdd    `cmd:"" help:"Add a site with its rows."`
	Rename agentSitesRename `cmd:"" help:"Rename a site."`
}

type agentSitesList struct {
	agentFlags
}

// Run lists the sites.
func (c *agentSitesList) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	sites, err := client.Sites(ctx)
	if err != nil {
		return err
	}
	return c.show(p, agentapi.Sites{Sites: sites}, func() { p.printSites(sites) })
}

type agentSitesAdd struct {
	agentFlags

	Name string `arg:"" help:"Name of the site."`
}

// Run adds a site.
func (c *agentSitesAdd) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	site, err := client.CreateSite(ctx, c.Name)
	if err != nil {
		return err
	}
	return c.show(p, site, func() { p.printSites([]agentapi.Site{site}) })
}

type agentSitesRename struct {
	agentFlags

	Site string `arg:"" help:"Name or id of the site."`
	Name string `arg:"" help:"New name."`
}

// Run renames a site.
func (c *agentSitesRename) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	site, err := client.RenameSite(ctx, c.Site, c.Name)
	if err != nil {
		return err
	}
	return c.show(p, site, func() { p.printSites([]agentapi.Site{site}) })
}

// agentSources looks after the sources of devices.
type agentSources struct {
	List agentSourcesList `cmd:"" default:"withargs" help:"List the sources."`
	Add  agentSourcesAdd  `cmd:"" help:"Add a source at a site; for a webhook its secret is printed, once."`
}

type agentSourcesList struct {
	agentFlags
}

// Run lists the sources.
func (c *agentSourcesList) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	sources, err := client.Sources(ctx)
	if err != nil {
		return err
	}
	return c.show(p, agentapi.Sources{Sources: sources}, func() { p.printSources(sources) })
}

type agentSourcesAdd struct {
	agentFlags

	Name       string `arg:"" help:"Name of the source: lower-case letters, digits and dashes."`
	Kind       string `required:"" enum:"api,csv,nanomdm" placeholder:"KIND" help:"api, csv or nanomdm."`
	Site       string `placeholder:"NAME" help:"Site of all its devices; the default site if left out."`
	SecretFile string `type:"existingfile" placeholder:"FILE" help:"File with the webhook's secret; one is made if left out."`
}

// Run adds a source.
func (c *agentSourcesAdd) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	n := agentapi.NewSource{Name: c.Name, Kind: c.Kind, Site: c.Site}
	if c.SecretFile != "" {
		data, err := os.ReadFile(c.SecretFile)
		if err != nil {
			return problem.Newf(problem.ConfigurationInvalid, "The secret cannot be read.").Because(err)
		}
		n.Secret = strings.TrimSpace(string(data))
	}
	source, err := client.CreateSource(ctx, n)
	if err != nil {
		return err
	}
	address, err := agentapi.ReadAddress(c.State)
	if err != nil {
		return err
	}
	return c.show(p, source, func() {
		p.printSources([]agentapi.Source{source.Source})
		if source.Webhook != "" {
			fmt.Fprintf(p.stdout, "\nStart NanoMDM with:\n  -webhook-url %s%s\n  -webhook-hmac-key %s\n", address.URL, source.Webhook, source.Secret)
		}
	})
}

type agentStatus struct {
	agentFlags
}

// Run shows the open problems and exits with how bad they are.
func (c *agentStatus) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return p.unknown(err)
	}
	status, err := client.Status(ctx)
	if err != nil {
		return p.unknown(err)
	}
	if err := c.show(p, status, func() { p.printStatus(status) }); err != nil {
		return err
	}
	switch agent.Severity(status.State) {
	case agent.OK:
		return nil
	case agent.Warning:
		return exitStatus(exitWarning)
	default:
		return exitStatus(exitCritical)
	}
}
