package agent

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

const deviceColumns = `d.id, d.serial_number, d.udid, d.enrollment_id, d.platform, d.name, d.model,
	d.os_version, d.managed, d.site_id, d.first_seen_at, d.last_seen_at`

func scanDevice(r database.Row) (Device, error) {
	var d Device
	var first, last int64
	err := r.Scan(&d.ID, &d.SerialNumber, &d.UDID, &d.EnrollmentID, &d.Platform, &d.Name, &d.Model,
		&d.OSVersion, &d.Managed, &d.SiteID, &first, &last)
	d.FirstSeenAt, d.LastSeenAt = database.Instant(first), database.Instant(last)
	return d, err
}

func scanSighting(r database.Row) (Sighting, error) {
	var s Sighting
	var managed, freed database.NullInstant
	var event, seen int64
	err := r.Scan(&s.DeviceID, &s.Source, &s.State, &managed, &event, &seen, &freed)
	s.ManagedAt, s.FreedAt = managed.Ptr(), freed.Ptr()
	s.EventAt, s.SeenAt = database.Instant(event), database.Instant(seen)
	return s, err
}

// devicesSharing gives the devices that share an identifier, strongest match
// first, each once.
func devicesSharing(q database.Querier, id Identity) ([]Device, error) {
	var found []Device
	for _, look := range []struct{ query, value string }{
		{`SELECT ` + deviceColumns + ` FROM device d WHERE d.serial_number = ? AND d.serial_number <> ''`, id.SerialNumber},
		{`SELECT ` + deviceColumns + ` FROM device d WHERE d.udid = ? AND d.udid <> ''`, id.UDID},
		{`SELECT ` + deviceColumns + ` FROM device d WHERE d.enrollment_id = ? AND d.enrollment_id <> ''`, id.EnrollmentID},
	} {
		if look.value == "" {
			continue
		}
		devices, err := database.All(q, scanDevice, look.query, look.value)
		if err != nil {
			return nil, err
		}
		for _, d := range devices {
			if !containsDevice(found, d.ID) {
				found = append(found, d)
			}
		}
	}
	for i := range found {
		sightings, err := sightingsOf(q, found[i].ID)
		if err != nil {
			return nil, err
		}
		found[i].Sightings = sightings
	}
	return found, nil
}

func containsDevice(devices []Device, id string) bool {
	for _, d := range devices {
		if d.ID == id {
			return true
		}
	}
	return false
}

func deviceByID(q database.Querier, id string) (Device, error) {
	d, err := database.One(q, scanDevice, `SELECT `+deviceColumns+` FROM device d WHERE d.id = ?`, id)
	if err != nil {
		return Device{}, err
	}
	d.Sightings, err = sightingsOf(q, id)
	return d, err
}

func sightingsOf(q database.Querier, deviceID string) ([]Sighting, error) {
	return database.All(q, scanSighting, `SELECT device_id, source, state, managed_at, event_at, seen_at, freed_at
		FROM sighting WHERE device_id = ? ORDER BY source`, deviceID)
}

// devicesOf gives every device that a source has said something of.
func devicesOf(q database.Querier, source string) ([]Device, error) {
	devices, err := database.All(q, scanDevice, `SELECT `+deviceColumns+` FROM device d
		WHERE d.id IN (SELECT device_id FROM sighting WHERE source = ?) ORDER BY d.id`, source)
	if err != nil {
		return nil, err
	}
	sightings, err := database.All(q, scanSighting, `SELECT device_id, source, state, managed_at, event_at, seen_at, freed_at
		FROM sighting WHERE device_id IN (SELECT device_id FROM sighting WHERE source = ?) ORDER BY source`, source)
	return withSightings(devices, sightings), err
}

func withSightings(devices []Device, sightings []Sighting) []Device {
	at := make(map[string]int, len(devices))
	for i, d := range devices {
		at[d.ID] = i
	}
	for _, s := range sightings {
		if i, ok := at[s.DeviceID]; ok {
			devices[i].Sightings = append(devices[i].Sightings, s)
		}
	}
	return devices
}

