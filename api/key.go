package api

import (
	"context"
	"net/http"
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
