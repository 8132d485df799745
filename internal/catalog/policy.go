package catalog

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/licethq/licet/licensefile"
)

// Model says how a plan is sold.
type Model string

// The models.
const (
	Subscription Model = "subscription" // prepaid for a period
	Perpetual    Model = "perpetual"    // bought once; releases up to the maintenance end
	Metered      Model = "metered"      // used first, billed by month
	Trial        Model = "trial"        // prepaid for nothing, issued by staff
)

// OnFork says what a plan does about two copies of one installation.
type OnFork string

// The fork rules.
const (
	ForkNotify OnFork = "notify" // record it and serve both
	ForkRefuse OnFork = "refuse" // everything but deactivate is refused until the row is released
)

// BillingRule says what makes a key billable in a month.
type BillingRule string

// The billing rules.
const (
	BillNothing    BillingRule = "none"        // prepaid
	BillActiveDays BillingRule = "active_days" // active on more than so many days of the month (M8)
)

// KeyStyle says how keys of a plan look.
type KeyStyle string

// The key styles.
const (
	KeyDigits16 KeyStyle = "digits16" // 15 random digits and a check digit (M2)
	KeyGroups   KeyStyle = "groups"   // groups of letters and digits with a checksum
)

// Policy holds every rule that subscriptions of a plan follow. No number of days, hours or
// tries that a publisher might want otherwise stands anywhere else.
//
// A member's name ends in its unit. Days are of 24 hours, but those before an end
// date (expiring within, renewal window) are calendar days, counted back from it.
// Zero means that the plan has no such rule: no lease end, no warning, no limit.
type Policy struct {
	Model Model `json:"model"`

	// Type is what the license is for and what it counts.
	Type LicenseType `json:"license_type"`

	// Entitlements are what a license carries besides its seats: a quantity by
	// code, where 1 and 0 are on and off.
	Entitlements map[string]int64 `json:"entitlements,omitempty"`

	// ActivationsPerKey is how many slots a key may be active on at a time;
	// zero is unlimited.
	ActivationsPerKey int64 `json:"activations_per_key"`

	OverLimit          licensefile.OverLimit `json:"over_limit"`
	OverLimitGraceDays int64                 `json:"over_limit_grace_days"` // only with grace (R5)
	WarnPercent        int64                 `json:"warn_percent"`          // of the maximum, before it is reached (P14)

	RefreshEveryHours int64 `json:"refresh_every_hours"`  // license information is pulled (P6)
	ReportEveryHours  int64 `json:"report_every_hours"`   // usage is reported (P6)
	CheckInEveryHours int64 `json:"check_in_every_hours"` // an installation calls home (M5)

	LeaseDays        int64 `json:"lease_days"`         // an online license lasts so long without contact
	WarnAfterDays    int64 `json:"warn_after_days"`    // silence before a warning (M6)
	DisableAfterDays int64 `json:"disable_after_days"` // silence before everything is refused (M6)

	OfflineAllowed   bool  `json:"offline_allowed"`    // what new subscriptions start with (P4)
	OfflineLeaseDays int64 `json:"offline_lease_days"` // zero: an offline license lasts to the end

	ExpiryGraceDays    int64 `json:"expiry_grace_days"`    // after the end date (P18)
	ExpiringWithinDays int64 `json:"expiring_within_days"` // shown as expiring soon (P14)
	RenewalWindowDays  int64 `json:"renewal_window_days"`  // before the end date, renewal is allowed and reminders start

	// Maintenance says whether subscriptions have a maintenance end date, after
	// which newer releases are refused (P1).
	Maintenance bool `json:"maintenance"`

	// OrganizationFromVersion is the release from which agents ask for the
	// organization on upgrade (R1); empty is never.
	OrganizationFromVersion string `json:"organization_from_version,omitempty"`

	Billing      Billing   `json:"billing"`
	OnFork       OnFork    `json:"on_fork"`
	DeviceUpload bool      `json:"device_upload"` // whether agents send the list of devices, not only figures
	KeyFormat    KeyFormat `json:"key_format"`
}

