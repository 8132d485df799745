package agentapi

import "time"

// Site is a named part of the organization.
type Site struct {
	ID        string    `json:"id" doc:"The publisher knows the site by it."`
	Name      string    `json:"name"`
	Default   bool      `json:"default" doc:"Used where no site is named."`
	CreatedAt time.Time `json:"created_at"`
}

// SiteName is what a site is called.
type SiteName struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
}

// Row is one license type at one site: what is licensed, and what is used (P5).
type Row struct {
	SiteID      string `json:"site_id"`
	Site        string `json:"site"`
	LicenseType string `json:"license_type"`
	Status      string `json:"status" doc:"not_activated, deactivated, expired, suspended, over_limit or active. More may come."`

	Used      int64  `json:"used" doc:"Devices under management."`
	Maximum   *int64 `json:"maximum" doc:"Devices that may be managed; null is unlimited, or not activated."`
	Remaining *int64 `json:"remaining" doc:"Maximum less used, never below 0."`

	License *License `json:"license,omitempty"`

	LastSync        *time.Time `json:"last_sync,omitempty" doc:"The publisher's time of its last answer."`
	LastSyncSeconds *int64     `json:"last_sync_age_seconds,omitempty"`
	LastReport      *time.Time `json:"last_report,omitempty"`
	NextSync        *time.Time `json:"next_sync,omitempty" doc:"Rows activated by file have none."`
	NextReport      *time.Time `json:"next_report,omitempty"`

	Pending *PendingRequest `json:"pending_request,omitempty" doc:"A request file that waits for its answer."`
	Ended   *Ended          `json:"ended,omitempty" doc:"How the last activation ended, if none followed."`
}

// License is the license that a row holds.
type License struct {
	Key            string     `json:"key" doc:"Masked."`
	KeyKind        string     `json:"key_kind"`
	Product        string     `json:"product"`
	Plan           string     `json:"plan"`
	TypeName       string     `json:"license_type_name"`
	Metric         string     `json:"metric"`
	Model          string     `json:"model"`
	Organization   string     `json:"organization,omitempty"`
	Method         string     `json:"method" doc:"online or offline."`
	IssueDate      string     `json:"issue_date"`
	EndDate        string     `json:"end_date,omitempty" doc:"The last day; none is for ever."`
	MaintenanceEnd string     `json:"maintenance_end,omitempty"`
	IssuedAt       time.Time  `json:"issued_at"`
	LicensedUntil  time.Time  `json:"licensed_until" doc:"Without another answer of the publisher, the license ends here."`
	Serial         int64      `json:"serial"`
	OverLimit      string     `json:"over_limit" doc:"notify, grace or block."`
	OverSince      *time.Time `json:"over_since,omitempty"`
	ClockSkew      int64      `json:"clock_skew_seconds,omitempty" doc:"The publisher's clock minus this machine's, when the license was issued."`
	Standing       string     `json:"standing" doc:"ok, warning, disabled, lapsed or expired."`
	StandingUntil  *time.Time `json:"standing_until,omitempty"`

	Entitlements map[string]int64 `json:"entitlements,omitempty"`
}

// PendingRequest is a request file that waits for its answer.
type PendingRequest struct {
	Kind string    `json:"kind"`
	Key  string    `json:"key,omitempty" doc:"Masked."`
	Made time.Time `json:"made_at"`
}

// Ended is the end of an activation.
type Ended struct {
	Released bool   `json:"released" doc:"The publisher has confirmed it, so the key is free."`
	Reason   string `json:"reason,omitempty" doc:"Why the publisher ended it, if it did."`
}

// Key names a license key.
type Key struct {
	Key string `json:"key" minLength:"1" maxLength:"200"`
}

// Preview is what activating a key would grant.
type Preview struct {
	Product     string `json:"product"`
	Plan        string `json:"plan"`
	LicenseType string `json:"license_type"`
	TypeName    string `json:"license_type_name"`
	Metric      string `json:"metric"`
	Model       string `json:"model"`
	IssueDate   string `json:"issue_date"`
	EndDate     string `json:"end_date,omitempty"`
	Maximum     *int64 `json:"maximum"`
	InUse       bool   `json:"in_use"`

	Organization string `json:"organization,omitempty"`
	Used         *int64 `json:"used,omitempty"`
	Remaining    *int64 `json:"remaining,omitempty"`

	Problem string `json:"problem,omitempty" doc:"The code of what stands in the way of activating, if anything does."`
	Message string `json:"message,omitempty"`
}

// FileRequest asks for a request file.
type FileRequest struct {
	Kind string `json:"kind" enum:"activate,refresh,deactivate"`
	Key  string `json:"key,omitempty" maxLength:"200" doc:"To activate, and only then."`
}

