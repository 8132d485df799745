package api

import (
	"context"
	"net/http"
	"net/url"
)

// NewSublicense makes a part of a subscription with a key of its own.
type NewSublicense struct {
	Name   string `json:"name" minLength:"1" maxLength:"200"`
	Quota  int64  `json:"quota" minimum:"0" maximum:"1000000000" doc:"How many licenses it may use."`
	Mode   string `json:"mode" enum:"reserved,dynamic" doc:"reserved leaves the pool; dynamic is a cap that competes for it."`
	EndsOn string `json:"ends_on,omitempty" format:"date" doc:"Inclusive, at most the subscription's; left out is the subscription's."`
}

// SublicenseChange changes what is given of a sublicense.
type SublicenseChange struct {
	Name   *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Quota  *int64  `json:"quota,omitempty" minimum:"0" maximum:"1000000000"`
	Mode   *string `json:"mode,omitempty" enum:"reserved,dynamic"`
	EndsOn *string `json:"ends_on,omitempty" maxLength:"10" doc:"A calendar day, inclusive; empty takes the end away."`
	Force  bool    `json:"force,omitempty" doc:"Makes it smaller than what is in use all the same; then it is over its limit."`
}

// IssuedSublicense is a new sublicense with its key, which is shown in full this
// once.
type IssuedSublicense struct {
	Sublicense Key       `json:"sublicense"`
	Key        IssuedKey `json:"key"`
}

// Pool is how a subscription's licenses are taken.
type Pool struct {
	Total             int64 `json:"total" doc:"Licenses owned."`
	Used              int64 `json:"used" doc:"By all rows, as last reported."`
	Main              int64 `json:"main" doc:"Neither used nor reserved; below zero when rows use more than is left to them."`
	Reserved          int64 `json:"reserved" doc:"Sum of the quotas of reserved sublicenses."`
	ReservedInUse     int64 `json:"reserved_in_use"`
	ReservedAvailable int64 `json:"reserved_available"`
	Unused            int64 `json:"unused" doc:"In the main pool or reserved."`
}

// SublicenseEffect says what making or changing a sublicense would do.
type SublicenseEffect struct {
	Allowed       bool     `json:"allowed"`
	Problem       *Refusal `json:"problem,omitempty" doc:"Why it is not allowed."`
	Before        *Pool    `json:"before" doc:"Null when the subscription is unlimited."`
	After         *Pool    `json:"after" doc:"Null when the subscription is unlimited."`
	Used          int64    `json:"used" doc:"By the sublicense's rows."`
	MaximumBefore *int64   `json:"maximum_before" doc:"How many they may use; null for a new sublicense."`
	MaximumAfter  int64    `json:"maximum_after"`
}

// Refusal says why something is not allowed, without being an error.
type Refusal struct {
	Code    string `json:"code" doc:"For programs."`
	Message string `json:"message" doc:"For people."`
}

// CreateSublicense makes a sublicense.
func (c *Client) CreateSublicense(ctx context.Context, subscriptionID string, n NewSublicense) (IssuedSublicense, error) {
	return send[IssuedSublicense](ctx, c, http.MethodPost, "/subscriptions/"+url.PathEscape(subscriptionID)+"/sublicenses", n)
}

// PreviewSublicense says what a new sublicense would do to the pool.
func (c *Client) PreviewSublicense(ctx context.Context, subscriptionID string, n NewSublicense) (SublicenseEffect, error) {
	return send[SublicenseEffect](ctx, c, http.MethodPost, "/subscriptions/"+url.PathEscape(subscriptionID)+"/sublicenses/preview", n)
}

// ChangeSublicense renames, resizes, converts or ends a sublicense.
func (c *Client) ChangeSublicense(ctx context.Context, keyID string, change SublicenseChange) (Key, error) {
	return send[Key](ctx, c, http.MethodPatch, "/keys/"+url.PathEscape(keyID), change)
}

// PreviewSublicenseChange says what a change would do to the pool.
func (c *Client) PreviewSublicenseChange(ctx context.Context, keyID string, change SublicenseChange) (SublicenseEffect, error) {
	return send[SublicenseEffect](ctx, c, http.MethodPost, "/keys/"+url.PathEscape(keyID)+"/preview", change)
}

// DeleteSublicense deletes a sublicense that is not activated.
func (c *Client) DeleteSublicense(ctx context.Context, keyID string) error {
	_, _, err := c.do(ctx, http.MethodDelete, "/keys/"+url.PathEscape(keyID), "", nil)
	return err
}
