package licensefile

import (
	"fmt"
	"time"
)

// Operation is what someone is about to do on a row. An operation that is not
// known here is treated as a task (P7).
type Operation string

// The operations. Enroll and Activate have rules of their own; the others are
// administrative tasks.
const (
	Enroll   Operation = "enroll"   // take one more device under management
	Activate Operation = "activate" // bind a key to the row

	CreateConfigurationProfile Operation = "create_configuration_profile"
	EditConfigurationProfile   Operation = "edit_configuration_profile"
	VirtualMachineItem         Operation = "virtual_machine_item"
	DiskEncryptionItem         Operation = "disk_encryption_item"
	PushPolicy                 Operation = "push_policy"
)

// Verdict is the answer to May. Nothing is ever done to devices that are already
// managed, whatever the verdict.
type Verdict string

// The verdicts.
const (
	Allow  Verdict = "allow"
	Warn   Verdict = "warn" // go on, and tell the person
	Refuse Verdict = "refuse"
)

// Decision is what May answers. Code and Message are empty for a plain allow.
type Decision struct {
	Verdict  Verdict  `json:"verdict"`
	Code     string   `json:"code,omitempty"`
	Message  string   `json:"message,omitempty"`
	Used     int64    `json:"used"`
	Maximum  *int64   `json:"maximum"`
	Remedies []Remedy `json:"remedies,omitempty"`

	// Until is when the verdict gets stricter if nothing is done: the end of the
	// over-limit grace.
	Until *time.Time `json:"until,omitempty"`
}

// Remedy is something that would help, with its number where it has one (P8).
type Remedy struct {
	Code    string `json:"code"`
	Count   int64  `json:"count,omitempty"`
	Message string `json:"message"`
}

// Codes of remedies.
const (
	RemedyRemoveDevices    = "remove_devices"      // Count of them
	RemedyAddUnused        = "add_unused_licenses" // Count are free to add to the sublicense
	RemedyBuy              = "buy_licenses"        // Count more
	RemedyRenew            = "renew_subscription"
	RemedyRefresh          = "refresh_license"
	RemedyConnect          = "connect"
	RemedyActivate         = "activate"
	RemedyContactPublisher = "contact_publisher"
)

// May says whether an operation is allowed on a row now. It is pure, and server,
// client and agent call it alike. The first rule that applies decides; the table
// is in the package documentation. Enrollments that are learned from a webhook
// or a file are facts: they are counted, not asked about.
func May(op Operation, r Row, now time.Time) Decision {
	d := Decision{Verdict: Allow, Used: r.Used, Maximum: r.Maximum}
	switch {
	case !r.activated() && op != Activate:
		return d.because(Refuse, CodeNotActivated, simple(RemedyActivate))
	case r.Suspended:
		return d.because(Refuse, CodeSubscriptionSuspended, simple(RemedyContactPublisher))
	case r.silent(now) && op != Activate:
		return d.because(Refuse, CodeSilentTooLong, simple(RemedyConnect))
	case r.graceOver(now):
		return d.limited(Refuse, CodeOverLimitSuspended, op, r)
	case r.ended(now):
		return d.because(refuseUnlessTask(op), CodeSubscriptionExpired, simple(RemedyRenew))
	case r.lapsed(now) && op != Activate:
		return d.because(refuseUnlessTask(op), CodeLeaseExpired, simple(RemedyRefresh))
	}
	return d.byLimit(op, r, now)
}

// byLimit decides by the numbers alone.
func (d Decision) byLimit(op Operation, r Row, now time.Time) Decision {
	d.Until = r.graceEnds(now)
	code := CodeOverLimit
	if !Over(r) {
		code = CodeLimitReached
	}
	switch {
	case op == Activate:
		return d
	case op == Enroll && r.full() && r.Policy.OverLimit == OverLimitBlock:
		return d.limited(Refuse, code, op, r)
	case op == Enroll && r.full(), Over(r):
		return d.limited(Warn, code, op, r)
	}
	return d
}

// refuseUnlessTask: after an end, enroll and activate are refused, while tasks
// on devices that are there only warn (P18).
func refuseUnlessTask(op Operation) Verdict {
	if op == Enroll || op == Activate {
		return Refuse
	}
	return Warn
}

// because fills in a verdict whose reason has no numbers.
func (d Decision) because(v Verdict, code string, remedy Remedy) Decision {
	d.Verdict, d.Code, d.Message = v, code, sentences[code]
	d.Remedies = []Remedy{remedy}
	return d
}

// limited fills in a verdict about the limit, with the numbers and the remedies
// that apply (P8).
func (d Decision) limited(v Verdict, code string, op Operation, r Row) Decision {
	d.Verdict, d.Code = v, code
	d.Message = limitSentence(code, r)
	d.Remedies = limitRemedies(op, r)
	for i, remedy := range d.Remedies {
		if i > 0 {
			d.Message += " Or:"
		}
		d.Message += " " + remedy.Message
	}
	return d
}

// limitSentence says what is the matter, with the numbers.
func limitSentence(code string, r Row) string {
	switch code {
	case CodeOverLimitSuspended:
		return fmt.Sprintf("%d licenses are in use, %d are allowed, and the grace period has ended.", r.Used, *r.Maximum)
	case CodeLimitReached:
		return fmt.Sprintf("All %d licenses are in use.", *r.Maximum)
	}
	return fmt.Sprintf("%d licenses are in use, %d are allowed.", r.Used, *r.Maximum)
}

// limitRemedies lists what would help a row at or over its maximum: with how
// many devices less, or licenses more, the operation would be within it.
func limitRemedies(op Operation, r Row) []Remedy {
	need := r.Used - *r.Maximum
	if op == Enroll {
		need++
	}
	remedies := []Remedy{{
		Code: RemedyRemoveDevices, Count: need,
		Message: fmt.Sprintf("Remove %s.", counted(need, "device")),
	}}
	if r.KeyKind == KeyKindSublicense {
		if r.Unused == nil || *r.Unused > 0 {
			remedies = append(remedies, addUnused(r.Unused))
		}
		return remedies
	}
	return append(remedies, Remedy{
		Code: RemedyBuy, Count: need,
		Message: fmt.Sprintf("Buy %s more.", counted(need, "license")),
	})
}

// addUnused says that a sublicense can be enlarged from what nobody uses.
func addUnused(unused *int64) Remedy {
	if unused == nil {
		return Remedy{Code: RemedyAddUnused, Message: "Add unused licenses to the sublicense."}
	}
	return Remedy{
		Code: RemedyAddUnused, Count: *unused,
		Message: fmt.Sprintf("Add unused licenses to the sublicense: %d available.", *unused),
	}
}

// counted gives a number with its noun.
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// simple gives a remedy that has no number.
func simple(code string) Remedy {
	messages := map[string]string{
		RemedyRenew:            "Renew the subscription.",
		RemedyRefresh:          "Refresh the license, online or by file.",
		RemedyConnect:          "Connect to the publisher and refresh.",
		RemedyActivate:         "Activate this row with a license key.",
		RemedyContactPublisher: "Contact the publisher.",
	}
	return Remedy{Code: code, Message: messages[code]}
}
