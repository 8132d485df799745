package api

import "time"

// Activation is a row: a key bound to a site and license type of an installation.
type Activation struct {
	ID             string       `json:"id"`
	Status         string       `json:"status" doc:"The first that holds of deactivated, expired, suspended, over_limit, active."`
	Method         string       `json:"method" doc:"online or offline; an activation keeps its method."`
	OrganizationID string       `json:"organization_id"`
	SubscriptionID string       `json:"subscription_id"`
	Product        string       `json:"product" doc:"Name, for people."`
	Plan           string       `json:"plan" doc:"Name, for people."`
	LicenseType    string       `json:"license_type" doc:"Code."`
	Key            MaskedKey    `json:"key"`
	Installation   Installation `json:"installation"`
	Site           Site         `json:"site"`
	SlotID         string       `json:"slot_id" doc:"The row's name in signed messages; it survives re-activation."`
	Serial         int64        `json:"serial" doc:"Of the newest answer issued for the row."`
	ForkedAt       *time.Time   `json:"forked_at,omitempty" doc:"When two copies of the installation were first seen."`
	StartedAt      time.Time    `json:"started_at"`
	EndedAt        *time.Time   `json:"ended_at,omitempty" doc:"Absent while it lives."`
	EndReason      string       `json:"end_reason,omitempty" doc:"deactivated, moved, released or sublicense_ended."`
	EndNote        string       `json:"end_note,omitempty" doc:"Why staff released it, in their words."`
	Used           int64        `json:"used" doc:"As last reported."`
	Peak           int64        `json:"peak" doc:"The highest ever reported."`
	Maximum        *int64       `json:"maximum" doc:"How many it may use; null is unlimited."`
	UsedAt         *time.Time   `json:"used_at,omitempty" doc:"When that was counted; absent before any report."`
	OverSince      *time.Time   `json:"over_since,omitempty" doc:"When usage first exceeded the maximum."`
	LastSeenAt     time.Time    `json:"last_seen_at"`
	LastReportedAt *time.Time   `json:"last_reported_at,omitempty"`
	ExpiresAt      time.Time    `json:"expires_at" doc:"Of the newest license."`
	NearLimit      bool         `json:"near_limit" doc:"Whether it has reached the plan's warn_percent of its maximum."`
	FiguresAt      time.Time    `json:"figures_at" doc:"As of when its figures are: its last report, or its activation."`
	Stale          bool         `json:"stale" doc:"Whether its figures are older than the plan wants them."`
	Verdict        string       `json:"verdict" doc:"What its installation is told about an administrative task: allow, warn or refuse."`
	Problem        *Refusal     `json:"problem,omitempty" doc:"Why it is warned or refused, with the numbers."`
	Remedies       []Remedy     `json:"remedies,omitempty" doc:"What would help."`
	GraceEndsAt    *time.Time   `json:"grace_ends_at,omitempty" doc:"When the grace for being over the limit ends."`
}

// Remedy is something that would help a row, with its number where it has one.
type Remedy struct {
	Code    string `json:"code" doc:"remove_devices, add_unused, buy, renew, refresh, connect, activate or contact_publisher."`
	Count   int64  `json:"count,omitempty"`
	Message string `json:"message" doc:"For people."`
}

// MaskedKey is a key as people see it after it was issued.
type MaskedKey struct {
	ID     string `json:"id"`
	Kind   string `json:"kind" doc:"primary, sublicense or product."`
	Masked string `json:"masked" doc:"Only the last four characters."`
}

// Installation is where keys are used.
type Installation struct {
	ID              string `json:"id" doc:"The RFC 7638 thumbprint of its public key."`
	Name            string `json:"name"`
	HostName        string `json:"host_name"`
	OperatingSystem string `json:"operating_system"`
	Version         string `json:"version" doc:"Of the product's software."`
}

// Site is a named part of an organization.
type Site struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Release ends a row for staff.
type Release struct {
	Reason string `json:"reason" doc:"Why, for the record." minLength:"1" maxLength:"500"`
}

// ActivationFilter chooses activations; empty members choose all.
type ActivationFilter struct {
	OrganizationID string
	SubscriptionID string
	KeyID          string
	InstallationID string
	ProductID      string
	LicenseType    string // code
	Method         string // online or offline
	State          string // live or ended
	Status         string // active, over_limit, suspended, expired or deactivated
	Search         string // part of the name of the installation, of its host or of the site
	Stale          bool   // only those whose figures are older than the plan wants them
}

// File is a signed file to save and carry.
type File struct {
	Name string // such as licet-activate-desktop-1.licet
	Data []byte
}
