package agent

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

// Device is one device, whatever number of sources know it.
type Device struct {
	ID string
	Identity
	Platform  Platform
	Name      string
	Model     string
	OSVersion string

	// Managed says whether at least one source manages the device. Such a device
	// is counted, at Site, by the license type of its platform.
	Managed bool
	SiteID  string

	FirstSeenAt time.Time
	LastSeenAt  time.Time

	Sightings []Sighting // by source name
}

// learn fills in what a fact says of the device besides its management. Newer
// words replace older ones; an older fact only fills gaps.
func (d *Device) learn(f Fact, newest bool) {
	fill := func(have *string, told string) {
		if told != "" && (newest || *have == "") {
			*have = told
		}
	}
	fill(&d.Name, f.Name)
	fill(&d.Model, f.Model)
	fill(&d.OSVersion, f.OSVersion)
	if f.Platform != Unknown && (newest || d.Platform == Unknown) {
		d.Platform = f.Platform
	}
}

// taking is the work of taking facts inside one transaction. It remembers whose
// counts may have changed.
type taking struct {
	tx      *database.Tx
	now     time.Time
	newID   func() string
	sites   map[string]string // source → site
	touched map[string]bool   // sites
}

// take stores one fact and gives the device as it is afterwards. Whatever order
// the same facts come in, and however often, the result is the same device.
func (t *taking) take(f Fact) (Device, error) {
	if f.Claim == connected {
		return t.meet(f)
	}
	f.Identity = f.Identity.normalized()
	known, err := devicesSharing(t.tx, f.Identity)
	if err != nil {
		return Device{}, err
	}
	identities := make([]Identity, len(known))
	for i, d := range known {
		identities[i] = d.Identity
	}
	p := place(f.Identity, identities)

	d := Device{ID: t.newID(), FirstSeenAt: t.now, SiteID: t.sites[f.Source]}
	if p.into >= 0 {
		d = known[p.into]
	}
	before := d
	if err := t.makeRoom(&d, p, known, f.Identity); err != nil {
		return Device{}, err
	}
	d.Identity = p.identity
	d.LastSeenAt = later(d.LastSeenAt, f.seenAt(t.now))
	news := t.see(&d, f)
	d.learn(f, news)
	t.settle(&d)
	t.touch(before, d)
	return d, saveDevice(t.tx, d, p.into < 0)
}

// makeRoom removes what stands in the way of the device's identity: devices that
// turned out to be the same one, and identifiers that others no longer have.
func (t *taking) makeRoom(d *Device, p placing, known []Device, told Identity) error {
	for _, i := range p.strip {
		other := known[i]
		other.Identity = other.without(told)
		if err := saveDevice(t.tx, other, false); err != nil {
			return err
		}
	}
	for _, i := range p.absorb {
		other := known[i]
		d.Sightings = joined(d.Sightings, other.Sightings)
		d.learn(Fact{Name: other.Name, Model: other.Model, OSVersion: other.OSVersion, Platform: other.Platform}, false)
		if other.FirstSeenAt.Before(d.FirstSeenAt) {
			d.FirstSeenAt = other.FirstSeenAt
		}
		d.LastSeenAt = later(d.LastSeenAt, other.LastSeenAt)
		t.touch(other, Device{})
		if err := deleteDevice(t.tx, other.ID); err != nil {
			return err
		}
	}
	return nil
}

// see takes the fact into the device's sighting by its source, and reports
// whether it was newer than what that source had said before.
func (t *taking) see(d *Device, f Fact) bool {
	for i, s := range d.Sightings {
		if s.Source == f.Source {
			next, news := s.after(f, t.now)
			d.Sightings[i] = next
			return news
		}
	}
	first, news := Sighting{DeviceID: d.ID}.after(f, t.now)
	d.Sightings = append(d.Sightings, first)
	return news
}

// settle derives whether and where the device is managed.
func (t *taking) settle(d *Device) {
	for i := range d.Sightings {
		d.Sightings[i].DeviceID = d.ID
	}
	managed, source := standing(d.Sightings)
	d.Managed = managed
	if managed {
		d.SiteID = t.sites[source]
	}
}

// withdraw takes back what a source said of a device, as if it had never known
// it. A device that no source knows any more is forgotten.
func (t *taking) withdraw(d Device, source string) error {
	before := d
	d.Sightings = without(d.Sightings, source)
	if len(d.Sightings) == 0 {
		t.touch(before, Device{})
		return deleteDevice(t.tx, d.ID)
	}
	t.settle(&d)
	t.touch(before, d)
	return saveDevice(t.tx, d, false)
}

// touch notes the sites whose counts change when a device becomes another.
func (t *taking) touch(before, after Device) {
	if before.Managed == after.Managed && before.SiteID == after.SiteID && before.Platform == after.Platform {
		return
	}
	for _, d := range []Device{before, after} {
		if d.Managed {
			t.touched[d.SiteID] = true
		}
	}
}
