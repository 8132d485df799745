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
}

type deviceFilter struct {
	Site       string `query:"site" maxLength:"100" doc:"Id or name."`
	Platform   string `query:"platform" enum:"mac,mobile"`
	Source     string `query:"source" maxLength:"40" doc:"Devices that this source has said something of."`
	Search     string `query:"search" maxLength:"128" doc:"Part of an identifier, name or model."`
	Identifier string `query:"identifier" maxLength:"128" doc:"The whole serial number, UDID or enrollment id."`
	Gone       bool   `query:"gone" doc:"Also devices that no source manages any more."`
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
		Identifier: in.Identifier, Gone: in.Gone, After: in.Cursor, Limit: in.Limit,
	})
	page := Devices{Devices: each(devices, wireDevice)}
	if more {
		page.Next = devices[len(devices)-1].ID
	}
	return answer(page, err)
}

func (h *handlers) device(ctx context.Context, in *DevicePath) (*body[Device], error) {
	d, err := h.agent.Device(ctx, in.ID)
	return answer(wireDevice(d), err)
}

func (h *handlers) enroll(ctx context.Context, in *newDevice) (*body[Enrolled], error) {
	e, err := h.agent.Enroll(ctx, agent.Enrollment{
		Identity: agent.Identity{SerialNumber: in.Body.SerialNumber, UDID: in.Body.UDID, EnrollmentID: in.Body.EnrollmentID},
		Source:   in.Body.Source, Platform: agent.Platform(in.Body.Platform),
		Name: in.Body.Name, Model: in.Body.Model, OSVersion: in.Body.OSVersion,
	})
	return answer(Enrolled{Device: wireDevice(e.Device), Decision: wireDecision(e.Decision)}, err)
}

func (h *handlers) unenroll(ctx context.Context, in *leaving) (*body[Device], error) {
	d, err := h.agent.Unenroll(ctx, in.ID, in.Source)
	return answer(wireDevice(d), err)
}
