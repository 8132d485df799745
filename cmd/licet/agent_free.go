package main

import (
	"context"
	"fmt"

	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/problem"
)

type agentDevicesFree struct {
	agentFlags

	Unseen int  `required:"" placeholder:"DAYS" help:"Devices last seen more than so many days ago."`
	DryRun bool `name:"dry-run" xor:"do" help:"Only show the devices."`
	Yes    bool `xor:"do" help:"Do not ask before freeing them."`
	Force  bool `help:"Also devices of a source that was silent for as long itself."`
}

// Run shows the unseen devices, asks, and frees exactly those.
func (c *agentDevicesFree) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	shown, err := client.Free(ctx, agentapi.Freeing{UnseenDays: c.Unseen, DryRun: true})
	if err != nil {
		return err
	}
	if c.DryRun || len(shown.Devices) == 0 {
		return c.show(p, shown, func() { p.printUnseen(shown) })
	}
	if !c.JSON {
		p.printUnseen(shown)
	}
	if !c.Yes && !p.agrees("Free these devices?") {
		return problem.Newf(problem.RequestCanceled, "Nothing was changed. Answer yes, or use --yes, to free the devices.")
	}
	freeing := agentapi.Freeing{UnseenDays: c.Unseen, Force: c.Force}
	for _, d := range shown.Devices {
		freeing.Devices = append(freeing.Devices, d.ID)
	}
	freed, err := client.Free(ctx, freeing)
	if err != nil {
		return err
	}
	return c.show(p, freed, func() {
		fmt.Fprintf(p.stdout, "Devices freed: %d\n", len(freed.Devices))
		if shown.More {
			fmt.Fprintln(p.stdout, "There are more. Run this again for them.")
		}
	})
}

func (p *program) printUnseen(f agentapi.Freed) {
	p.printDevices(f.Devices)
	for _, s := range f.Silent {
		if s.Ended {
			fmt.Fprintf(p.stdout, "The source %s was silent for as long and speaks again since a short time only.\n", s.Source)
			continue
		}
		fmt.Fprintf(p.stdout, "The source %s has told nothing since %s.\n", s.Source, instant(&s.HeardAt))
	}
}
