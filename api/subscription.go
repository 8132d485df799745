package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Subscription is what an organization owns: a number of licenses of a plan for
// a period. Days are in the publisher's time zone, and end dates are inclusive.
// Where it stands is computed at every read.
type Subscription struct {
	ID                string      `json:"id"`
	State             string      `json:"state" enum:"not_started,active,expiring_soon,expired,suspended,canceled"`
	OrganizationID    string      `json:"organization_id,omitempty" doc:"Absent until its key is registered."`
	OrganizationName  string      `json:"organization_name,omitempty"`
	ProductID         string      `json:"product_id"`
	ProductCode       string      `json:"product_code"`
	ProductName       string      `json:"product_name"`
	PlanID            string      `json:"plan_id"`
	PlanCode          string      `json:"plan_code"`
	PlanName          string      `json:"plan_name"`
	Model             string      `json:"model" doc:"subscription, perpetual, metered or trial."`
	LicenseType       LicenseType `json:"license_type"`
	Quantity          *int64      `json:"quantity" doc:"Licenses owned; null is unlimited."`
	StartsOn          string      `json:"starts_on" format:"date"`
	EndsOn            string      `json:"ends_on,omitempty" format:"date" doc:"Absent for ever."`
	DaysLeft          *int64      `json:"days_left,omitempty" doc:"From today to the last day; 0 on it and after it. Absent for ever."`
	GraceEndsOn       string      `json:"grace_ends_on,omitempty" format:"date" doc:"The end date is over, but it runs until this day: renew it."`
	MaintenanceEndsOn string      `json:"maintenance_ends_on,omitempty" format:"date"`
	MaintenanceEnded  bool        `json:"maintenance_ended" doc:"Releases that are dated later are refused."`
	Renewable         bool        `json:"renewable" doc:"Whether it may be renewed today."`
	RenewableOn       string      `json:"renewable_on,omitempty" format:"date" doc:"From when on it may be renewed; absent for never."`
	OfflineAllowed    bool        `json:"offline_allowed" doc:"Whether keys may be activated by file."`
	OfflineAskedAt    *time.Time  `json:"offline_asked_at,omitempty" doc:"An administrator asked for that, and waits for an answer."`
	SuspendedAt       *time.Time  `json:"suspended_at,omitempty" doc:"Absent while it runs."`
	CanceledOn        string      `json:"canceled_on,omitempty" format:"date" doc:"Its last day, whatever the end date says."`
	CancelReason      string      `json:"cancel_reason,omitempty" doc:"Only staff see it."`
	Seats             Seats       `json:"seats"`
	Keys              int64       `json:"keys" doc:"How many license keys it has."`
	Activations       int64       `json:"activations" doc:"How many rows are activated with them."`
	Contact           *Contact    `json:"contact,omitempty" doc:"Whom to buy more from: of the newest order that names somebody."`
	Reference         string      `json:"reference,omitempty" doc:"Its id in the publisher's other systems; only staff see it."`
	Version           int64       `json:"version" doc:"Grows by one with each change."`
	CreatedAt         time.Time   `json:"created_at"`
}

// Seats says how a subscription's licenses are split. What is computed from the
// total is null when that is unlimited.
type Seats struct {
	Total         *int64 `json:"total"`
	Used          int64  `json:"used" doc:"By all rows, as last reported."`
	MainPool      *int64 `json:"main_pool" doc:"Neither used nor reserved; negative when rows use more than is left to them."`
	Reserved      int64  `json:"reserved" doc:"Sum of the quotas of reserved sublicenses."`
	ReservedInUse int64  `json:"reserved_in_use"`
	Dynamic       int64  `json:"dynamic" doc:"Sum of the quotas of dynamic sublicenses; it may exceed the total."`
	DynamicInUse  int64  `json:"dynamic_in_use"`
	Unused        *int64 `json:"unused" doc:"In the main pool, or reserved and not in use."`
}

// NewSubscription issues a subscription with its primary key.
type NewSubscription struct {
	PlanID            string `json:"plan_id" maxLength:"64"`
	OrganizationID    string `json:"organization_id,omitempty" maxLength:"64" doc:"Registers the key at once; left out, it is registered later."`
	Quantity          *int64 `json:"quantity,omitempty" doc:"Licenses owned; left out is unlimited."`
	StartsOn          string `json:"starts_on,omitempty" format:"date" doc:"Left out is today."`
	EndsOn            string `json:"ends_on,omitempty" format:"date" doc:"Inclusive."`
	TermMonths        int64  `json:"term_months,omitempty" doc:"Instead of the end date, or of that of maintenance on a perpetual plan."`
	MaintenanceEndsOn string `json:"maintenance_ends_on,omitempty" format:"date"`
	OfflineAllowed    *bool  `json:"offline_allowed,omitempty" doc:"Left out is what the plan says."`
	Reference         string `json:"reference,omitempty" maxLength:"200" doc:"Its id in your other systems, which no other subscription has."`
}

