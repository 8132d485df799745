package main

import (
	"context"
	"fmt"

	"github.com/licethq/licet/internal/server"
)

// backupCommand backs up the database.
type backupCommand struct {
	folderFlags

	To string `required:"" type:"path" placeholder:"FILE" help:"New file for the backup. The master key is not in it."`
}

// Run writes the backup.
func (c *backupCommand) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		checkpoint, err := d.Backup(ctx, c.To)
		if err == nil {
			fmt.Fprintf(p.stdout, "%s holds everything up to event %d. Keep the master key apart from it.\n", c.To, checkpoint.Position)
		}
		return err
	})
}
