package main

import (
	"context"

	"github.com/licethq/licet/api"
)

type installationList struct {
	serverFlags
	sortFlag

	Organization string `placeholder:"ID" help:"Only those of this organization."`
	Product      string `placeholder:"ID" help:"Only those of this product."`
	State        string `placeholder:"STATE" help:"active or deactivated."`
	Search       string `placeholder:"TEXT" help:"Part of the name, of the host name or of a site's name."`
}

// Run lists installations.
func (c *installationList) Run(ctx context.Context, p *program) error {
	filter := api.InstallationFilter{OrganizationID: c.Organization, ProductID: c.Product, State: c.State, Search: c.Search}
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.KnownInstallation], error) {
		return s.Installations(ctx, filter, l)
	}, []string{"ID", "NAME", "HOST", "ORGANIZATION", "VERSION", "STATE", "ROWS", "USED", "LAST SEEN"}, func(i api.KnownInstallation) []string {
		return []string{
			i.ID, i.Name, i.HostName, i.OrganizationName, or(i.SoftwareVersion, "-"), i.State, counted(i.LiveRows), counted(i.Used),
			instant(i.LastSeenAt),
		}
	})
}

// installationArg names an installation.
type installationArg struct {
	serverFlags

	Installation string `arg:"" help:"Id of the installation."`
}

func (p *program) printInstallation(i api.KnownInstallation) {
	p.facts("Id", i.ID, "Name", i.Name, "State", i.State, "Organization", i.OrganizationName, "Host", i.HostName,
		"Operating system", i.OperatingSystem, "Version", i.SoftwareVersion, "Notes", i.Notes, "Imported", yes(i.Imported),
		"Live rows", counted(i.LiveRows), "Used", counted(i.Used), "Last seen", maybeInstant(i.LastSeenAt), "Since", moment(i.CreatedAt))
}

type installationShow struct {
	installationArg
}

// Run shows an installation with its rows.
func (c *installationShow) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.InstallationWithRows, error) {
		return s.Installation(ctx, c.Installation)
	}, func(i api.InstallationWithRows) {
		p.printInstallation(i.KnownInstallation)
		p.table(func(line func(...string)) {
			line(rowHead...)
			for _, a := range i.Activations {
				line(rowCells(a)...)
			}
		})
	})
}

type installationRename struct {
	installationArg

	Name  string  `arg:"" help:"Name."`
	Notes *string `placeholder:"TEXT" help:"Notes, instead of those before."`
}

// Run renames an installation.
func (c *installationRename) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.KnownInstallation, error) {
		return s.ChangeInstallation(ctx, c.Installation, api.InstallationChange{Name: &c.Name, Notes: c.Notes})
	}, p.printInstallation)
}

type installationHistory struct {
	installationArg
}

// Run lists what happened to an installation.
func (c *installationHistory) Run(ctx context.Context, p *program) error {
	return askAll(p, c.serverFlags, api.Listing{}, func(s *api.Client, l api.Listing) (api.Page[api.Event], error) {
		return s.InstallationEvents(ctx, c.Installation, l)
	}, []string{"AT", "WHAT", "WHO", "SUBJECT"}, func(e api.Event) []string {
		return []string{moment(e.At), e.Kind, or(e.ActorName, e.ActorKind), e.SubjectID}
	})
}