// File is a file to carry to or from the publisher.
type File struct {
	Name string `json:"name"`
	Data string `json:"data" doc:"The text of the file."`
}

// FileData is the text of a file from the publisher.
type FileData struct {
	Data string `json:"data" minLength:"1"`
}

// Answer is what a file from the publisher says.
type Answer struct {
	Kind    string   `json:"kind,omitempty" doc:"Of the request that it answers; none: nobody asked for it."`
	Row     Row      `json:"row" doc:"Before the file when inspected, after it when loaded."`
	License *License `json:"license,omitempty" doc:"The license in the file, if it holds one."`
	Maximum *int64   `json:"maximum,omitempty"`
	Ended   bool     `json:"ended" doc:"The row is deactivated by it."`
	Reason  string   `json:"reason,omitempty"`
}

// Device is one device, whatever number of sources know it.
type Device struct {
	ID           string     `json:"id"`
	SerialNumber string     `json:"serial_number,omitempty"`
	UDID         string     `json:"udid,omitempty"`
	EnrollmentID string     `json:"enrollment_id,omitempty"`
	Platform     string     `json:"platform,omitempty" doc:"mac or mobile; none as long as nothing said it."`
	Name         string     `json:"name,omitempty"`
	Model        string     `json:"model,omitempty"`
	OSVersion    string     `json:"os_version,omitempty"`
	Managed      bool       `json:"managed"`
	SiteID       string     `json:"site_id"`
	FirstSeenAt  time.Time  `json:"first_seen_at"`
	LastSeenAt   time.Time  `json:"last_seen_at"`
	LastSeenAge  int64      `json:"last_seen_age_seconds"`
	Sources      []Sighting `json:"sources,omitempty"`
}

// Sighting is what one source says about a device.
type Sighting struct {
	Source    string     `json:"source"`
	State     string     `json:"state" doc:"enrolling, managed or gone."`
	ManagedAt *time.Time `json:"managed_since,omitempty"`
	SeenAt    time.Time  `json:"seen_at"`
}

// NewDevice is a device to take under management.
type NewDevice struct {
	SerialNumber string `json:"serial_number,omitempty" maxLength:"128"`
	UDID         string `json:"udid,omitempty" maxLength:"128"`
	EnrollmentID string `json:"enrollment_id,omitempty" maxLength:"128"`
	Platform     string `json:"platform,omitempty" enum:"mac,mobile" doc:"May be left out if the model tells it."`
	Name         string `json:"name,omitempty" maxLength:"200"`
	Model        string `json:"model,omitempty" maxLength:"200"`
	OSVersion    string `json:"os_version,omitempty" maxLength:"200"`
	Source       string `json:"source,omitempty" maxLength:"40" doc:"An api source; the one named api by default."`
}

// Enrolled is what became of an enrollment.
type Enrolled struct {
	Device   Device   `json:"device"`
	Decision Decision `json:"decision"`
}

// Freeing takes devices that nobody has told of for long out of management.
type Freeing struct {
	UnseenDays int      `json:"unseen_days" minimum:"1" maximum:"3650" doc:"Last seen more than so many days of 24 hours ago."`
	Devices    []string `json:"devices,omitempty" maxItems:"5000" doc:"Ids, as shown: all of them are freed, or none. A dry run takes all unseen devices if left out."`
	DryRun     bool     `json:"dry_run,omitempty" doc:"Only show what it does."`
	Force      bool     `json:"force,omitempty" doc:"Also devices of a source that was silent for as long itself."`
}

// Freed is what a freeing does.
type Freed struct {
	Applied bool      `json:"applied"`
	Devices []Device  `json:"devices" doc:"As they were before, longest unseen first."`
	Silent  []Silence `json:"silent_sources" doc:"Sources of these devices that were silent for as long themselves."`
	More    bool      `json:"more" doc:"There are further unseen devices, for the next time."`
	Rows    []Usage   `json:"rows" doc:"The counts after it."`
}

// Silence is a source that told nothing for as long as its devices are unseen.
type Silence struct {
	Source  string    `json:"source"`
	HeardAt time.Time `json:"heard_at"`
	Ended   bool      `json:"ended" doc:"It speaks again, but not for long enough."`
}

// Decision is the answer to "may I?".
type Decision struct {
	Verdict  string     `json:"verdict" doc:"allow, warn (go on, and tell the person) or refuse."`
	Code     string     `json:"code,omitempty"`
	Message  string     `json:"message,omitempty"`
	Used     int64      `json:"used"`
	Maximum  *int64     `json:"maximum"`
	Remedies []Remedy   `json:"remedies,omitempty"`
	Until    *time.Time `json:"until,omitempty" doc:"When the verdict gets stricter if nothing is done."`
}