// IssuedSubscription is a new subscription with its key.
type IssuedSubscription struct {
	Subscription Subscription `json:"subscription"`
	Key          IssuedKey    `json:"key"`
}

// IssuedKey is a license key that was issued just now.
type IssuedKey struct {
	ID  string `json:"id"`
	Key string `json:"key" doc:"The license key in full."`
}

// OfflineSwitch allows or forbids activation by file.
type OfflineSwitch struct {
	Allowed bool `json:"allowed"`
}

// Renewal extends a subscription from its end, or from today when that is over.
type Renewal struct {
	TermMonths int64       `json:"term_months" doc:"How long." example:"12"`
	Order      *OrderFacts `json:"order,omitempty" doc:"Also places an order that says so."`
}

// QuantityChange changes how many licenses a subscription owns.
type QuantityChange struct {
	Quantity *int64 `json:"quantity" doc:"Licenses owned from now on; null is unlimited."`
	Force    bool   `json:"force,omitempty" doc:"Also below what is in use; then it is over its limit."`
}

// Cancellation ends a subscription with the end of a day.
type Cancellation struct {
	On     string `json:"on,omitempty" format:"date" doc:"The last day; left out is today."`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"For staff."`
}

// SubscriptionFilter chooses subscriptions. Empty members choose all.
type SubscriptionFilter struct {
	OrganizationID string
	ProductID      string
	PlanID         string
	State          string
	Search         string // part of an organization's name or a reference, or the last four characters of a key
	OfflineAsked   bool
	Unregistered   bool
}

// CreateSubscription issues a subscription with its key.
func (c *Client) CreateSubscription(ctx context.Context, n NewSubscription) (IssuedSubscription, error) {
	return send[IssuedSubscription](ctx, c, http.MethodPost, "/subscriptions", n)
}

// Subscription gives a subscription.
func (c *Client) Subscription(ctx context.Context, id string) (Subscription, error) {
	return get[Subscription](ctx, c, subscriptionPath(id, ""), nil)
}

// Subscriptions lists subscriptions.
func (c *Client) Subscriptions(ctx context.Context, f SubscriptionFilter, l Listing) (Page[Subscription], error) {
	return get[Page[Subscription]](ctx, c, "/subscriptions", l.query(
		"organization_id", f.OrganizationID, "product_id", f.ProductID, "plan_id", f.PlanID, "state", f.State, "search", f.Search,
		"offline_asked", onlyTrue(f.OfflineAsked), "unregistered", onlyTrue(f.Unregistered)))
}

// Renew extends a subscription.
func (c *Client) Renew(ctx context.Context, subscriptionID string, r Renewal) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPost, subscriptionPath(subscriptionID, "/renewals"), r)
}

// Resize changes how many licenses a subscription owns.
func (c *Client) Resize(ctx context.Context, subscriptionID string, q QuantityChange) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPost, subscriptionPath(subscriptionID, "/quantity"), q)
}

// SetOffline allows or forbids activation by file.
func (c *Client) SetOffline(ctx context.Context, subscriptionID string, allowed bool) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPut, subscriptionPath(subscriptionID, "/offline"), OfflineSwitch{allowed})
}

// RequestOffline asks the publisher to allow activation by file.
func (c *Client) RequestOffline(ctx context.Context, subscriptionID string) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPost, subscriptionPath(subscriptionID, "/offline-requests"), nil)
}

// Suspend stops a subscription.
func (c *Client) Suspend(ctx context.Context, subscriptionID string) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPost, subscriptionPath(subscriptionID, "/suspend"), nil)
}

// Resume lets a suspended subscription run again.
func (c *Client) Resume(ctx context.Context, subscriptionID string) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPost, subscriptionPath(subscriptionID, "/resume"), nil)
}

// Cancel ends a subscription with the end of a day.
func (c *Client) Cancel(ctx context.Context, subscriptionID string, n Cancellation) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPost, subscriptionPath(subscriptionID, "/cancel"), n)
}

// Reinstate takes a cancellation back.
func (c *Client) Reinstate(ctx context.Context, subscriptionID string) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPost, subscriptionPath(subscriptionID, "/reinstate"), nil)
}

func subscriptionPath(id, verb string) string { return "/subscriptions/" + url.PathEscape(id) + verb }

// onlyTrue gives the query value of a filter that can only be switched on.
func onlyTrue(on bool) string {
	if !on {
		return ""
	}
	return strconv.FormatBool(on)
}
