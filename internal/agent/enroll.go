package agent

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Enrollment is a device that a program wants to take under management.
type Enrollment struct {
	Identity
	Source    string // an api source; empty is the default one
	Platform  Platform
	Name      string
	Model     string
	OSVersion string
}

// Enrolled is what became of an enrollment.
type Enrolled struct {
	Device   Device
	Decision licensefile.Decision // allow, or warn with what to tell
}

func (e Enrollment) fact() (Fact, error) {
	f := Fact{
		Source: e.Source, Identity: e.normalized(), Claim: Managed, Platform: e.Platform,
		Name: readable(e.Name), Model: readable(e.Model), OSVersion: readable(e.OSVersion),
	}
	if f.Source == "" {
		f.Source = DefaultAPISource
	}
	if f.Platform == Unknown {
		f.Platform = PlatformOf(e.Model)
	}
	var faults problem.Faults
	faults.Check(!f.Identity.empty(), "/serial_number", "a serial number, UDID or enrollment id must be given")
	faults.Check(f.Platform == Mac || f.Platform == Mobile, "/platform", "must be mac or mobile, unless the model tells it")
	if err := faults.Err(); err != nil {
		return Fact{}, err
	}
	return f, f.check()
}

// Enroll takes a device under management if its row allows one more. The check
// and the count are one transaction, so with `block` no race of enrollments
// exceeds the maximum (P7). A device that is counted there already needs no
// license more. Errors: validation_failed; not_found for the source; and, with
// nothing stored, the code of the refusal: limit_reached, over_limit,
// over_limit_suspended, subscription_expired, subscription_suspended,
// lease_expired, silent_too_long, not_activated.
func (a *Agent) Enroll(ctx context.Context, e Enrollment) (Enrolled, error) {
	fact, err := e.fact()
	if err != nil {
		return Enrolled{}, err
	}
	decision := licensefile.Decision{}
	devices, err := a.takeFacts(ctx, []Fact{fact}, func(tx *database.Tx, t *taking) error {
		s, err := a.source(tx, fact.Source, SourceAPI)
		if err != nil {
			return err
		}
		decision, err = a.mayEnroll(tx, s.SiteID, fact, t.now)
		return err
	})
	if err != nil {
		return Enrolled{}, err
	}
	return Enrolled{Device: devices[0], Decision: decision}, nil
}

// mayEnroll asks the row that would count the device. It must run before the
// device is stored.
func (a *Agent) mayEnroll(tx *database.Tx, siteID string, f Fact, now time.Time) (licensefile.Decision, error) {
	known, err := devicesSharing(tx, f.Identity)
	if err != nil {
		return licensefile.Decision{}, err
	}
	lt, licensed := a.typeOf(f.Platform)
	if !licensed {
		return licensefile.Decision{Verdict: licensefile.Allow}, nil
	}
	row, err := a.rowOf(tx, RowKey{siteID, lt.Code})
	if err != nil {
		return licensefile.Decision{}, err
	}
	for _, d := range known {
		if d.Managed && d.SiteID == siteID && d.Platform == f.Platform && sameDevice(d.Identity, f.Identity) {
			return licensefile.Decision{Verdict: licensefile.Allow, Used: row.Count.Used, Maximum: row.Maximum()}, nil
		}
	}
	decision := row.May(licensefile.Enroll, now)
	if decision.Verdict == licensefile.Refuse {
		return decision, problem.Newf(problem.Code(decision.Code), "%s", decision.Message)
	}
	return decision, nil
}

// Unenroll takes a device out of management: as far as one source is concerned,
// or every source when none is named. A later word of a source counts again.
// Errors: not_found.
func (a *Agent) Unenroll(ctx context.Context, deviceID, source string) (Device, error) {
	var after Device
	err := a.changeDevices(ctx, func(tx *database.Tx, t *taking) error {
		d, err := deviceByID(tx, deviceID)
		if err != nil {
			return notFound(err, "There is no such device here.")
		}
		found := false
		for _, s := range d.Sightings {
			if source != "" && s.Source != source {
				continue
			}
			found = true
			if d, err = t.take(Fact{Source: s.Source, Identity: d.Identity, Claim: Gone}); err != nil {
				return err
			}
		}
		if !found {
			return problem.Newf(problem.NotFound, "This source knows no such device.")
		}
		after = d
		return nil
	})
	return after, err
}

// FindDevice looks a device up by any of its identifiers. Errors: not_found.
func (a *Agent) FindDevice(ctx context.Context, id Identity) (Device, error) {
	found, err := devicesSharing(a.db.Read(ctx), id.normalized())
	if err != nil {
		return Device{}, err
	}
	if len(found) == 0 {
		return Device{}, problem.Newf(problem.NotFound, "There is no such device here.")
	}
	return found[0], nil
}

// takeFacts stores facts in one transaction, with the counts and problems that
// follow. The check, if any, runs first and can refuse.
func (a *Agent) takeFacts(ctx context.Context, facts []Fact, check func(*database.Tx, *taking) error) ([]Device, error) {
	devices := make([]Device, len(facts))
	err := a.changeDevices(ctx, func(tx *database.Tx, t *taking) error {
		if check != nil {
			if err := check(tx, t); err != nil {
				return err
			}
		}
		for i, f := range facts {
			d, err := t.take(f)
			if err != nil {
				return err
			}
			devices[i] = d
			if err := heard(tx, f.Source, f.seenAt(t.now)); err != nil {
				return err
			}
		}
		return nil
	})
	return devices, err
}

// changeDevices runs a change of devices in one transaction, and settles counts
// and problems with it.
func (a *Agent) changeDevices(ctx context.Context, change func(*database.Tx, *taking) error) error {
	now, counted := a.now(), false
	err := a.db.InTx(ctx, func(tx *database.Tx) error {
		sites, err := sitesOfSources(tx)
		if err != nil {
			return err
		}
		t := &taking{tx: tx, now: now, newID: a.newID, sites: sites, touched: map[string]bool{}}
		if err := change(tx, t); err != nil {
			return err
		}
		// Most events tell nothing new, such as a push token renewed.
		if counted = len(t.touched) > 0; !counted {
			return nil
		}
		if err := a.recount(tx, t.touched); err != nil {
			return err
		}
		return a.judge(tx, now)
	})
	if err != nil || !counted {
		return err
	}
	a.announce(ctx)
	return a.startOverClocks(ctx)
}

// startOverClocks starts the clock of every row that has come over its maximum.
// It is the client's, which reports it; after a crash before it started, the
// next start of the agent does it.
func (a *Agent) startOverClocks(ctx context.Context) error {
	rows, err := a.Rows(ctx)
	if err != nil {
		return err
	}
	started := false
	for _, row := range rows {
		if row.Held.License == nil || row.Held.OverSince != nil || !licensefile.Over(row.ladder()) {
			continue
		}
		if err := a.client.SetUsed(context.WithoutCancel(ctx), row.Slot(), row.Count.Used); err != nil {
			return err
		}
		started = true
	}
	if !started {
		return nil
	}
	return a.loadHolds(ctx)
}

// typeOf gives the license type that counts a platform.
func (a *Agent) typeOf(p Platform) (LicenseType, bool) {
	for _, lt := range a.cfg.LicenseTypes {
		if lt.Platform == p && p != Unknown {
			return lt, true
		}
	}
	return LicenseType{}, false
}