// saveDevice writes a device with its sightings. Stripping and absorbing come
// first, so that no unique index is in the way.
func saveDevice(tx *database.Tx, d Device, isNew bool) error {
	var err error
	if isNew {
		_, err = tx.Exec(`INSERT INTO device (id, serial_number, udid, enrollment_id, platform, name, model,
				os_version, managed, site_id, first_seen_at, last_seen_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			d.ID, d.SerialNumber, d.UDID, d.EnrollmentID, d.Platform, d.Name, d.Model,
			d.OSVersion, d.Managed, d.SiteID, database.Micros(d.FirstSeenAt), database.Micros(d.LastSeenAt))
	} else {
		_, err = tx.Exec(`UPDATE device SET serial_number = ?, udid = ?, enrollment_id = ?, platform = ?, name = ?,
				model = ?, os_version = ?, managed = ?, site_id = ?, first_seen_at = ?, last_seen_at = ?
			WHERE id = ?`,
			d.SerialNumber, d.UDID, d.EnrollmentID, d.Platform, d.Name,
			d.Model, d.OSVersion, d.Managed, d.SiteID, database.Micros(d.FirstSeenAt), database.Micros(d.LastSeenAt), d.ID)
	}
	if err != nil {
		return err
	}
	return saveSightings(tx, d)
}

// saveSightings replaces what is known of who saw the device; it is a handful of rows.
func saveSightings(tx *database.Tx, d Device) error {
	if _, err := tx.Exec(`DELETE FROM sighting WHERE device_id = ?`, d.ID); err != nil {
		return err
	}
	for _, s := range d.Sightings {
		_, err := tx.Exec(`INSERT INTO sighting (device_id, source, state, managed_at, event_at, seen_at, freed_at)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			d.ID, s.Source, s.State, database.NullMicros(s.ManagedAt), database.Micros(s.EventAt), database.Micros(s.SeenAt), database.NullMicros(s.FreedAt))
		if err != nil {
			return err
		}
	}
	return nil
}

func deleteDevice(tx *database.Tx, id string) error {
	if _, err := tx.Exec(`DELETE FROM sighting WHERE device_id = ?`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM device WHERE id = ?`, id)
	return err
}

// countDevices gives how many managed devices of a platform are at a site.
func countDevices(q database.Querier, siteID string, platform Platform) (int64, error) {
	return database.One(q, database.Value[int64], `SELECT count(*) FROM device
		WHERE site_id = ? AND platform = ? AND managed = 1`, siteID, platform)
}

// managedDevices gives all counted devices, in an order that does not depend on ids.
func managedDevices(q database.Querier) ([]Device, error) {
	return database.All(q, scanDevice, `SELECT `+deviceColumns+` FROM device d WHERE d.managed = 1
		ORDER BY d.serial_number, d.udid, d.enrollment_id`)
}

// unseenDevices gives the managed devices that were seen last before then, longest
// unseen first.
func unseenDevices(q database.Querier, before time.Time) ([]Device, error) {
	devices, err := database.All(q, scanDevice, `SELECT `+deviceColumns+` FROM device d
		WHERE d.managed = 1 AND d.last_seen_at < ? ORDER BY d.last_seen_at, d.id`, database.Micros(before))
	if err != nil {
		return nil, err
	}
	sightings, err := database.All(q, scanSighting, `SELECT device_id, source, state, managed_at, event_at, seen_at, freed_at
		FROM sighting WHERE device_id IN (SELECT id FROM device WHERE managed = 1 AND last_seen_at < ?) ORDER BY source`,
		database.Micros(before))
	return withSightings(devices, sightings), err
}

// freeDevice takes a device out of management by every source that manages it.
func freeDevice(tx *database.Tx, id string, now time.Time) error {
	_, err := tx.Exec(`UPDATE sighting SET state = 'gone', managed_at = NULL, freed_at = ?
		WHERE device_id = ? AND state = 'managed'`, database.Micros(now), id)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE device SET managed = 0 WHERE id = ?`, id)
	return err
}
