package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// MaxUnseenDays is the most days that devices can be asked to be unseen for.
const MaxUnseenDays = 3650

// MaxFreed is how many devices are freed by hand at once, at most.
const MaxFreed = 5000

// Freeing takes devices that nobody has told of for long out of management (P19).
type Freeing struct {
	UnseenDays int      // of 24 hours each
	Devices    []string // ids, as shown; a preview takes all when there are none
	Force      bool     // also devices of a source that is silent itself
}

// Freed is what a freeing does.
type Freed struct {
	Devices []Device  // as they were before, longest unseen first
	Silent  []Silence // sources among theirs that were silent for as long
	More    bool      // there are further devices, for the next time
	Counts  []Count   // of every row, after
}

// Silence is a source that told nothing for as long as its devices are unseen.
type Silence struct {
	Source  string
	HeardAt time.Time // its last word; before the first one, when it was added
	Ended   bool      // it speaks again, but not for long enough
}

// unseenBefore gives the instant before which a device must have been seen last to
// be unseen for more than so many days.
func unseenBefore(now time.Time, days int) time.Time {
	return now.Add(-time.Duration(days) * 24 * time.Hour)
}

func (f Freeing) check(preview bool) error {
	var faults problem.Faults
	faults.Check(f.UnseenDays >= 1 && f.UnseenDays <= MaxUnseenDays, "/unseen_days", "must be 1 to 3650")
	faults.Check(preview || len(f.Devices) > 0, "/devices", "must name the devices that were shown")
	faults.Check(len(f.Devices) <= MaxFreed, "/devices", "must be at most 5000")
	return faults.Err()
}

// PreviewFree tells which devices a freeing takes, and changes nothing. Errors:
// validation_failed; difference_changed when a device named is not unseen.
func (a *Agent) PreviewFree(ctx context.Context, f Freeing) (Freed, error) {
	return a.free(ctx, f, true)
}

// Free takes devices out of management that are still unseen at this moment: all
// that are named, or none. Nothing is done to a device itself, and its next word
// makes it managed again. Errors: validation_failed; difference_changed when one
// was seen meanwhile; source_silent when a source of one was silent for as long,
// unless forced.
func (a *Agent) Free(ctx context.Context, f Freeing) (Freed, error) {
	freed, err := a.free(ctx, f, false)
	if err == nil {
		a.logFreed(ctx, "by hand", f.UnseenDays, len(freed.Devices))
	}
	return freed, err
}

func (a *Agent) free(ctx context.Context, f Freeing, preview bool) (Freed, error) {
	if err := f.check(preview); err != nil {
		return Freed{}, err
	}
	var freed Freed
	err := a.changeDevices(ctx, func(tx *database.Tx, t *taking) error {
		freed = Freed{}
		unseen, silent, err := unseenNow(tx, t.now, f.UnseenDays)
		if err != nil {
			return err
		}
		if freed.Devices, err = f.chosen(unseen); err != nil {
			return err
		}
		if len(freed.Devices) > MaxFreed {
			freed.Devices, freed.More = freed.Devices[:MaxFreed], true
		}
		freed.Silent = silentAmong(freed.Devices, silent)
		if !preview && !f.Force && len(freed.Silent) > 0 {
			return problem.New(problem.SourceSilent)
		}
		if err := t.release(freed.Devices); err != nil {
			return err
		}
		if err := a.recount(tx, t.touched); err != nil {
			return err
		}
		if freed.Counts, err = allCounts(tx); err != nil || !preview {
			return err
		}
		return errPreview
	})
	if preview && errors.Is(err, errPreview) {
		err = nil
	}
	return freed, err
}

// chosen gives the devices that are named, all of which must be unseen.
func (f Freeing) chosen(unseen []Device) ([]Device, error) {
	if len(f.Devices) == 0 {
		return unseen, nil
	}
	named := map[string]bool{}
	for _, id := range f.Devices {
		named[id] = true
	}
	chosen := slices.DeleteFunc(unseen, func(d Device) bool { return !named[d.ID] })
	if len(chosen) != len(named) {
		return nil, problem.New(problem.DifferenceChanged)
	}
	return chosen, nil
}

// unseenNow gives the managed devices that are unseen for more than so many days,
// and the sources that were silent for as long themselves.
func unseenNow(q database.Querier, now time.Time, days int) ([]Device, []Silence, error) {
	before := unseenBefore(now, days)
	devices, err := unseenDevices(q, before)
	if err != nil {
		return nil, nil, err
	}
	silent, err := silentSources(q, before, now.Sub(before))
	return devices, silent, err
}

