package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/licethq/licet/internal/agent/agentapi"
)

// table writes rows in columns.
func (p *program) table(write func(line func(cells ...string))) {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	write(func(cells ...string) {
		for i, cell := range cells {
			cells[i] = visible(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	})
	w.Flush() //nolint:errcheck // nobody is there to hear of a closed terminal
}

// number shows a count that may be unlimited or unknown.
func number(n *int64, missing string) string {
	if n == nil {
		return missing
	}
	return strconv.FormatInt(*n, 10)
}

// instant shows an instant in the zone of the person's machine.
func instant(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04 MST")
}

func or(s, missing string) string {
	if s == "" {
		return missing
	}
	return s
}

// limit shows a maximum: a license without one is unlimited.
func limit(r agentapi.Row, n *int64) string {
	if r.License == nil {
		return number(n, "-")
	}
	return number(n, "unlimited")
}

func (p *program) printRows(rows []agentapi.Row) {
	p.table(func(line func(...string)) {
		line("SITE", "TYPE", "STATUS", "KEY", "METHOD", "USED", "MAXIMUM", "REMAINING", "END", "LAST SYNC")
		for _, r := range rows {
			key, method, end := "-", "-", "-"
			if l := r.License; l != nil {
				key, method, end = l.Key, l.Method, or(l.EndDate, "none")
			}
			line(r.Site, r.LicenseType, r.Status, key, method, strconv.FormatInt(r.Used, 10),
				limit(r, r.Maximum), limit(r, r.Remaining), end, instant(r.LastSync))
		}
	})
}

// printRow shows what P5 lists.
func (p *program) printRow(r agentapi.Row) {
	p.table(func(line func(...string)) {
		line("Site:", r.Site)
		line("License type:", r.LicenseType)
		line("Status:", r.Status)
		if l := r.License; l != nil {
			printLicense(line, *l)
		}
		line("Maximum devices:", limit(r, r.Maximum))
		line("Devices under management:", strconv.FormatInt(r.Used, 10))
		line("Remaining:", limit(r, r.Remaining))
		if r.LastSync != nil {
			line("Last sync:", instant(r.LastSync)+" ("+age(*r.LastSyncSeconds)+" ago)")
		}
		if r.License != nil {
			line("Last report:", instant(r.LastReport))
			line("Licensed until:", instant(&r.License.LicensedUntil))
			if r.License.OverSince != nil {
				line("First over the limit:", instant(r.License.OverSince))
			}
		}
		if r.Pending != nil {
			line("Waiting for:", "the answer to the "+r.Pending.Kind+" request of "+instant(&r.Pending.Made))
		}
		if r.Ended != nil && !r.Ended.Released {
			line("Key:", "not released yet; upload the deactivation request file")
		}
		if r.Ended != nil && r.Ended.Reason != "" {
			line("Ended by the publisher:", r.Ended.Reason)
		}
	})
}

func printLicense(line func(...string), l agentapi.License) {
	line("License key:", l.Key)
	line("Product:", l.Product+" "+l.Plan)
	if l.Organization != "" {
		line("Organization:", l.Organization)
	}
	line("Method:", l.Method)
	line("Issue date:", l.IssueDate)
	line("End date:", or(l.EndDate, "none"))
	if l.MaintenanceEnd != "" {
		line("Maintenance ends:", l.MaintenanceEnd)
	}
}

// age shows how long ago something was, in the largest unit that fits.
func age(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int64(d/(24*time.Hour)))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int64(d/time.Hour))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int64(d/time.Minute))
	default:
		return fmt.Sprintf("%d seconds", seconds)
	}
}

func (p *program) printPreview(v agentapi.Preview) {
	p.table(func(line func(...string)) {
		line("Product:", v.Product+" "+v.Plan)
		line("License type:", v.LicenseType)
		line("Issue date:", or(v.IssueDate, "-"))
		line("End date:", or(v.EndDate, "none"))
		line("Maximum devices:", number(v.Maximum, "unlimited"))
		line("In use:", map[bool]string{true: "yes", false: "no"}[v.InUse])
		if v.Problem != "" {
			line("Not possible now:", v.Message+" ("+v.Problem+")")
		}
	})
}

