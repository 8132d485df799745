package main

import (
	"context"

	"github.com/licethq/licet/api"
)

// installationCommand follows where keys are used.
type installationCommand struct {
	List    installationList    `cmd:"" help:"List installations."`
	Show    installationShow    `cmd:"" help:"Show an installation with its rows."`
	Rename  installationRename  `cmd:"" help:"Give an installation another name."`
	History installationHistory `cmd:"" help:"List what happened to an installation."`

	Rows       installationRows       `cmd:"" help:"List rows: each site and license type of an installation."`
	Row        installationRow        `cmd:"" help:"Show a row."`
	Deactivate installationDeactivate `cmd:"" help:"Deactivate rows that were activated online."`
	Release    installationRelease    `cmd:"" help:"Release a row for a customer, with a reason (staff)."`
}

type installationRows struct {
	serverFlags
	sortFlag

	Organization string `placeholder:"ID" help:"Only those of this organization."`
	Subscription string `placeholder:"ID" help:"Only those of this subscription."`
	Key          string `placeholder:"ID" help:"Only those of this key."`
	Installation string `placeholder:"ID" help:"Only those of this installation."`
	State        string `placeholder:"STATE" help:"live or ended."`
}

// Run lists rows.
func (c *installationRows) Run(ctx context.Context, p *program) error {
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Activation], error) {
		return s.Activations(ctx, api.ActivationFilter{
			OrganizationID: c.Organization, SubscriptionID: c.Subscription, KeyID: c.Key, InstallationID: c.Installation, State: c.State,
		}, l)
	}, rowHead, rowCells)
}

var rowHead = []string{"ID", "INSTALLATION", "SITE", "TYPE", "KEY", "STATUS", "METHOD", "USED", "MAXIMUM", "LAST SEEN"}

func rowCells(a api.Activation) []string {
	return []string{
		a.ID, a.Installation.Name, or(a.Site.Name, "-"), a.LicenseType, a.Key.Masked, a.Status, a.Method,
		counted(a.Used), number(a.Maximum, "unlimited"), moment(a.LastSeenAt),
	}
}

func (p *program) printActivation(a api.Activation) {
	p.facts("Id", a.ID, "Status", a.Status, "Installation", a.Installation.Name, "Installation id", a.Installation.ID,
		"Host", a.Installation.HostName, "Version", a.Installation.Version, "Site", a.Site.Name, "Product", a.Product+" "+a.Plan,
		"License type", a.LicenseType, "Key", a.Key.Masked, "Method", a.Method, "Used", counted(a.Used),
		"Maximum", number(a.Maximum, "unlimited"), "Peak", counted(a.Peak), "Activated", moment(a.StartedAt),
		"Last seen", moment(a.LastSeenAt), "Last report", maybeInstant(a.LastReportedAt), "Licensed until", moment(a.ExpiresAt),
		"Ended", maybeInstant(a.EndedAt), "Why", a.EndReason, "Note", a.EndNote)
}

type installationRow struct {
	serverFlags

	Row string `arg:"" help:"Id of the row."`
}

// Run shows a row.
func (c *installationRow) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Activation, error) { return s.Activation(ctx, c.Row) }, p.printActivation)
}

type installationDeactivate struct {
	serverFlags

	Rows []string `arg:"" help:"Ids of rows."`
}

// Run deactivates rows, each by itself. It fails when one could not be.
func (c *installationDeactivate) Run(ctx context.Context, p *program) error {
	failed := false
	err := ask(p, c.serverFlags, func(s *api.Client) (api.Deactivated, error) {
		done, err := s.DeactivateAll(ctx, c.Rows)
		for _, o := range done.Outcomes {
			failed = failed || o.Problem != nil
		}
		return done, err
	}, func(done api.Deactivated) {
		p.table(func(line func(...string)) {
			line("ROW", "OUTCOME")
			for _, o := range done.Outcomes {
				line(o.ID, outcomeOf(o))
			}
		})
	})
	if err == nil && failed {
		return exitStatus(exitFailed)
	}
	return err
}

func outcomeOf(o api.DeactivationOutcome) string {
	if o.Problem == nil {
		return "deactivated"
	}
	return o.Problem.Message + " (" + o.Problem.Code + ")"
}

type installationRelease struct {
	serverFlags

	Row    string `arg:"" help:"Id of the row."`
	Reason string `required:"" placeholder:"TEXT" help:"Why, for the record."`
}

// Run releases a row.
func (c *installationRelease) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Activation, error) {
		return s.Release(ctx, c.Row, c.Reason)
	}, p.printActivation)
}
