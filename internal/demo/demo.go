package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/nanomdm"
	"github.com/licethq/licet/licensefile"
)

// Config says how to run the demo.
type Config struct {
	Folder     string // made anew
	Executable string // of Licet
	NanoMDM    string // executable of NanoMDM; empty enrolls by the agent's API instead
	Once       bool   // end after the story instead of staying up
	Out        io.Writer
}

// marker is a file that says that a folder is the demo's to delete.
const marker = ".licet-demo"

// demo is a world in the making.
type demo struct {
	cfg Config

	server, agentProcess *process
	mdm                  *nanomdm.Server

	serverURL string
	staff     *api.Client
	agent     *agentapi.Client
	trust     *licensefile.Trust
	publisher string

	organization  api.Organization
	desktop       sold
	mobile        sold
	productID     string
	customers     []bought
	shares        []api.IssuedSublicense // of the customer who splits its seats
	administrator *api.Client            // speaks for that customer's account administrator
	devices       []device
	deviceCommand deviceManagement
}

// sold is a subscription with its key.
type sold struct {
	api.Subscription
	key string
}

// Run walks the story. It returns nil when every step held; unless Once, it then
// stays up until ctx is done. The folder must be the demo's own, or not exist.
func Run(ctx context.Context, cfg Config) (err error) {
	if err := prepare(cfg.Folder); err != nil {
		return err
	}
	d := &demo{cfg: cfg}
	defer func() { err = errors.Join(err, d.stop()) }()
	if err := d.walk(ctx); err != nil {
		return err
	}
	if cfg.Once {
		return nil
	}
	d.invite()
	<-ctx.Done()
	return nil
}

// prepare empties the demo's own folder and never another.
func prepare(folder string) error {
	_, err := os.Stat(filepath.Join(folder, marker))
	switch {
	case err == nil:
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	case !errors.Is(err, os.ErrNotExist):
		return err
	default:
		if entries, err := os.ReadDir(folder); err == nil && len(entries) > 0 {
			return fmt.Errorf("%s is not a folder of the demo; choose another with --folder", folder)
		}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, marker), []byte("made by licet demo, and deleted by its next run\n"), 0o600)
}

// walk runs the steps in order.
func (d *demo) walk(ctx context.Context) error {
	began := time.Now()
	steps := story()
	for n, s := range steps {
		fmt.Fprintf(d.cfg.Out, "%2d  %s\n", n+1, s.does)
		said, err := s.run(d, ctx)
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", n+1, s.does, err)
		}
		for _, line := range said {
			fmt.Fprintf(d.cfg.Out, "      %s\n", line)
		}
		fmt.Fprintf(d.cfg.Out, "    ✓ %s\n\n", s.proves)
	}
	fmt.Fprintf(d.cfg.Out, "All %d steps held, in %v.\n", len(steps), time.Since(began).Round(100*time.Millisecond))
	return nil
}

// invite tells what to try while the world stays up.
func (d *demo) invite() {
	fmt.Fprintf(d.cfg.Out, `
The world stays up until you stop it.

  server      %s   (API description: %s/api/v1/openapi.json)
  agent       licet agent rows    --state %[3]s
              licet agent status  --state %[3]s
              licet agent devices list --state %[3]s
  staff       the token is in %[4]s
              LICET_SERVER=%[1]s LICET_TOKEN=$(cat %[4]s) licet subscription list
  customer    %[6]s, %[7]q
  logs        %[5]s

`, d.serverURL, d.serverURL, d.path("agent"), d.path("staff.token"), d.path("*.log"), d.of("Blue Harbor Logistics").email, adminPassword)
}

func (d *demo) path(name string) string { return filepath.Join(d.cfg.Folder, name) }

// stop ends everything that was started, the server last.
func (d *demo) stop() error {
	var err error
	if d.mdm != nil {
		err = d.mdm.Stop()
	}
	return errors.Join(err, d.agentProcess.stop(), d.server.stop())
}
