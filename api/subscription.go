package api

import "time"

// Subscription is what an organization owns: a number of licenses of a plan for
// a period.
type Subscription struct {
	ID                string     `json:"id"`
	OrganizationID    string     `json:"organization_id,omitempty" doc:"Absent until its key is registered."`
	OrganizationName  string     `json:"organization_name,omitempty"`
	PlanID            string     `json:"plan_id"`
	Quantity          *int64     `json:"quantity" doc:"Licenses owned; null is unlimited."`
	StartsOn          string     `json:"starts_on" format:"date"`
	EndsOn            string     `json:"ends_on,omitempty" format:"date" doc:"Inclusive; absent for ever."`
	MaintenanceEndsOn string     `json:"maintenance_ends_on,omitempty" format:"date"`
	OfflineAllowed    bool       `json:"offline_allowed" doc:"Whether keys may be activated by file."`
	SuspendedAt       *time.Time `json:"suspended_at,omitempty" doc:"Absent while it runs."`
	Version           int64      `json:"version" doc:"Grows by one with each change."`
	CreatedAt         time.Time  `json:"created_at"`
}

// NewSubscription issues a subscription with its primary key.
type NewSubscription struct {
	PlanID            string `json:"plan_id"`
	OrganizationID    string `json:"organization_id,omitempty" doc:"Registers the key at once; left out, it is registered later."`
	Quantity          *int64 `json:"quantity,omitempty" doc:"Licenses owned; left out is unlimited."`
	StartsOn          string `json:"starts_on,omitempty" format:"date" doc:"Left out is today."`
	EndsOn            string `json:"ends_on,omitempty" format:"date" doc:"Inclusive."`
	MaintenanceEndsOn string `json:"maintenance_ends_on,omitempty" format:"date"`
	OfflineAllowed    *bool  `json:"offline_allowed,omitempty" doc:"Left out is what the plan says."`
}

// IssuedSubscription is a new subscription with its key, which is shown in full
// this once.
type IssuedSubscription struct {
	Subscription Subscription `json:"subscription"`
	Key          IssuedKey    `json:"key"`
}

// IssuedKey is a fresh license key.
type IssuedKey struct {
	ID  string `json:"id"`
	Key string `json:"key" doc:"The license key in full. Keep it: it is not shown again."`
}

// OfflineSwitch allows or forbids activation by file.
type OfflineSwitch struct {
	Allowed bool `json:"allowed"`
}
