package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// agentDevices looks after devices.
type agentDevices struct {
	List     agentDevicesList     `cmd:"" help:"List devices."`
	Enroll   agentDevicesEnroll   `cmd:"" help:"Take a device under management, if its row allows one more."`
	Unenroll agentDevicesUnenroll `cmd:"" help:"Take a device out of management."`
	Free     agentDevicesFree     `cmd:"" help:"Take devices that nobody has told of for long out of management, after showing them."`
	Sync     agentDevicesSync     `cmd:"" help:"Make a CSV list what a csv source knows, after showing the difference."`
}

type agentDevicesList struct {
	agentFlags

	Site     string `placeholder:"NAME" help:"Only devices at this site."`
	Platform string `enum:"mac,mobile," default:"" placeholder:"PLATFORM" help:"Only mac or only mobile."`
	Source   string `placeholder:"NAME" help:"Only devices that this source has said something of."`
	Search   string `placeholder:"TEXT" help:"Part of an identifier, name or model."`
	All      bool   `help:"Also devices that no source manages any more."`
	Unseen   int    `placeholder:"DAYS" help:"Only managed devices last seen more than so many days ago."`
}

// Run lists devices.
func (c *agentDevicesList) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	devices, err := client.AllDevices(ctx, agentapi.DeviceQuery{
		Site: c.Site, Platform: c.Platform, Source: c.Source, Search: c.Search, Gone: c.All, UnseenDays: c.Unseen,
	})
	if err != nil {
		return err
	}
	return c.show(p, agentapi.Devices{Devices: devices}, func() { p.printDevices(devices) })
}

type agentDevicesEnroll struct {
	agentFlags

	Number       string `arg:"" optional:"" name:"serial-number" help:"Serial number."`
	Serial       string `placeholder:"NUMBER" xor:"number" help:"Serial number, as a flag."`
	UDID         string `name:"udid" placeholder:"UDID" help:"UDID."`
	EnrollmentID string `name:"enrollment-id" placeholder:"ID" help:"Enrollment id."`
	Platform     string `enum:"mac,mobile," default:"" placeholder:"PLATFORM" help:"mac or mobile; may be left out if the model tells it."`
	Model        string `placeholder:"MODEL" help:"Model, such as Mac14,2."`
	Name         string `placeholder:"NAME" help:"Name of the device."`
	Source       string `placeholder:"NAME" help:"An api source; the one named api if left out."`
}

// Run enrolls a device.
func (c *agentDevicesEnroll) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	enrolled, err := client.Enroll(ctx, agentapi.NewDevice{
		SerialNumber: or(c.Serial, c.Number), UDID: c.UDID, EnrollmentID: c.EnrollmentID, Platform: c.Platform,
		Model: c.Model, Name: c.Name, Source: c.Source,
	})
	if err != nil {
		return err
	}
	return c.show(p, enrolled, func() {
		p.printDevices([]agentapi.Device{enrolled.Device})
		p.printDecision(enrolled.Decision)
	})
}

type agentDevicesUnenroll struct {
	agentFlags

	Identifier string `arg:"" help:"Serial number, UDID or enrollment id."`
	Source     string `placeholder:"NAME" help:"As far as this source is concerned; every source if left out."`
}

// Run unenrolls a device.
func (c *agentDevicesUnenroll) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	found, err := client.Devices(ctx, agentapi.DeviceQuery{Identifier: c.Identifier, Gone: true})
	if err != nil {
		return err
	}
	if len(found.Devices) != 1 {
		return problem.Newf(problem.NotFound, "%d devices have this identifier.", len(found.Devices))
	}
	device, err := client.Unenroll(ctx, found.Devices[0].ID, c.Source)
	if err != nil {
		return err
	}
	return c.show(p, device, func() { p.printDevices([]agentapi.Device{device}) })
}

type agentDevicesSync struct {
	agentFlags

	File   string `arg:"" type:"existingfile" help:"List of devices: CSV in UTF-8 with a header line."`
	Source string `default:"csv" placeholder:"NAME" help:"A csv source (${default})."`
	DryRun bool   `name:"dry-run" xor:"do" help:"Only show the difference."`
	Yes    bool   `xor:"do" help:"Do not ask before taking the list."`
}

// Run shows the difference, asks, and takes the list.
func (c *agentDevicesSync) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return problem.Newf(problem.ConfigurationInvalid, "The list cannot be read.").Because(err)
	}
	// JSON would hide what is wrong with the encoding of the file.
	if strings.ToValidUTF8(string(data), "") != string(data) {
		return problem.Newf(problem.ValidationFailed, "The list is not UTF-8 text; save it as CSV UTF-8.")
	}
	difference, err := client.Sync(ctx, c.Source, agentapi.List{CSV: string(data)})
	if err != nil {
		return err
	}
	if c.DryRun {
		return c.show(p, difference, func() { p.printDifference(difference) })
	}
	if !c.JSON {
		p.printDifference(difference)
	}
	if !c.Yes && !p.agrees("Take this list?") {
		return problem.Newf(problem.RequestCanceled, "Nothing was changed. Answer yes, or use --yes, to take the list.")
	}
	applied, err := client.Sync(ctx, c.Source, agentapi.List{CSV: string(data), Apply: true, Digest: difference.Digest})
	if err != nil {
		return err
	}
	return c.show(p, applied, func() { fmt.Fprintln(p.stdout, "The list was taken.") })
}

// agrees asks a question; only yes is a yes.
func (p *program) agrees(question string) bool {
	fmt.Fprintf(p.stderr, "%s [yes/no] ", question)
	line, err := bufio.NewReader(p.stdin).ReadString('\n')
	fmt.Fprintln(p.stderr)
	return err == nil && strings.EqualFold(strings.TrimSpace(line), "yes")
}

type agentMay struct {
	rowFlags

	Operation string `arg:"" help:"enroll, push_policy, or another operation."`
}

// Run asks whether an operation is allowed, and exits with the verdict.
func (c *agentMay) Run(ctx context.Context, p *program) error {
	client, licenseType, err := c.open(ctx)
	if err != nil {
		return p.unknown(err)
	}
	decision, err := client.May(ctx, agentapi.Question{Operation: c.Operation, Site: c.Site, LicenseType: licenseType})
	if err != nil {
		return p.unknown(err)
	}
	if err := c.show(p, decision, func() { p.printDecision(decision) }); err != nil {
		return err
	}
	switch licensefile.Verdict(decision.Verdict) {
	case licensefile.Allow:
		return nil
	case licensefile.Warn:
		return exitStatus(exitWarning)
	default:
		return exitStatus(exitCritical)
	}
}
