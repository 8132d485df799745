package agentapi

import (
	"time"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/licensefile"
)

func wireSite(s agent.Site) Site {
	return Site{ID: s.ID, Name: s.Name, Default: s.Default, CreatedAt: s.CreatedAt}
}

func wireRow(r agent.Row, clock time.Time) Row {
	w := Row{
		SiteID: r.Site.ID, Site: r.Site.Name, LicenseType: r.Type, Status: r.Status(clock),
		Used: r.Count.Used, Maximum: r.Maximum(), Remaining: r.Remaining(),
		LastReport: r.Report.DoneAt,
	}
	if l := r.Held.License; l != nil {
		license := wireLicense(*l)
		rung := r.Standing(clock)
		license.OverSince, license.Standing, license.StandingUntil = r.Held.OverSince, string(rung.State), rung.Until
		w.License = &license
	}
	if at := r.Held.LastContact; !at.IsZero() {
		age := int64(max(0, clock.Sub(at)) / time.Second)
		w.LastSync, w.LastSyncSeconds = &at, &age
	}
	if r.Sync.Kind != "" {
		w.NextSync = &r.Sync.DueAt
	}
	if r.Report.Kind != "" {
		w.NextReport = &r.Report.DueAt
	}
	if p := r.Held.Pending; p != nil && p.Method == licensefile.Offline {
		w.Pending = &PendingRequest{Kind: string(p.Kind), Key: p.Key, Made: p.Made}
	}
	if r.Held.Ended {
		w.Ended = &Ended{Released: r.Held.Released, Reason: r.Held.Reason}
	}
	return w
}

func wireLicense(l licensefile.License) License {
	g := l.Grant
	return License{
		Key: g.Key, KeyKind: g.KeyKind, Product: g.Product, Plan: g.Plan, TypeName: g.TypeName, Metric: g.Metric, Model: g.Model,
		Organization: g.Organization, Method: string(g.Method),
		IssueDate: string(g.IssueDate), EndDate: string(g.EndDate), MaintenanceEnd: string(g.MaintenanceEnd),
		IssuedAt: l.IssuedAt.Time(), LicensedUntil: l.Expires.Time(), Serial: l.Serial, ClockSkew: l.ClockSkew,
		OverLimit: string(g.Policy.OverLimit), Entitlements: g.Entitlements,
	}
}

func wirePreview(p licensefile.Preview) Preview {
	return Preview{
		Product: p.Product, Plan: p.Plan, LicenseType: p.LicenseType, TypeName: p.TypeName, Metric: p.Metric, Model: p.Model,
		IssueDate: string(p.IssueDate), EndDate: string(p.EndDate), Maximum: p.Maximum, InUse: p.InUse,
		Organization: p.Organization, Used: p.Used, Remaining: p.Remaining, Problem: p.Problem, Message: p.Message,
	}
}

func wireAnswer(a agent.Answer, clock time.Time) Answer {
	w := Answer{Kind: string(a.Kind), Row: wireRow(a.Row, clock), Ended: a.Ended, Reason: a.Reason}
	if a.License != nil {
		license := wireLicense(*a.License)
		w.License, w.Maximum = &license, a.License.Grant.Maximum
	}
	return w
}

func wireDevice(d agent.Device, clock time.Time) Device {
	w := Device{
		ID: d.ID, SerialNumber: d.SerialNumber, UDID: d.UDID, EnrollmentID: d.EnrollmentID, Platform: string(d.Platform),
		Name: d.Name, Model: d.Model, OSVersion: d.OSVersion, Managed: d.Managed, SiteID: d.SiteID,
		FirstSeenAt: d.FirstSeenAt, LastSeenAt: d.LastSeenAt,
		LastSeenAge: int64(max(0, clock.Sub(d.LastSeenAt)) / time.Second),
	}
	for _, s := range d.Sightings {
		w.Sources = append(w.Sources, Sighting{Source: s.Source, State: string(s.State), ManagedAt: s.ManagedAt, SeenAt: s.SeenAt})
	}
	return w
}

func wireDecision(d licensefile.Decision) Decision {
	return Decision{
		Verdict: string(d.Verdict), Code: d.Code, Message: d.Message, Used: d.Used, Maximum: d.Maximum,
		Remedies: wireRemedies(d.Remedies), Until: d.Until,
	}
}

func wireRemedies(remedies []licensefile.Remedy) []Remedy {
	var w []Remedy
	for _, r := range remedies {
		w = append(w, Remedy{Code: r.Code, Count: r.Count, Message: r.Message})
	}
	return w
}

func wireSource(s agent.Source) Source {
	return Source{Name: s.Name, Kind: string(s.Kind), SiteID: s.SiteID, Site: s.SiteName, Devices: s.Devices, CreatedAt: s.CreatedAt, HeardAt: s.HeardAt}
}

func wireDifference(d agent.Difference, applied bool, wire func(agent.Device) Device, rows []Usage) Difference {
	return Difference{
		Applied: applied, Added: each(d.Added, wire), Removed: each(d.Removed, wire),
		Changed: each(d.Changed, wire), Kept: each(d.Kept, wire), Listed: d.Listed, Rows: rows, Digest: d.Digest,
	}
}

func wireFreed(f agent.Freed, applied bool, wire func(agent.Device) Device, rows []Usage) Freed {
	return Freed{
		Applied: applied, Devices: each(f.Devices, wire), Silent: each(f.Silent, wireSilence), More: f.More, Rows: rows,
	}
}

func wireSilence(s agent.Silence) Silence {
	return Silence{Source: s.Source, HeardAt: s.HeardAt, Ended: s.Ended}
}

func wireStatus(s agent.Status) Status {
	w := Status{State: string(s.State), Problems: []OpenProblem{}}
	for _, p := range s.Problems {
		w.Problems = append(w.Problems, OpenProblem{
			Code: p.Code, Severity: string(p.Severity), SiteID: p.SiteID, Site: p.SiteName, LicenseType: p.LicenseType,
			Since: p.Since, Message: p.Message, Remedies: wireRemedies(p.Remedies),
		})
	}
	return w
}

func wireAbout(a agent.About) About {
	w := About{
		Product: a.Product, Version: a.Version, Publisher: a.Publisher, Server: a.Server, Installation: a.Installation,
		OrganizationID: a.Organization.ID, OrganizationName: a.Organization.Name, SignedInAt: a.Organization.SignedInAt,
	}
	for _, lt := range a.LicenseTypes {
		w.LicenseTypes = append(w.LicenseTypes, TypeOfLicensing{Code: lt.Code, Platform: string(lt.Platform)})
	}
	return w
}

// each translates a list; an empty one stays a list.
func each[A, B any](list []A, wire func(A) B) []B {
	w := make([]B, len(list))
	for i, v := range list {
		w[i] = wire(v)
	}
	return w
}
