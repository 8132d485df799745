package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

type agentRows struct {
	agentFlags
}

// Run lists the rows.
func (c *agentRows) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	rows, err := client.Rows(ctx)
	if err != nil {
		return err
	}
	return c.show(p, agentapi.Rows{Rows: rows}, func() { p.printRows(rows) })
}

type agentInfo struct {
	rowFlags
}

// Run shows a row with its license.
func (c *agentInfo) Run(ctx context.Context, p *program) error {
	client, licenseType, err := c.open(ctx)
	if err != nil {
		return err
	}
	row, err := client.Row(ctx, c.Site, licenseType)
	if err != nil {
		return err
	}
	return c.show(p, row, func() { p.printRow(row) })
}

type agentPreview struct {
	rowFlags

	Key string `arg:"" help:"License key."`
}

// Run shows what a key would grant.
func (c *agentPreview) Run(ctx context.Context, p *program) error {
	client, licenseType, err := c.open(ctx)
	if err != nil {
		return err
	}
	preview, err := client.Preview(ctx, c.Site, licenseType, c.Key)
	if err != nil {
		return err
	}
	return c.show(p, preview, func() { p.printPreview(preview) })
}

// fileFlags exchange files instead of going online.
type fileFlags struct {
	Out  string `type:"path" placeholder:"FILE" help:"Where to write the request file; its usual name in this folder if left out."`
	Load string `type:"existingfile" placeholder:"FILE" help:"Load the publisher's answer, after showing it."`
}

type agentActivate struct {
	rowFlags
	fileFlags

	Offline      bool   `help:"Write a request file instead of going online."`
	Organization string `placeholder:"ID" help:"First register the key to this organization, with the API token in LICET_TOKEN."`
	Key          string `arg:"" optional:"" help:"License key; left out with --load."`
}

// Run activates a row.
func (c *agentActivate) Run(ctx context.Context, p *program) error {
	if c.Load != "" {
		return c.load(ctx, p, c.agentFlags)
	}
	if c.Key == "" {
		return problem.Newf(problem.ValidationFailed, "A license key is needed, or the publisher's answer with --load.")
	}
	if c.Offline && c.Organization != "" {
		return problem.Newf(problem.ValidationFailed, "Without a network the page where the request file is uploaded registers the key. Leave --organization out.")
	}
	client, licenseType, err := c.open(ctx)
	if err != nil {
		return err
	}
	if c.Offline {
		return c.request(ctx, p, c.rowFlags, client, licenseType, agentapi.FileRequest{Kind: string(licensefile.KindActivate), Key: c.Key})
	}
	if c.Organization != "" {
		if err := p.registerKey(ctx, client, c.Key, c.Organization); err != nil {
			return err
		}
	}
	row, err := client.Activate(ctx, c.Site, licenseType, c.Key)
	if err != nil {
		return waysToRegister(err)
	}
	return c.show(p, row, func() { p.printRow(row) })
}

type agentRefresh struct {
	rowFlags
	fileFlags

	Offline bool `help:"Write a request file instead of going online."`
}

// Run refreshes a row.
func (c *agentRefresh) Run(ctx context.Context, p *program) error {
	if c.Load != "" {
		return c.load(ctx, p, c.agentFlags)
	}
	client, licenseType, err := c.open(ctx)
	if err != nil {
		return err
	}
	if c.Offline {
		return c.request(ctx, p, c.rowFlags, client, licenseType, agentapi.FileRequest{Kind: string(licensefile.KindRefresh)})
	}
	row, err := client.Refresh(ctx, c.Site, licenseType)
	if err != nil {
		return err
	}
	return c.show(p, row, func() { p.printRow(row) })
}

type agentDeactivate struct {
	rowFlags
	fileFlags
}

// Run deactivates a row by the method it was activated with (P9).
func (c *agentDeactivate) Run(ctx context.Context, p *program) error {
	if c.Load != "" {
		return c.load(ctx, p, c.agentFlags)
	}
	client, licenseType, err := c.open(ctx)
	if err != nil {
		return err
	}
	row, err := client.Row(ctx, c.Site, licenseType)
	if err != nil {
		return err
	}
	byFile := row.License != nil && row.License.Method == string(licensefile.Offline)
	if byFile || row.Ended != nil && !row.Ended.Released {
		return c.request(ctx, p, c.rowFlags, client, licenseType, agentapi.FileRequest{Kind: string(licensefile.KindDeactivate)})
	}
	row, err = client.Deactivate(ctx, c.Site, licenseType)
	if err != nil {
		return err
	}
	return c.show(p, row, func() { p.printRow(row) })
}

type agentPending struct {
	rowFlags

	Out     string `type:"path" placeholder:"FILE" help:"Where to write the request file; its usual name in this folder if left out."`
	Discard bool   `help:"Discard the request, to start over."`
}

// Run gives or discards the request that waits.
func (c *agentPending) Run(ctx context.Context, p *program) error {
	client, licenseType, err := c.open(ctx)
	if err != nil {
		return err
	}
	if c.Discard {
		if err := client.DiscardFile(ctx, c.Site, licenseType); err != nil {
			return err
		}
		return c.show(p, struct{}{}, func() { fmt.Fprintln(p.stdout, "The request was discarded.") })
	}
	file, err := client.PendingFile(ctx, c.Site, licenseType)
	if err != nil {
		return err
	}
	return p.keepFile(c.agentFlags, file, c.Out)
}

// request makes a request file and writes it.
func (f fileFlags) request(ctx context.Context, p *program, row rowFlags, client *agentapi.Client, licenseType string, r agentapi.FileRequest) error {
	file, err := client.RequestFile(ctx, row.Site, licenseType, r)
	if err != nil {
		return err
	}
	return p.keepFile(row.agentFlags, file, f.Out)
}

// load shows what an answer says, then takes it (P4).
func (f fileFlags) load(ctx context.Context, p *program, flags agentFlags) error {
	client, err := flags.client()
	if err != nil {
		return err
	}
	data, err := readFile(f.Load)
	if err != nil {
		return err
	}
	shown, err := client.InspectFile(ctx, data)
	if err != nil {
		return err
	}
	if !flags.JSON {
		p.printAnswer(shown)
	}
	loaded, err := client.LoadFile(ctx, data)
	if err != nil {
		return err
	}
	return flags.show(p, loaded, func() { p.printRow(loaded.Row) })
}

// readFile reads a file of the exchange, but not more than one can be.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The file cannot be read.").Because(err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, licensefile.MaxSize+1))
}

// keepFile writes a request file, never over another file, and says what to do with it.
func (p *program) keepFile(flags agentFlags, file agentapi.File, out string) error {
	if out == "" {
		out = file.Name
	}
	if err := writeNew(out, []byte(file.Data)); err != nil {
		return err
	}
	return flags.show(p, map[string]string{"file": out}, func() {
		fmt.Fprintf(p.stdout, "Request file: %s\nUpload it in the publisher's portal (Offline Activation and Validation), "+
			"then load the answer with --load FILE.\n", out)
	})
}

// writeNew writes a file that does not exist yet, or holds the same already.
func writeNew(path string, data []byte) error {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, data) {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return problem.Newf(problem.ConfigurationInvalid, "The request file cannot be written; is there another file of its name?").Because(err)
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		return fmt.Errorf("write the request file: %w", err)
	}
	return f.Close()
}
