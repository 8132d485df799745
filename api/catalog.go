package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Product is something that the publisher sells.
type Product struct {
	ID        string    `json:"id"`
	Code      string    `json:"code" doc:"What installed programs name the product by; it never changes."`
	Name      string    `json:"name"`
	Version   int64     `json:"version" doc:"Grows by one with each change."`
	CreatedAt time.Time `json:"created_at"`
}

// NewProduct creates a product.
type NewProduct struct {
	Code string `json:"code" doc:"Lower-case letters, digits, dots, dashes and underscores." example:"mac-management" maxLength:"64"`
	Name string `json:"name" example:"Mac Management" maxLength:"200"`
}

// Plan is a way to buy one license type of a product, with its rules.
type Plan struct {
	ID        string    `json:"id"`
	ProductID string    `json:"product_id"`
	Code      string    `json:"code" doc:"Unique within the product."`
	Name      string    `json:"name"`
	Policy    Policy    `json:"policy"`
	Version   int64     `json:"version" doc:"Grows by one with each change."`
	CreatedAt time.Time `json:"created_at"`
}

// NewPlan creates a plan.
type NewPlan struct {
	ProductID string    `json:"product_id"`
	Code      string    `json:"code" doc:"Unique within the product." example:"desktop-subscription" maxLength:"64"`
	Name      string    `json:"name" example:"Desktop, subscription" maxLength:"200"`
	Policy    NewPolicy `json:"policy"`
}

// Policy holds every rule that subscriptions of a plan follow. A member's name
// ends in its unit; a day is 24 hours. Zero means that there is no such rule.
type Policy struct {
	Model                   string           `json:"model" doc:"subscription, perpetual, metered or trial."`
	LicenseType             LicenseType      `json:"license_type"`
	Entitlements            map[string]int64 `json:"entitlements,omitempty" doc:"Quantity by code; 1 and 0 are on and off."`
	ActivationsPerKey       int64            `json:"activations_per_key" doc:"How many rows a key may be active on at a time; 0 is unlimited."`
	OverLimit               string           `json:"over_limit" doc:"notify, grace or block."`
	OverLimitGraceDays      int64            `json:"over_limit_grace_days" doc:"With grace: how long a row may stay over its maximum."`
	WarnPercent             int64            `json:"warn_percent" doc:"Of the maximum: warn from there on."`
	RefreshEveryHours       int64            `json:"refresh_every_hours" doc:"How often license information is pulled."`
	ReportEveryHours        int64            `json:"report_every_hours" doc:"How often usage is reported."`
	CheckInEveryHours       int64            `json:"check_in_every_hours" doc:"How often an installation calls home."`
	LeaseDays               int64            `json:"lease_days" doc:"How long an online license lasts without contact; 0 is to the end."`
	WarnAfterDays           int64            `json:"warn_after_days" doc:"Silence before a warning; metered plans only."`
	DisableAfterDays        int64            `json:"disable_after_days" doc:"Silence before everything is refused; metered plans only."`
	OfflineAllowed          bool             `json:"offline_allowed" doc:"What new subscriptions start with."`
	OfflineLeaseDays        int64            `json:"offline_lease_days" doc:"How long an offline license lasts; 0 is to the end."`
	ExpiryGraceDays         int64            `json:"expiry_grace_days" doc:"How long after its end date a subscription still runs."`
	ExpiringWithinDays      int64            `json:"expiring_within_days" doc:"How long before its end a subscription shows as expiring."`
	RenewalWindowDays       int64            `json:"renewal_window_days" doc:"How long before its end a subscription may be renewed."`
	Maintenance             bool             `json:"maintenance" doc:"Whether subscriptions have a maintenance end date."`
	OrganizationFromVersion string           `json:"organization_from_version,omitempty" doc:"The release from which agents ask for the organization on upgrade; empty is never."`
	Billing                 Billing          `json:"billing"`
	OnFork                  string           `json:"on_fork" doc:"notify or refuse."`
	DeviceUpload            bool             `json:"device_upload" doc:"Whether agents send the list of devices, not only figures."`
	KeyFormat               KeyFormat        `json:"key_format"`
}

// NewPolicy gives the rules of a new plan. A member that is left out takes the
// default of the model; see Policy for what each says.
type NewPolicy struct {
	Model                   string           `json:"model" enum:"subscription,perpetual,metered,trial"`
	LicenseType             LicenseType      `json:"license_type"`
	Entitlements            map[string]int64 `json:"entitlements,omitempty"`
	ActivationsPerKey       *int64           `json:"activations_per_key,omitempty"`
	OverLimit               *string          `json:"over_limit,omitempty" enum:"notify,grace,block"`
	OverLimitGraceDays      *int64           `json:"over_limit_grace_days,omitempty"`
	WarnPercent             *int64           `json:"warn_percent,omitempty"`
	RefreshEveryHours       *int64           `json:"refresh_every_hours,omitempty"`
	ReportEveryHours        *int64           `json:"report_every_hours,omitempty"`
	CheckInEveryHours       *int64           `json:"check_in_every_hours,omitempty"`
	LeaseDays               *int64           `json:"lease_days,omitempty"`
	WarnAfterDays           *int64           `json:"warn_after_days,omitempty"`
	DisableAfterDays        *int64           `json:"disable_after_days,omitempty"`
	OfflineAllowed          *bool            `json:"offline_allowed,omitempty"`
	OfflineLeaseDays        *int64           `json:"offline_lease_days,omitempty"`
	ExpiryGraceDays         *int64           `json:"expiry_grace_days,omitempty"`
	ExpiringWithinDays      *int64           `json:"expiring_within_days,omitempty"`
	RenewalWindowDays       *int64           `json:"renewal_window_days,omitempty"`
	Maintenance             *bool            `json:"maintenance,omitempty"`
	OrganizationFromVersion *string          `json:"organization_from_version,omitempty"`
	Billing                 *Billing         `json:"billing,omitempty"`
	OnFork                  *string          `json:"on_fork,omitempty" enum:"notify,refuse"`
	DeviceUpload            *bool            `json:"device_upload,omitempty"`
	KeyFormat               *KeyFormat       `json:"key_format,omitempty"`
}

