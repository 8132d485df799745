package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// DeviceFilter says which devices to list. Empty members do not filter.
type DeviceFilter struct {
	Site       string // id or name
	Platform   Platform
	Source     string // devices that this source has said something of
	Search     string // part of an identifier, name or model
	Identifier string // the whole serial number, UDID or enrollment id
	Gone       bool   // also devices that no source manages any more
	UnseenDays int    // managed devices last seen longer ago than that; 0 does not filter

	After string // id of the last device of the page before
	Limit int    // 0: the most
}

// MaxPage is how many devices one page holds at most.
const MaxPage = 500

// Devices lists devices by id, and says whether more follow. Errors: not_found
// for the site or source.
func (a *Agent) Devices(ctx context.Context, f DeviceFilter) (devices []Device, more bool, err error) {
	if f.Limit <= 0 || f.Limit > MaxPage {
		f.Limit = MaxPage
	}
	err = a.db.Snapshot(ctx, func(q database.Querier) error {
		if f.Site != "" {
			s, err := findSite(q, f.Site)
			if err != nil {
				return err
			}
			f.Site = s.ID
		}
		if f.Source != "" {
			if _, _, err := sourceByName(q, f.Source); err != nil {
				return notFound(err, "There is no such source here. See the list of sources.")
			}
		}
		devices, err = listDevices(q, f, unseenBefore(a.now(), f.UnseenDays), f.Limit+1)
		return err
	})
	if more = len(devices) > f.Limit; more {
		devices = devices[:f.Limit]
	}
	return devices, more, err
}

// Device gives one device. Errors: not_found.
func (a *Agent) Device(ctx context.Context, id string) (Device, error) {
	var d Device
	err := a.db.Snapshot(ctx, func(q database.Querier) error {
		var err error
		d, err = deviceByID(q, id)
		return notFound(err, "There is no such device here.")
	})
	return d, err
}

func notFound(err error, sentence string) error {
	if errors.Is(err, database.ErrNoRows) {
		return problem.Newf(problem.NotFound, "%s", sentence)
	}
	return err
}

// listDevices builds the query from fixed parts; values are always arguments.
func listDevices(q database.Querier, f DeviceFilter, before time.Time, limit int) ([]Device, error) {
	where := []string{"d.id > ?"}
	args := []any{f.After}
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if f.UnseenDays > 0 {
		add("d.managed = 1 AND d.last_seen_at < ?", database.Micros(before))
	}
	if !f.Gone {
		add("d.managed = 1")
	}
	if f.Site != "" {
		add("d.site_id = ?", f.Site)
	}
	if f.Platform != Unknown {
		add("d.platform = ?", f.Platform)
	}
	if f.Source != "" {
		add("d.id IN (SELECT device_id FROM sighting WHERE source = ?)", f.Source)
	}
	if f.Identifier != "" {
		id := normalIdentifier(f.Identifier)
		add("? <> '' AND (d.serial_number = ? OR d.udid = ? OR d.enrollment_id = ?)", id, id, id, id)
	}
	if f.Search != "" {
		like := "%" + escapeLike(strings.ToUpper(f.Search)) + "%"
		add(`(d.serial_number LIKE ? ESCAPE '\' OR d.udid LIKE ? ESCAPE '\' OR d.enrollment_id LIKE ? ESCAPE '\'
			OR upper(d.name) LIKE ? ESCAPE '\' OR upper(d.model) LIKE ? ESCAPE '\')`, like, like, like, like, like)
	}
	devices, err := database.All(q, scanDevice, `SELECT `+deviceColumns+` FROM device d WHERE `+
		strings.Join(where, " AND ")+` ORDER BY d.id LIMIT ?`, append(args, int64(limit))...)
	if err != nil || len(devices) == 0 {
		return nil, err
	}
	first, last := devices[0].ID, devices[len(devices)-1].ID
	sightings, err := database.All(q, scanSighting, `SELECT device_id, source, state, managed_at, event_at, seen_at, freed_at
		FROM sighting WHERE device_id >= ? AND device_id <= ? ORDER BY source`, first, last)
	return withSightings(devices, sightings), err
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