// Remedy is something that would help.
type Remedy struct {
	Code    string `json:"code"`
	Count   int64  `json:"count,omitempty"`
	Message string `json:"message"`
}

// Question asks whether an operation is allowed.
type Question struct {
	Operation   string `json:"operation" minLength:"1" maxLength:"64" doc:"enroll, create_configuration_profile, edit_configuration_profile, virtual_machine_item, disk_encryption_item, push_policy; any other counts as an administrative task."`
	Site        string `json:"site,omitempty" maxLength:"100" doc:"Id or name; the default site if left out."`
	LicenseType string `json:"license_type" minLength:"1" maxLength:"64"`
}

// Devices is a page of devices.
type Devices struct {
	Devices []Device `json:"devices"`
	Next    string   `json:"next,omitempty" doc:"The cursor of the next page; none after the last."`
}

// Source is where facts about devices come from.
type Source struct {
	Name      string     `json:"name"`
	Kind      string     `json:"kind" doc:"api, csv or nanomdm."`
	SiteID    string     `json:"site_id"`
	Site      string     `json:"site"`
	Devices   int64      `json:"devices" doc:"Managed by it."`
	CreatedAt time.Time  `json:"created_at"`
	HeardAt   *time.Time `json:"heard_at,omitempty"`
}

// NewSource is a source to add.
type NewSource struct {
	Name   string `json:"name" minLength:"1" maxLength:"40"`
	Kind   string `json:"kind" enum:"api,csv,nanomdm"`
	Site   string `json:"site,omitempty" maxLength:"100" doc:"Id or name; the default site if left out."`
	Secret string `json:"secret,omitempty" maxLength:"128" doc:"Of a webhook; one is made if left out."`
}

// CreatedSource is a source just added.
type CreatedSource struct {
	Source
	Secret  string `json:"secret,omitempty" doc:"Shown this once."`
	Webhook string `json:"webhook,omitempty" doc:"The path to which the device-management server posts its events."`
}

// List is a list of devices, and whether to take it.
type List struct {
	CSV    string `json:"csv" doc:"UTF-8, comma-separated, the first line names the columns."`
	Apply  bool   `json:"apply" doc:"false only shows the difference."`
	Digest string `json:"digest,omitempty" maxLength:"64" doc:"Of the difference that was shown; another one is refused."`
}

// Difference is what a list changes.
type Difference struct {
	Applied bool     `json:"applied"`
	Added   []Device `json:"added"`
	Removed []Device `json:"removed"`
	Changed []Device `json:"changed" doc:"Counted elsewhere, or as another platform."`
	Kept    []Device `json:"kept" doc:"Not in the list any more, but managed by another source."`
	Listed  int      `json:"listed" doc:"Devices in the list, each once."`
	Rows    []Usage  `json:"rows" doc:"The counts after it."`
	Digest  string   `json:"digest"`
}

// Usage is the count of a row.
type Usage struct {
	SiteID      string `json:"site_id"`
	LicenseType string `json:"license_type"`
	Used        int64  `json:"used"`
	Maximum     *int64 `json:"maximum"`
}

// Status is the Problem Monitor.
type Status struct {
	State    string        `json:"state" enum:"ok,warning,critical"`
	Problems []OpenProblem `json:"problems"`
}

// OpenProblem is a line of the Problem Monitor.
type OpenProblem struct {
	Code        string    `json:"code"`
	Severity    string    `json:"severity" enum:"warning,critical"`
	SiteID      string    `json:"site_id,omitempty"`
	Site        string    `json:"site,omitempty"`
	LicenseType string    `json:"license_type,omitempty"`
	Since       time.Time `json:"since"`
	Message     string    `json:"message"`
	Remedies    []Remedy  `json:"remedies,omitempty"`
}

// About is what the agent is.
type About struct {
	Product      string            `json:"product"`
	Version      string            `json:"version,omitempty"`
	Publisher    string            `json:"publisher" doc:"The publisher's id."`
	Server       string            `json:"server,omitempty"`
	Installation string            `json:"installation" doc:"What the publisher knows this agent by."`
	LicenseTypes []TypeOfLicensing `json:"license_types"`

	OrganizationID   string     `json:"organization_id,omitempty" doc:"That a person signed the agent in for."`
	OrganizationName string     `json:"organization_name,omitempty"`
	SignedInAt       *time.Time `json:"signed_in_at,omitempty"`
}

// TypeOfLicensing maps a license type to the devices it counts.
type TypeOfLicensing struct {
	Code     string `json:"code"`
	Platform string `json:"platform"`
}