// heldBy reports whether a source that was silent itself manages the device: then
// that nothing was heard of the device means nothing.
func (d Device) heldBy(s Silence) bool {
	return slices.ContainsFunc(d.Sightings, func(g Sighting) bool { return g.Source == s.Source && g.State == Managed })
}

// silentAmong gives the silent sources that manage any of the devices.
func silentAmong(devices []Device, silent []Silence) []Silence {
	return slices.DeleteFunc(slices.Clone(silent), func(s Silence) bool {
		return !slices.ContainsFunc(devices, func(d Device) bool { return d.heldBy(s) })
	})
}

// spokenOf gives the devices whose sources all speak.
func spokenOf(devices []Device, silent []Silence) []Device {
	return slices.DeleteFunc(devices, func(d Device) bool { return slices.ContainsFunc(silent, d.heldBy) })
}

// release takes devices out of management, whatever source told of them.
func (t *taking) release(devices []Device) error {
	for _, d := range devices {
		if err := freeDevice(t.tx, d.ID, t.now); err != nil {
			return err
		}
		after := d
		after.Managed = false
		t.touch(d, after)
	}
	return nil
}

// freeByRule frees what is unseen when it is time to look (P19).
func (a *Agent) freeByRule(ctx context.Context) {
	now, days := a.now(), a.cfg.FreeUnseenDays
	if days == 0 || now.Before(a.freeAt) {
		return
	}
	a.freeAt = now.Add(a.cfg.FreeEvery)
	freed := 0
	err := a.changeDevices(ctx, func(tx *database.Tx, t *taking) error {
		unseen, silent, err := unseenNow(tx, t.now, days)
		if err != nil {
			return err
		}
		unseen = spokenOf(unseen, silent)
		freed = len(unseen)
		return t.release(unseen)
	})
	if err != nil {
		a.logFailure(ctx, "cannot free unseen devices", err)
		return
	}
	a.logFreed(ctx, "by rule", days, freed)
}

func (a *Agent) logFreed(ctx context.Context, how string, days, devices int) {
	if devices > 0 {
		a.log.InfoContext(ctx, "unseen devices freed", "how", how, "unseen_days", days, "devices", devices)
	}
}

// silentProblem gives the problem that sources are silent, of which the rule frees
// nothing: a broken connection must not empty the count.
func (a *Agent) silentProblem(q database.Querier, now time.Time) ([]Problem, error) {
	if a.cfg.FreeUnseenDays == 0 {
		return nil, nil
	}
	before := unseenBefore(now, a.cfg.FreeUnseenDays)
	silent, err := silentSources(q, before, now.Sub(before))
	if err != nil {
		return nil, err
	}
	var told []string
	for _, s := range silent {
		if !s.Ended {
			told = append(told, fmt.Sprintf("%s has told nothing since %s", s.Source, s.HeardAt.Format(time.RFC3339)))
		}
	}
	if len(told) == 0 {
		return nil, nil
	}
	return []Problem{{
		Code: ProblemSourceSilent, Severity: Warning,
		Message:  "Sources of devices are silent, so none of their unseen devices is freed: " + strings.Join(told, "; ") + ".",
		Remedies: []licensefile.Remedy{remedy(RemedySource, "Check the source's connection, or synchronize its devices.")},
	}}, nil
}

// meet takes it that a device has answered its management server. That shows a
// managed device and changes nothing else: its date must not make a CheckOut look
// old that was posted at the same time. A device that was freed for being unseen
// is there after all, so it is managed again.
func (t *taking) meet(f Fact) (Device, error) {
	known, err := devicesSharing(t.tx, f.Identity)
	if err != nil || len(known) == 0 {
		return Device{}, err
	}
	d := known[0]
	before, seen := d, f.seenAt(t.now)
	for i, s := range d.Sightings {
		if s.Source == f.Source {
			d.Sightings[i] = s.met(seen, t.now)
		}
	}
	t.settle(&d)
	if !d.Managed || !seen.After(d.LastSeenAt) {
		return before, nil
	}
	d.LastSeenAt = seen
	t.touch(before, d)
	return d, saveDevice(t.tx, d, false)
}

// met gives the sighting of a device that has answered its management server.
func (s Sighting) met(seen, now time.Time) Sighting {
	if !seen.After(s.SeenAt) {
		return s
	}
	switch {
	case s.FreedAt != nil && seen.After(*s.FreedAt):
		s.State, s.ManagedAt, s.FreedAt, s.SeenAt = Managed, &now, nil, seen
	case s.State == Managed:
		s.SeenAt = seen
	}
	return s
}
