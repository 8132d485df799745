package demo

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/nanomdm"
)

// deviceManagement enrolls and unenrolls Macs.
type deviceManagement interface {
	enroll(ctx context.Context, serial, udid string) error
	unenroll(ctx context.Context, serial string) error
}

// device is a Mac that was enrolled.
type device struct{ serial, udid string }

// macs gives the serial numbers and UDIDs of the demo's n-th Mac.
func mac(n int) device {
	return device{
		serial: fmt.Sprintf("C02DEMO%05d", n),
		udid:   fmt.Sprintf("5C0DE000-0000-4000-8000-%012d", n),
	}
}

// byNanoMDM enrolls through a real NanoMDM server, whose webhook tells the agent.
type byNanoMDM struct {
	server  *nanomdm.Server
	devices map[string]*nanomdm.Device
}

func (m *byNanoMDM) enroll(ctx context.Context, serial, udid string) error {
	made, err := m.server.NewDevice(nanomdm.Mac(serial, udid))
	if err != nil {
		return err
	}
	m.devices[serial] = made
	return made.Enroll(ctx)
}

func (m *byNanoMDM) unenroll(ctx context.Context, serial string) error {
	return m.devices[serial].CheckOut(ctx)
}

// byAPI enrolls through the agent's own API.
type byAPI struct {
	agent *agentapi.Client
	ids   map[string]string
}

func (m *byAPI) enroll(ctx context.Context, serial, udid string) error {
	enrolled, err := m.agent.Enroll(ctx, agentapi.NewDevice{SerialNumber: serial, UDID: udid, Platform: "mac"})
	m.ids[serial] = enrolled.Device.ID
	return err
}

func (m *byAPI) unenroll(ctx context.Context, serial string) error {
	_, err := m.agent.Unenroll(ctx, m.ids[serial], "")
	return err
}

// manageDevices connects device management to the agent.
func (d *demo) manageDevices(ctx context.Context) ([]string, error) {
	if d.cfg.NanoMDM == "" {
		d.deviceCommand = &byAPI{agent: d.agent, ids: map[string]string{}}
		return []string{"NanoMDM is not here (--nanomdm FILE); devices come through the agent's API instead"}, nil
	}
	source, err := d.agent.CreateSource(ctx, agentapi.NewSource{Name: "nanomdm", Kind: "nanomdm"})
	if err != nil {
		return nil, err
	}
	about, err := agentapi.ReadAddress(d.path("agent"))
	if err != nil {
		return nil, err
	}
	folder := d.path("nanomdm")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	d.mdm, err = nanomdm.Start(ctx, nanomdm.Config{
		Executable: d.cfg.NanoMDM, Folder: folder, WebhookURL: about.URL + source.Webhook, Secret: source.Secret,
	})
	if err != nil {
		return nil, err
	}
	d.deviceCommand = &byNanoMDM{server: d.mdm, devices: map[string]*nanomdm.Device{}}
	return []string{"NanoMDM at " + d.mdm.URL + " posts signed events to " + source.Webhook}, nil
}

// enroll enrolls Macs until n of them are managed, as the agent counts.
func (d *demo) enroll(ctx context.Context, n int) error {
	for len(d.devices) < n {
		next := mac(len(d.devices) + 1)
		if err := d.deviceCommand.enroll(ctx, next.serial, next.udid); err != nil {
			return err
		}
		d.devices = append(d.devices, next)
	}
	return d.counted(ctx, int64(n))
}

// leave unenrolls the last Mac.
func (d *demo) leave(ctx context.Context) error {
	last := d.devices[len(d.devices)-1]
	if err := d.deviceCommand.unenroll(ctx, last.serial); err != nil {
		return err
	}
	d.devices = d.devices[:len(d.devices)-1]
	return d.counted(ctx, int64(len(d.devices)))
}

// counted waits until the agent counts so many Macs: webhooks arrive when they do.
func (d *demo) counted(ctx context.Context, want int64) error {
	return until(ctx, fmt.Sprintf("a count of %d Macs", want), 15*time.Second, func(ctx context.Context) (bool, error) {
		row, err := d.agent.Row(ctx, "", desktopType)
		return err == nil && row.Used == want, err
	})
}
