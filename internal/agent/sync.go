package agent

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// Difference is what a list of devices changes.
type Difference struct {
	Added   []Device // managed after it, not before
	Removed []Device // managed before it, not after: nobody but the list knew them
	Changed []Device // counted elsewhere or as another platform

	// Kept are devices that the list had and has no more, but that another
	// source manages; they stay.
	Kept []Device

	Listed int     // devices in the list, each once
	Counts []Count // of every row, after

	// Digest names this difference. Applying it asks for the same.
	Digest string
}

// errPreview takes a transaction back after what it would do is known.
var errPreview = errors.New("only a preview")

// PreviewSync tells what a list of devices would change, and changes nothing.
// Errors: validation_failed with the lines at fault; not_found for the source.
func (a *Agent) PreviewSync(ctx context.Context, source string, list []byte) (Difference, error) {
	return a.sync(ctx, source, list, "", true)
}

// Sync makes a list what a csv source knows. Devices that are not in it any more
// are removed if the source alone knew them. Digest is that of the difference
// that was shown; empty takes any. What a list says is a fact and never refused
// (P7). Errors: as PreviewSync; difference_changed.
func (a *Agent) Sync(ctx context.Context, source string, list []byte, digest string) (Difference, error) {
	return a.sync(ctx, source, list, digest, false)
}

func (a *Agent) sync(ctx context.Context, source string, list []byte, digest string, preview bool) (Difference, error) {
	if source == "" {
		source = DefaultCSVSource
	}
	facts, err := readCSV(list, source)
	if err != nil {
		return Difference{}, err
	}
	var diff Difference
	err = a.changeDevices(ctx, func(tx *database.Tx, t *taking) error {
		if _, err := a.source(tx, source, SourceCSV); err != nil {
			return err
		}
		before, err := managedDevices(tx)
		if err != nil {
			return err
		}
		diff = Difference{}
		if err := diff.apply(t, source, facts); err != nil {
			return err
		}
		if err := heard(tx, source, t.now); err != nil {
			return err
		}
		if err := a.recount(tx, t.touched); err != nil {
			return err
		}
		if err := diff.describe(tx, before); err != nil {
			return err
		}
		switch {
		case preview:
			return errPreview
		case digest != "" && digest != diff.Digest:
			return problem.New(problem.DifferenceChanged)
		}
		return nil
	})
	if preview && errors.Is(err, errPreview) {
		err = nil
	}
	return diff, err
}

// apply takes the facts of a list and withdraws what the list has no more.
func (d *Difference) apply(t *taking, source string, facts []Fact) error {
	listed := map[string]bool{}
	for _, f := range facts {
		device, err := t.take(f)
		if err != nil {
			return err
		}
		listed[device.ID] = true
	}
	known, err := devicesOf(t.tx, source)
	if err != nil {
		return err
	}
	for _, device := range known {
		if listed[device.ID] {
			d.Listed++
			continue
		}
		if err := t.withdraw(device, source); err != nil {
			return err
		}
		if anyManages(without(device.Sightings, source)) {
			d.Kept = append(d.Kept, device)
		}
	}
	return nil
}

func without(sightings []Sighting, source string) []Sighting {
	var left []Sighting
	for _, s := range sightings {
		if s.Source != source {
			left = append(left, s)
		}
	}
	return left
}

func anyManages(sightings []Sighting) bool {
	managed, _ := standing(sightings)
	return managed
}

// describe compares the managed devices before and after.
func (d *Difference) describe(q database.Querier, before []Device) error {
	after, err := managedDevices(q)
	if err != nil {
		return err
	}
	was := map[string]Device{}
	for _, device := range before {
		was[device.ID] = device
	}
	for _, device := range after {
		old, known := was[device.ID]
		delete(was, device.ID)
		switch {
		case !known:
			d.Added = append(d.Added, device)
		case old.SiteID != device.SiteID || old.Platform != device.Platform:
			d.Changed = append(d.Changed, device)
		}
	}
	for _, device := range before {
		if _, gone := was[device.ID]; gone {
			d.Removed = append(d.Removed, device)
		}
	}
	if d.Counts, err = allCounts(q); err != nil {
		return err
	}
	d.Digest = d.digest()
	return nil
}

// digest names a difference by its devices. Ids of new devices are made anew
// each time, so identifiers stand for them.
func (d *Difference) digest() string {
	var names [4][]string
	for i, devices := range [][]Device{d.Added, d.Removed, d.Changed, d.Kept} {
		for _, device := range devices {
			names[i] = append(names[i], device.SerialNumber+"|"+device.UDID+"|"+device.EnrollmentID+"|"+
				string(device.Platform)+"|"+device.SiteID)
		}
	}
	text, err := json.Marshal(names)
	if err != nil {
		panic(err) // texts always marshal
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
