package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/licethq/licet/internal/demo"
)

// demoCommand walks the whole story on this machine.
type demoCommand struct {
	Folder  string `default:"demo" type:"path" placeholder:"DIR" help:"Folder for everything the demo makes; made anew (${default})."`
	Once    bool   `help:"End after the story; the exit code says whether every step held."`
	NanoMDM string `name:"nanomdm" type:"path" placeholder:"FILE" help:"Executable of NanoMDM. By default the one beside this program or on the path; without it devices come through the agent's API."`
}

// Run walks the story.
func (c *demoCommand) Run(ctx context.Context, p *program) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	return demo.Run(ctx, demo.Config{
		Folder: c.Folder, Executable: executable, NanoMDM: c.findNanoMDM(executable), Once: c.Once, Out: p.stdout,
	})
}

// findNanoMDM gives NanoMDM's executable, or nothing.
func (c *demoCommand) findNanoMDM(executable string) string {
	if c.NanoMDM != "" {
		return c.NanoMDM
	}
	beside := filepath.Join(filepath.Dir(executable), "nanomdm")
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	found, err := exec.LookPath("nanomdm")
	if err != nil {
		return ""
	}
	return found
}
