package licensefile

import "time"

// License is the payload of a signed license: what a slot of an installation
// may use, and until when.
type License struct {
	Issuer     string       `json:"iss"` // publisher id
	Subject    string       `json:"sub"` // slot id
	Audience   string       `json:"aud"` // product code
	IssuedAt   NumericDate  `json:"iat"` // publisher's clock
	Expires    NumericDate  `json:"exp"`
	ID         string       `json:"jti"`
	Serial     int64        `json:"serial"` // per slot, from 1
	Confirm    Confirmation `json:"cnf"`    // the installation's key
	Grant      Grant        `json:"license"`
	Revocation string       `json:"revocations,omitempty"` // signed list, when newer than the one the request held
	ClockSkew  int64        `json:"clock_skew,omitempty"`  // server's clock minus the request's iat, in seconds
}

// Confirmation binds an answer to the holder of a key (RFC 7800): Thumbprint is
// the RFC 7638 thumbprint of the installation's public key.
type Confirmation struct {
	Thumbprint string `json:"jkt"`
}

// Grant is what a license says beyond the registered claims: what people see
// (P5), and everything Standing and May need.
type Grant struct {
	Key         string `json:"key"` // masked: only the last four characters
	KeyKind     string `json:"key_kind"`
	Product     string `json:"product"`      // product name, for people
	Plan        string `json:"plan"`         // plan name, for people
	LicenseType string `json:"license_type"` // code, as in the request's slot
	TypeName    string `json:"license_type_name"`
	Metric      string `json:"metric"`
	Model       string `json:"model"` // subscription, perpetual, metered or trial
	Site        Site   `json:"site"`

	Organization string `json:"organization,omitempty"` // name, to the bound installation only
	Method       Method `json:"method"`

	IssueDate      Date `json:"issue_date"`
	EndDate        Date `json:"end_date,omitempty"` // inclusive; empty for ever
	MaintenanceEnd Date `json:"maintenance_end,omitempty"`

	// End is the instant at which the subscription stops: the end of EndDate in
	// the publisher's zone plus the plan's expiry grace. Nil for ever. A lease
	// may end a license earlier than that.
	End *time.Time `json:"end,omitempty"`

	Maximum *int64 `json:"maximum"` // devices this row may manage; null is unlimited
	Used    int64  `json:"used"`    // as the publisher last heard
	Unused  *int64 `json:"unused"`  // licenses of the subscription in nobody's use; null is unlimited

	Suspended bool `json:"suspended,omitempty"` // by staff

	Policy       Policy           `json:"policy"`
	Entitlements map[string]int64 `json:"entitlements,omitempty"` // code → quantity; 1 and 0 are on and off
}

// The kinds of key.
const (
	KeyKindPrimary    = "primary"    // of a subscription
	KeyKindSublicense = "sublicense" // of a part of a subscription
	KeyKindProduct    = "product"    // of a managed service provider
)

// OverLimit says what a plan does about a row that uses more than its maximum (P7).
type OverLimit string

// The over-limit policies.
const (
	OverLimitNotify OverLimit = "notify" // warn, never refuse
	OverLimitGrace  OverLimit = "grace"  // warn until the grace ends, then refuse while over (R5)
	OverLimitBlock  OverLimit = "block"  // refuse to enroll at the maximum
)

// Policy is the part of a plan that an installation acts on by itself.
// Durations travel in seconds; zero means the plan has none.
type Policy struct {
	OverLimit      OverLimit `json:"over_limit"`
	OverLimitGrace Seconds   `json:"over_limit_grace,omitempty"`
	WarnPercent    int64     `json:"warn_percent,omitempty"`
	RefreshEvery   Seconds   `json:"refresh_every,omitempty"`
	ReportEvery    Seconds   `json:"report_every,omitempty"`
	CheckInEvery   Seconds   `json:"check_in_every,omitempty"`
	WarnAfter      Seconds   `json:"warn_after,omitempty"`    // silence before a warning (M6)
	DisableAfter   Seconds   `json:"disable_after,omitempty"` // silence before everything is refused (M6)

	// OrganizationFrom is the release from which an agent asks for the
	// organization on upgrade (R1); empty is never.
	OrganizationFrom string `json:"organization_from_version,omitempty"`
}

// Receipt is the payload of a signed receipt: that a request was taken, or what
// a preview would grant. It can never be taken for a license.
type Receipt struct {
	Issuer     string       `json:"iss"`
	Subject    string       `json:"sub,omitempty"` // slot id; empty in a preview
	Audience   string       `json:"aud"`           // product code
	IssuedAt   NumericDate  `json:"iat"`
	ID         string       `json:"jti"`
	Serial     int64        `json:"serial,omitempty"`
	Confirm    Confirmation `json:"cnf"`
	Body       ReceiptBody  `json:"receipt"`
	Revocation string       `json:"revocations,omitempty"`
	ClockSkew  int64        `json:"clock_skew,omitempty"`
}

// ReceiptBody says which request the receipt answers, and how.
type ReceiptBody struct {
	Kind   Kind    `json:"kind"`
	Nonce  string  `json:"nonce"` // of the request
	Slot   SlotRef `json:"slot"`
	Status string  `json:"status"` // StatusTaken, StatusDeactivated or StatusPreview

	// Reason says why a row was ended, when it was not at its own request.
	Reason string `json:"reason,omitempty"`

	Preview *Preview `json:"preview,omitempty"`
}

// The statuses of a receipt.
const (
	StatusTaken       = "taken"       // the report is stored
	StatusDeactivated = "deactivated" // the row is ended; its key is free
	StatusPreview     = "preview"     // nothing was changed
)

// Preview is what an activation would grant. To a stranger only the first
// group is shown; the rest is for the bound installation or a member of the
// key's organization.
type Preview struct {
	Product     string `json:"product"`
	Plan        string `json:"plan"`
	LicenseType string `json:"license_type"`
	TypeName    string `json:"license_type_name"`
	Metric      string `json:"metric"`
	Model       string `json:"model"`
	IssueDate   Date   `json:"issue_date"`
	EndDate     Date   `json:"end_date,omitempty"`
	Maximum     *int64 `json:"maximum"`
	InUse       bool   `json:"in_use"`

	Key          string `json:"key,omitempty"`
	Organization string `json:"organization,omitempty"`
	Used         *int64 `json:"used,omitempty"`
	Remaining    *int64 `json:"remaining,omitempty"`
	Site         string `json:"site,omitempty"`
	HostName     string `json:"host_name,omitempty"`

	// Problem is the code of what would stand in the way of activating, such
	// as key_not_registered or offline_not_allowed; empty when nothing would.
	Problem string `json:"problem,omitempty"`
	Message string `json:"message,omitempty"`
}
