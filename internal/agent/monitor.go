package agent

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Severity says how bad a problem is, and the agent as a whole.
type Severity string

// The severities.
const (
	OK       Severity = "ok"
	Warning  Severity = "warning"  // something is to be done; everything works
	Critical Severity = "critical" // something is refused
)

// Problem is one line of the Problem Monitor.
type Problem struct {
	RowKey          // empty for a problem of the agent as a whole
	SiteName string // in lists
	Code     string
	Severity Severity
	Message  string // what is the matter, with the numbers
	Remedies []licensefile.Remedy
	Since    time.Time

	endedAt  *time.Time
	loggedAt *time.Time
}

// The codes of problems that licensefile has none for.
const (
	ProblemNearLimit           = "near_limit"
	ProblemSilent              = "silent"
	ProblemNotLicensed         = "not_licensed"
	ProblemEndedByPublisher    = "ended_by_publisher"
	ProblemLicenseRefused      = "license_refused"
	ProblemReleaseUnconfirmed  = "release_unconfirmed"
	ProblemDevicesUnclassified = "devices_unclassified"
	ProblemOrganizationNeeded  = "organization_needed"
	ProblemSourceSilent        = "source_silent"
)

// The remedies that licensefile has none for.
const (
	RemedyUpload   = "upload_request"
	RemedyDescribe = "describe_devices"
	RemedySignIn   = "sign_in"
	RemedySource   = "check_source"
)

// remindedOf reports whether a problem is logged again while it lasts: being
// over the limit is (P7).
func remindedOf(code string) bool {
	return code == licensefile.CodeOverLimit || code == licensefile.CodeOverLimitSuspended
}

// problems gives what is the matter with a row, worst first.
func (r Row) problems(clock time.Time) []Problem {
	var found []Problem
	add := func(code string, severity Severity, message string, remedies ...licensefile.Remedy) {
		found = append(found, Problem{
			RowKey: r.Key(), SiteName: r.Site.Name, Code: code, Severity: severity, Message: message, Remedies: remedies,
		})
	}
	switch {
	case r.Held.License != nil:
		r.ladderProblems(clock, add)
		r.contactProblems(clock, add)
	case r.Held.Active:
		add(ProblemLicenseRefused, Critical, "The license held is not accepted any more: "+problem.From(r.Held.Refused).Message,
			remedy(licensefile.RemedyRefresh, "Refresh the license, online or by file."))
	case r.Count.Used > 0 && r.Held.Reason != "":
		add(ProblemEndedByPublisher, Warning, fmt.Sprintf("The publisher ended the activation of this row (%s), but %s managed.",
			r.Held.Reason, devicesAre(r.Count.Used)), remedy(licensefile.RemedyActivate, "Activate the row again, or contact the publisher."))
	case r.Count.Used > 0:
		add(ProblemNotLicensed, Warning, fmt.Sprintf("%s managed, but the row is not activated.", devicesAre(r.Count.Used)),
			remedy(licensefile.RemedyActivate, "Activate this row with a license key."))
	}
	if !r.Held.Active && r.Held.Ended && !r.Held.Released {
		add(ProblemReleaseUnconfirmed, Warning,
			"The row is deactivated here, but the key is free only once the deactivation request file is uploaded.",
			remedy(RemedyUpload, "Upload the deactivation request file in the publisher's portal, then load the receipt."))
	}
	slices.SortStableFunc(found, func(a, b Problem) int { return cmp.Compare(b.Severity.rank(), a.Severity.rank()) })
	return found
}

func (s Severity) rank() int {
	switch s {
	case Critical:
		return 2
	case Warning:
		return 1
	default:
		return 0
	}
}

type addProblem func(code string, severity Severity, message string, remedies ...licensefile.Remedy)

// ladderProblems are those that the common rules tell: what an administrative
// task would be told, and for what only stops enrolling, what an enrollment would.
func (r Row) ladderProblems(clock time.Time, add addProblem) {
	task := r.May(licensefile.PushPolicy, clock)
	enroll := r.May(licensefile.Enroll, clock)
	switch {
	case task.Code == licensefile.CodeOverLimit:
		add(task.Code, Warning, task.Message, task.Remedies...)
	case task.Verdict == licensefile.Refuse:
		add(task.Code, Critical, task.Message, task.Remedies...)
	case task.Verdict == licensefile.Warn:
		// The end or a lapsed lease: tasks only warn, but enrolling is refused.
		add(task.Code, Critical, task.Message, enroll.Remedies...)
	}
	ladder := r.ladder()
	if licensefile.NearLimit(ladder) {
		add(ProblemNearLimit, Warning, fmt.Sprintf("%d of %d licenses are in use.", ladder.Used, *ladder.Maximum))
	}
	// Over the limit, and ended on top of it: the numbers matter all the same.
	if licensefile.Over(ladder) && task.Code != licensefile.CodeOverLimit && task.Code != licensefile.CodeOverLimitSuspended {
		add(licensefile.CodeOverLimit, Warning, fmt.Sprintf("%d licenses are in use, %d are allowed.", ladder.Used, *ladder.Maximum),
			remedy(licensefile.RemedyRemoveDevices, fmt.Sprintf("Remove %d devices.", ladder.Used-*ladder.Maximum)))
	}
	if rung := r.Standing(clock); rung.State == licensefile.StateWarning && rung.Until != nil {
		add(ProblemSilent, Warning, fmt.Sprintf("The publisher was not reached for long. Everything is refused after %s.", rung.Until.Format(time.RFC3339)),
			remedy(licensefile.RemedyConnect, "Connect to the publisher and refresh."))
	}
}

// contactProblems are failures of talking to the publisher.
func (r Row) contactProblems(clock time.Time, add addProblem) {
	told := map[string]bool{}
	for _, d := range []Duty{r.Sync, r.Report} {
		if d.Failures == 0 || told[d.Code] {
			continue
		}
		told[d.Code] = true
		severity, message := Warning, d.Message
		if d.Code == string(problem.InstallationForked) {
			severity = Critical // the publisher refuses this row until it is released
		}
		if rung := r.Standing(clock); rung.Until != nil {
			message += fmt.Sprintf(" Licensed until %s.", rung.Until.Format(time.RFC3339))
		}
		add(d.Code, severity, message, remedy(licensefile.RemedyConnect, "Check the connection to the publisher, or refresh by file."))
	}
}

// devicesAre gives a number of devices with its verb.
func devicesAre(n int64) string {
	if n == 1 {
		return "1 device is"
	}
	return fmt.Sprintf("%d devices are", n)
}

func remedy(code, message string) licensefile.Remedy {
	return licensefile.Remedy{Code: code, Message: message}
}

// worst gives the state of the agent as a whole.
func worst(problems []Problem) Severity {
	state := OK
	for _, p := range problems {
		if p.Severity.rank() > state.rank() {
			state = p.Severity
		}
	}
	return state
}
