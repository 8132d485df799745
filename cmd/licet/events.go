package main

import (
	"context"
	"fmt"

	"github.com/licethq/licet/internal/server"
)

// eventsCommand looks after the log.
type eventsCommand struct {
	Verify eventsVerify `cmd:"" help:"Check the whole log against its hashes and signed checkpoints."`
}

type eventsVerify struct {
	folderFlags
}

// Run checks the log. It ends with 1 when something is wrong.
func (c *eventsVerify) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		report, err := d.VerifyEvents(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%d events in the chain, %d not sealed yet, %d checkpoints\n", report.Events, report.Unsealed, report.Checkpoints)
		if !report.Intact() {
			fmt.Fprintf(p.stdout, "not intact: at position %d, %s\n", report.FirstBad, report.Fault)
			return exitStatus(exitFailed)
		}
		fmt.Fprintln(p.stdout, "intact")
		return nil
	})
}
