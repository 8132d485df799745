package main

import (
	"context"
	"errors"

	"github.com/licethq/licet/internal/server"
)

// folderFlags say where the data lies; every command on the data has them.
type folderFlags struct {
	Data          string `required:"" type:"path" placeholder:"DIR" env:"LICET_DATA" help:"Data folder."`
	Database      string `placeholder:"URL" env:"LICET_DATABASE" help:"sqlite:PATH or postgres://…; licet.db in the data folder by default."`
	MasterKeyFile string `type:"path" placeholder:"FILE" env:"LICET_MASTER_KEY_FILE" help:"File of the master key; master.key in the data folder by default. The environment variable LICET_MASTER_KEY may hold the key itself."`
}

// folder adds the master key itself, which never comes by a flag: other users of
// the machine see those.
func (f folderFlags) folder(p *program) server.Folder {
	return server.Folder{
		Path: f.Data, Database: f.Database, MasterKeyFile: f.MasterKeyFile, MasterKey: p.getenv("LICET_MASTER_KEY"),
	}
}

// withData runs an operator's command on an open data folder.
func (f folderFlags) withData(ctx context.Context, p *program, do func(d *server.Data) error) error {
	d, err := server.OpenData(ctx, f.folder(p))
	if err != nil {
		return err
	}
	return errors.Join(do(d), d.Close())
}