// LicenseType names what a license is for. Each type of a product is bought,
// registered and activated separately (P1).
type LicenseType struct {
	Code   string `json:"code"`   // as a row names it, such as desktop
	Name   string `json:"name"`   // for people, such as Desktop
	Metric string `json:"metric"` // what is counted, such as devices
}

// Billing says what is billed, and in which price class.
type Billing struct {
	Rule         BillingRule  `json:"rule"`
	MoreThanDays int64        `json:"more_than_days"`          // with active_days: billable above so many days of a month
	PriceClasses []PriceClass `json:"price_classes,omitempty"` // the first that matches counts
	DefaultClass string       `json:"default_class,omitempty"` // when none matches
}

// PriceClass gives a price class to the operating systems that contain one of
// the texts, compared without regard to case (M4).
type PriceClass struct {
	Class            string   `json:"class"`
	OperatingSystems []string `json:"operating_systems"`
}

// KeyFormat says how keys of a plan look. Groups and Length count only for
// KeyGroups.
type KeyFormat struct {
	Style  KeyStyle `json:"style"`
	Groups int64    `json:"groups"`
	Length int64    `json:"length"`
}

// LicenseType gives the code, the name and the metric of what is licensed.
func (p Policy) LicenseType() (code, name, metric string) {
	return p.Type.Code, p.Type.Name, p.Type.Metric
}

// OverLimitGrace is how long a row may stay over its maximum; zero unless the plan has a grace.
func (p Policy) OverLimitGrace() time.Duration {
	if p.OverLimit != licensefile.OverLimitGrace {
		return 0
	}
	return days(p.OverLimitGraceDays)
}

// RefreshEvery is how often license information is pulled.
func (p Policy) RefreshEvery() time.Duration { return hours(p.RefreshEveryHours) }

// ReportEvery is how often usage is reported.
func (p Policy) ReportEvery() time.Duration { return hours(p.ReportEveryHours) }

// CheckInEvery is how often an installation calls home.
func (p Policy) CheckInEvery() time.Duration { return hours(p.CheckInEveryHours) }

// Lease is how long an online license lasts without contact; zero is to the end.
func (p Policy) Lease() time.Duration { return days(p.LeaseDays) }

// OfflineLease is how long an offline license lasts; zero is to the end.
func (p Policy) OfflineLease() time.Duration { return days(p.OfflineLeaseDays) }

// WarnAfter is the silence that brings a warning; zero is never.
func (p Policy) WarnAfter() time.Duration { return days(p.WarnAfterDays) }

// DisableAfter is the silence that disables; zero is never.
func (p Policy) DisableAfter() time.Duration { return days(p.DisableAfterDays) }

// ExpiryGrace is how long after its end a subscription still counts as running.
func (p Policy) ExpiryGrace() time.Duration { return days(p.ExpiryGraceDays) }

// Travels gives the part of the policy that an installation acts on by itself.
func (p Policy) Travels() licensefile.Policy {
	return licensefile.Policy{
		OverLimit:      p.OverLimit,
		OverLimitGrace: licensefile.SecondsOf(p.OverLimitGrace()),
		WarnPercent:    p.WarnPercent,
		RefreshEvery:   licensefile.SecondsOf(p.RefreshEvery()),
		ReportEvery:    licensefile.SecondsOf(p.ReportEvery()),
		CheckInEvery:   licensefile.SecondsOf(p.CheckInEvery()),
		WarnAfter:      licensefile.SecondsOf(p.WarnAfter()),
		DisableAfter:   licensefile.SecondsOf(p.DisableAfter()),

		OrganizationFrom: p.OrganizationFromVersion,
	}
}

// ParsePolicy reads a policy as it is stored.
func ParsePolicy(stored []byte) (Policy, error) {
	var p Policy
	if err := json.Unmarshal(stored, &p); err != nil {
		return Policy{}, fmt.Errorf("read a stored policy: %w", err)
	}
	return p, nil
}

func hours(n int64) time.Duration { return time.Duration(n) * time.Hour }

func days(n int64) time.Duration { return time.Duration(n) * 24 * time.Hour }
