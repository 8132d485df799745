package main

import (
	"context"
	"fmt"

	"github.com/licethq/licet/internal/server"
)

// restoreCommand restores a backup.
type restoreCommand struct {
	folderFlags

	From string `required:"" type:"existingfile" placeholder:"FILE" help:"The backup."`
}

// Run restores the backup.
func (c *restoreCommand) Run(ctx context.Context, p *program) error {
	report, err := server.Restore(ctx, c.folder(p), c.From)
	if err == nil {
		fmt.Fprintf(p.stdout, "Restored; the log is intact up to event %d.\n", report.Events)
	}
	return err
}
