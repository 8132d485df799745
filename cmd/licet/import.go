package main

import (
	"context"
	"errors"
	"os"
	"strconv"

	"github.com/licethq/licet/api"
)

// importCommand takes over another system's data.
type importCommand struct {
	serverFlags
	onceFlag

	Organizations string `type:"path" placeholder:"FILE" help:"CSV of organizations."`
	People        string `type:"path" placeholder:"FILE" help:"CSV of people."`
	Subscriptions string `type:"path" placeholder:"FILE" help:"CSV of subscriptions."`
	Keys          string `type:"path" placeholder:"FILE" help:"CSV of license keys."`
	Activations   string `type:"path" placeholder:"FILE" help:"CSV of activations."`
	Invite        bool   `help:"Invite people by mail, instead of making them members at once without a mail."`
	DryRun        bool   `help:"Only say what would be made, and every fault."`
}

// Run imports: everything, or nothing. A dry run with faults fails, too.
func (c *importCommand) Run(ctx context.Context, p *program) error {
	n := api.NewImport{Invite: c.Invite, DryRun: c.DryRun}
	for _, part := range []struct {
		file string
		text *string
	}{
		{c.Organizations, &n.Organizations},
		{c.People, &n.People},
		{c.Subscriptions, &n.Subscriptions},
		{c.Keys, &n.Keys},
		{c.Activations, &n.Activations},
	} {
		if err := readText(part.file, part.text); err != nil {
			return err
		}
	}
	faults := 0
	err := ask(p, c.serverFlags, func(s *api.Client) (api.Import, error) {
		done, err := s.Import(c.context(ctx), n)
		faults = done.FaultCount
		return done, err
	}, p.printImport)
	if err == nil && faults > 0 {
		return exitStatus(exitFailed)
	}
	return err
}

// readText reads a file, if one is named.
func readText(file string, text *string) error {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if len(data) > maxDocument {
		return errors.New("the file is too large: " + file)
	}
	*text = string(data)
	return nil
}

func (p *program) printImport(i api.Import) {
	p.table(func(line func(...string)) {
		line("", "CREATED", "UNCHANGED")
		for _, part := range []struct {
			name  string
			count api.ImportCount
		}{
			{"Organizations", i.Organizations},
			{"People", i.People},
			{"Subscriptions", i.Subscriptions},
			{"Keys", i.Keys},
			{"Activations", i.Activations},
		} {
			line(part.name, counted(part.count.Created), counted(part.count.Unchanged))
		}
	})
	if i.FaultCount == 0 {
		return
	}
	p.facts("Faults", strconv.Itoa(i.FaultCount))
	p.table(func(line func(...string)) {
		line("FILE", "LINE", "COLUMN", "CODE", "WHAT")
		for _, f := range i.Faults {
			line(f.File, strconv.Itoa(f.Line), or(f.Column, "-"), f.Code, f.Message)
		}
	})
}
