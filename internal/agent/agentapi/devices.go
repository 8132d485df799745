package agentapi

import (
	"context"
	"net/http"

	"github.com/licethq/licet/internal/agent"
)

func (h *handlers) registerDevices() {
	const tag = "Devices"
	register(h, operation("list-devices", http.MethodGet, "/devices", tag, "List devices"), h.devices)
	register(h, operation("get-device", http.MethodGet, "/devices/{id}", tag, "Get a device"), h.device)
	register(h, created(operation("enroll-device", http.MethodPost, "/devices", tag,
		"Take a device under management, if its row allows one more")), h.enroll)
	register(h, operation("unenroll-device", http.MethodDelete, "/devices/{id}", tag,
		"Take a device out of management, for one source or for all"), h.unenroll)
	register(h, operation("free-devices", http.MethodPost, "/devices/free", tag,
		"Take devices that nobody has told of for long out of management, or show which"), h.free)
}

type freeing struct {
	Body Freeing
}

type deviceFilter struct {
	Site       string `query:"site" maxLength:"100" doc:"Id or name."`
	Platform   string `query:"platform" enum:"mac,mobile"`
	Source     string `query:"source" maxLength:"40" doc:"Devices that this source has said something of."`
	Search     string `query:"search" maxLength:"128" doc:"Part of an identifier, name or model."`
	Identifier string `query:"identifier" maxLength:"128" doc:"The whole serial number, UDID or enrollment id."`
	Gone       bool   `query:"gone" doc:"Also devices that no source manages any more."`
	UnseenDays int    `query:"unseen_days" minimum:"1" maximum:"3650" doc:"Managed devices last seen more than so many days of 24 hours ago."`
	Cursor     string `query:"cursor" maxLength:"64"`
	Limit      int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// DevicePath names a device. It is exported for huma.
type DevicePath struct {
	ID string `path:"id" maxLength:"64"`
}

type newDevice struct {
	Body NewDevice
}

type leaving struct {
	DevicePath
	Source string `query:"source" maxLength:"40" doc:"As far as this source is concerned; every source if left out."`
}

func (h *handlers) devices(ctx context.Context, in *deviceFilter) (*body[Devices], error) {
	devices, more, err := h.agent.Devices(ctx, agent.DeviceFilter{
		Site: in.Site, Platform: agent.Platform(in.Platform), Source: in.Source, Search: in.Search,
		Identifier: in.Identifier, Gone: in.Gone, UnseenDays: in.UnseenDays, After: in.Cursor, Limit: in.Limit,
	})
	page := Devices{Devices: each(devices, h.wireDevice)}
	if more {
		page.Next = devices[len(devices)-1].ID
	}
	return answer(page, err)
}

func (h *handlers) device(ctx context.Context, in *DevicePath) (*body[Device], error) {
	d, err := h.agent.Device(ctx, in.ID)
	return answer(h.wireDevice(d), err)
}

func (h *handlers) enroll(ctx context.Context, in *newDevice) (*body[Enrolled], error) {
	e, err := h.agent.Enroll(ctx, agent.Enrollment{
		Identity: agent.Identity{SerialNumber: in.Body.SerialNumber, UDID: in.Body.UDID, EnrollmentID: in.Body.EnrollmentID},
		Source:   in.Body.Source, Platform: agent.Platform(in.Body.Platform),
		Name: in.Body.Name, Model: in.Body.Model, OSVersion: in.Body.OSVersion,
	})
	return answer(Enrolled{Device: h.wireDevice(e.Device), Decision: wireDecision(e.Decision)}, err)
}

func (h *handlers) unenroll(ctx context.Context, in *leaving) (*body[Device], error) {
	d, err := h.agent.Unenroll(ctx, in.ID, in.Source)
	return answer(h.wireDevice(d), err)
}

func (h *handlers) free(ctx context.Context, in *freeing) (*body[Freed], error) {
	f := agent.Freeing{UnseenDays: in.Body.UnseenDays, Devices: in.Body.Devices, Force: in.Body.Force}
	free := h.agent.Free
	if in.Body.DryRun {
		free = h.agent.PreviewFree
	}
	freed, err := free(ctx, f)
	if err != nil {
		return answer(Freed{}, err)
	}
	rows, err := h.usage(ctx, freed.Counts)
	return answer(wireFreed(freed, !in.Body.DryRun, h.wireDevice, rows), err)
}

func (h *handlers) wireDevice(d agent.Device) Device { return wireDevice(d, h.now()) }
