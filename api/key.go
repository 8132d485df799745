package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Registration gives an unregistered key to an organization: to one that exists,
// or to one that the registrant founds with it.
type Registration struct {
	Key            string       `json:"key" maxLength:"200"`
	OrganizationID string       `json:"organization_id,omitempty" maxLength:"64" doc:"An organization that exists; leave it out to found one."`
	Organization   *NewBusiness `json:"organization,omitempty" doc:"An organization to found; whoever registers becomes its account administrator."`
}

// NewBusiness is what a person says of the organization that they found.
type NewBusiness struct {
	Name    string `json:"name" minLength:"1" maxLength:"200"`
	Address string `json:"address" minLength:"1" maxLength:"500"`
	Phone   string `json:"phone" minLength:"1" maxLength:"40"`
	Country string `json:"country,omitempty" maxLength:"2" doc:"ISO 3166-1 alpha-2, such as CH."`
}

// RegisterKey gives an unregistered key to an organization. The same again
// changes nothing.
func (c *Client) RegisterKey(ctx context.Context, r Registration) (Subscription, error) {
	return send[Subscription](ctx, c, http.MethodPost, "/key-registrations", r)
}

// Key is a license key as people see it: masked, with what it is of and how it
// is used.
type Key struct {
	ID               string    `json:"id"`
	Kind             string    `json:"kind" doc:"primary, sublicense or product."`
	Masked           string    `json:"masked" doc:"Only the last four characters."`
	State            string    `json:"state" doc:"The first that holds of deleted, replaced, ended, unregistered, valid."`
	OrganizationID   string    `json:"organization_id,omitempty" doc:"Absent until it is registered."`
	OrganizationName string    `json:"organization_name,omitempty"`
	SubscriptionID   string    `json:"subscription_id"`
	Product          string    `json:"product" doc:"Name, for people."`
	Plan             string    `json:"plan" doc:"Name, for people."`
	LicenseType      string    `json:"license_type" doc:"Code."`
	Name             string    `json:"name" doc:"Of a sublicense; empty for other keys."`
	Mode             string    `json:"mode,omitempty" doc:"Of a sublicense: reserved leaves the pool, dynamic is a cap."`
	Quota            *int64    `json:"quota,omitempty" doc:"Of a sublicense."`
	EndsOn           string    `json:"ends_on,omitempty" format:"date" doc:"Of a sublicense, inclusive; absent for the subscription's own end."`
	LastDay          string    `json:"last_day,omitempty" format:"date" doc:"Of the key, or of its subscription when that comes first; absent for ever."`
	Activations      int64     `json:"activations" doc:"Rows that it is active on."`
	ActivationLimit  *int64    `json:"activation_limit" doc:"How many there may be; null is unlimited."`
	Used             int64     `json:"used" doc:"By those rows, as last reported."`
	Maximum          *int64    `json:"maximum" doc:"How many they may use; null is unlimited."`
	Available        *int64    `json:"available" doc:"How many more they may use; null is unlimited."`
	People           int64     `json:"people" doc:"How many license administrators look after it."`
	ReplacedBy       string    `json:"replaced_by,omitempty" doc:"Id of the key that took its place."`
	IssuedOn         string    `json:"issued_on" format:"date"`
	Version          int64     `json:"version" doc:"Grows with each change."`
	CreatedAt        time.Time `json:"created_at"`
}

// KeyFilter chooses keys; empty members choose all but the deleted ones.
type KeyFilter struct {
	OrganizationID string
	SubscriptionID string
	Kind           string
	State          string
	Search         string // the last four characters, part of the name, or a whole key
}

// Keys lists keys.
func (c *Client) Keys(ctx context.Context, f KeyFilter, l Listing) (Page[Key], error) {
	return get[Page[Key]](ctx, c, "/keys", l.query("organization_id", f.OrganizationID, "subscription_id", f.SubscriptionID,
		"kind", f.Kind, "state", f.State, "search", f.Search))
}

// Key gives a key.
func (c *Client) Key(ctx context.Context, id string) (Key, error) {
	return get[Key](ctx, c, "/keys/"+url.PathEscape(id), nil)
}

// RevealKey gives a key in full, and records that it was seen.
func (c *Client) RevealKey(ctx context.Context, id string) (IssuedKey, error) {
	return send[IssuedKey](ctx, c, http.MethodPost, "/keys/"+url.PathEscape(id)+"/reveal", nil)
}

// ReplacedKey is a new key that took another's place, shown in full this once.
type ReplacedKey struct {
	Replacement Key       `json:"replacement"`
	Key         IssuedKey `json:"key"`
}

// ReplaceKey gives a leaked key's place to a new one.
func (c *Client) ReplaceKey(ctx context.Context, id string) (ReplacedKey, error) {
	return send[ReplacedKey](ctx, c, http.MethodPost, "/keys/"+url.PathEscape(id)+"/replace", nil)
}
