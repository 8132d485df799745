package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/licethq/licet/internal/bench"
	"github.com/licethq/licet/internal/httpserver"
)

// benchCommand measures the exchange of a server that it starts itself, with
// data of its own.
type benchCommand struct {
	Clients  int           `default:"64" placeholder:"N" help:"Connections, each with one request at a time (${default})."`
	Runs     int           `default:"5" placeholder:"N" help:"Runs of every operation, taken in turn; figures are medians (${default})."`
	Duration time.Duration `default:"3s" placeholder:"TIME" help:"Length of one run (${default})."`
	Database string        `placeholder:"URL" help:"A PostgreSQL server whose user may create databases: one is made and dropped. SQLite by default."`
	Folder   string        `type:"existingdir" placeholder:"DIR" help:"Where the data is kept meanwhile; on the disk to measure."`
	Server   string        `type:"existingfile" placeholder:"FILE" help:"Binary to measure; this one by default."`
	JSON     bool          `name:"json" help:"Print the result as JSON."`
	MinRatio float64       `placeholder:"RATIO" help:"Fail when preview, check_in or refresh are slower than this part of the baseline's rate."`
}

// Run measures, prints the result, and fails when a single answer was wrong.
func (c *benchCommand) Run(ctx context.Context, p *program) error {
	binary := c.Server
	if binary == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		binary = self
	}
	result, err := bench.Measure(ctx, bench.Config{
		Clients: c.Clients, Runs: c.Runs, Duration: c.Duration, Database: c.Database,
		Binary: binary, Folder: c.Folder, Progress: p.stderr,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(p.stdout)
		out.SetIndent("", "  ")
		err = out.Encode(result)
	} else {
		fmt.Fprintln(p.stdout)
		err = result.Print(p.stdout)
	}
	if err != nil {
		return err
	}
	return result.Check(c.MinRatio)
}

// benchBaselineCommand is what bench compares the server with; it runs it by
// itself.
type benchBaselineCommand struct {
	Listen string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Address to listen on (${default})."`
}

// Run serves the baseline until it is told to stop.
func (c *benchBaselineCommand) Run(ctx context.Context, p *program) error {
	log, err := httpserver.NewLogger(p.stderr, "info", "text")
	if err != nil {
		return err
	}
	return bench.ServeBaseline(ctx, c.Listen, log)
}