// printAnswer shows a file from the publisher before it is taken.
func (p *program) printAnswer(a agentapi.Answer) {
	fmt.Fprintln(p.stdout, "The file says:")
	p.table(func(line func(...string)) {
		line("  Site:", a.Row.Site)
		line("  License type:", a.Row.LicenseType)
		if a.Ended {
			line("  Deactivated:", or(a.Reason, "as requested"))
		}
		if a.License != nil {
			printLicense(func(cells ...string) { line(append([]string{"  " + cells[0]}, cells[1:]...)...) }, *a.License)
			line("  Maximum devices:", number(a.Maximum, "unlimited"))
		}
	})
	fmt.Fprintln(p.stdout)
}

func (p *program) printDevices(devices []agentapi.Device) {
	p.table(func(line func(...string)) {
		line("SERIAL NUMBER", "UDID", "PLATFORM", "MODEL", "NAME", "MANAGED BY", "LAST SEEN", "AGE")
		for _, d := range devices {
			var by []string
			for _, s := range d.Sources {
				if s.State == "managed" {
					by = append(by, s.Source)
				}
			}
			line(or(d.SerialNumber, "-"), or(d.UDID, or(d.EnrollmentID, "-")), or(d.Platform, "unknown"), or(d.Model, "-"),
				or(d.Name, "-"), or(strings.Join(by, ", "), "-"), instant(&d.LastSeenAt), age(d.LastSeenAge))
		}
	})
}

func (p *program) printDecision(d agentapi.Decision) {
	fmt.Fprintln(p.stdout, strings.TrimSpace(d.Verdict+" "+d.Code))
	if d.Message != "" {
		fmt.Fprintln(p.stdout, d.Message)
	}
}

func (p *program) printDifference(d agentapi.Difference) {
	for _, part := range []struct {
		title   string
		devices []agentapi.Device
	}{
		{"Added", d.Added},
		{"Removed", d.Removed},
		{"Counted differently", d.Changed},
		{"Not in the list, but kept by another source", d.Kept},
	} {
		fmt.Fprintf(p.stdout, "%s: %d\n", part.title, len(part.devices))
		for _, device := range part.devices {
			fmt.Fprintf(p.stdout, "  %s  %s  %s\n", or(device.SerialNumber, or(device.UDID, device.EnrollmentID)), device.Platform, device.Name)
		}
	}
	fmt.Fprintln(p.stdout, "After it:")
	p.table(func(line func(...string)) {
		for _, r := range d.Rows {
			line("  "+r.LicenseType, strconv.FormatInt(r.Used, 10)+" used", "of "+number(r.Maximum, "-"))
		}
	})
}

func (p *program) printSites(sites []agentapi.Site) {
	p.table(func(line func(...string)) {
		line("NAME", "ID", "DEFAULT")
		for _, s := range sites {
			line(s.Name, s.ID, map[bool]string{true: "yes", false: ""}[s.Default])
		}
	})
}

func (p *program) printSources(sources []agentapi.Source) {
	p.table(func(line func(...string)) {
		line("NAME", "KIND", "SITE", "DEVICES", "LAST HEARD")
		for _, s := range sources {
			line(s.Name, s.Kind, s.Site, strconv.FormatInt(s.Devices, 10), instant(s.HeardAt))
		}
	})
}

func (p *program) printStatus(s agentapi.Status) {
	fmt.Fprintln(p.stdout, s.State)
	for _, problem := range s.Problems {
		where := ""
		if problem.LicenseType != "" {
			where = problem.Site + ", " + problem.LicenseType + ": "
		}
		fmt.Fprintf(p.stdout, "\n%s  %s  since %s\n  %s%s\n", problem.Severity, problem.Code, instant(&problem.Since), where, problem.Message)
		for _, r := range problem.Remedies {
			// The message of a limit names its remedies already.
			if !strings.Contains(problem.Message, r.Message) {
				fmt.Fprintf(p.stdout, "  %s\n", r.Message)
			}
		}
	}
}