// ProductChange renames a product.
type ProductChange struct {
	Name string `json:"name" maxLength:"200"`
}

// PlanChange changes a plan. A member that is left out stays.
type PlanChange struct {
	Name   *string       `json:"name,omitempty" maxLength:"200"`
	Policy *PolicyChange `json:"policy,omitempty"`
}

// PolicyChange changes rules of a plan; see Policy for what each says. A member
// that is left out stays. The model, the code of the license type and the key
// format cannot change once the plan has subscriptions. Entitlements, billing and
// key format are taken as a whole.
type PolicyChange struct {
	Model                   *string          `json:"model,omitempty" enum:"subscription,perpetual,metered,trial"`
	LicenseType             *LicenseType     `json:"license_type,omitempty"`
	Entitlements            map[string]int64 `json:"entitlements,omitzero"`
	ActivationsPerKey       *int64           `json:"activations_per_key,omitempty"`
	OverLimit               *string          `json:"over_limit,omitempty" enum:"notify,grace,block"`
	OverLimitGraceDays      *int64           `json:"over_limit_grace_days,omitempty"`
	WarnPercent             *int64           `json:"warn_percent,omitempty"`
	RefreshEveryHours       *int64           `json:"refresh_every_hours,omitempty"`
	ReportEveryHours        *int64           `json:"report_every_hours,omitempty"`
	CheckInEveryHours       *int64           `json:"check_in_every_hours,omitempty"`
	LeaseDays               *int64           `json:"lease_days,omitempty"`
	WarnAfterDays           *int64           `json:"warn_after_days,omitempty"`
	DisableAfterDays        *int64           `json:"disable_after_days,omitempty"`
	OfflineAllowed          *bool            `json:"offline_allowed,omitempty"`
	OfflineLeaseDays        *int64           `json:"offline_lease_days,omitempty"`
	ExpiryGraceDays         *int64           `json:"expiry_grace_days,omitempty"`
	ExpiringWithinDays      *int64           `json:"expiring_within_days,omitempty"`
	RenewalWindowDays       *int64           `json:"renewal_window_days,omitempty"`
	Maintenance             *bool            `json:"maintenance,omitempty"`
	OrganizationFromVersion *string          `json:"organization_from_version,omitempty"`
	Billing                 *Billing         `json:"billing,omitempty"`
	OnFork                  *string          `json:"on_fork,omitempty" enum:"notify,refuse"`
	DeviceUpload            *bool            `json:"device_upload,omitempty"`
	KeyFormat               *KeyFormat       `json:"key_format,omitempty"`
}

// LicenseType names what a license is for.
type LicenseType struct {
	Code   string `json:"code" doc:"As rows name it." example:"desktop" maxLength:"64"`
	Name   string `json:"name" doc:"For people." example:"Desktop" maxLength:"200"`
	Metric string `json:"metric" doc:"What is counted." example:"devices" maxLength:"64"`
}

// Billing says what is billed, and in which price class.
type Billing struct {
	Rule         string       `json:"rule" enum:"none,active_days" doc:"Nothing, or keys that are active on more than so many days of a month."`
	MoreThanDays int64        `json:"more_than_days,omitempty"`
	PriceClasses []PriceClass `json:"price_classes,omitempty" nullable:"false" doc:"The first that matches counts."`
	DefaultClass string       `json:"default_class,omitempty" doc:"When no class matches."`
}

// PriceClass gives a class to operating systems that contain one of the texts.
type PriceClass struct {
	Class            string   `json:"class"`
	OperatingSystems []string `json:"operating_systems" nullable:"false"`
}

// KeyFormat says how keys look.
type KeyFormat struct {
	Style  string `json:"style" enum:"digits16,groups" doc:"16 digits with a check digit, or groups of letters and digits with a checksum."`
	Groups int64  `json:"groups,omitempty" doc:"With groups: how many."`
	Length int64  `json:"length,omitempty" doc:"With groups: of how many characters each."`
}

// ChangeProduct renames a product.
func (c *Client) ChangeProduct(ctx context.Context, id string, change ProductChange) (Product, error) {
	return send[Product](ctx, c, http.MethodPatch, "/products/"+url.PathEscape(id), change)
}

// ChangePlan changes a plan.
func (c *Client) ChangePlan(ctx context.Context, id string, change PlanChange) (Plan, error) {
	return send[Plan](ctx, c, http.MethodPatch, "/plans/"+url.PathEscape(id), change)
}
