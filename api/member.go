package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// OrganizationChange changes the profile of an organization. Members left out
// stay as they are.
type OrganizationChange struct {
	Name      *string `json:"name,omitempty" maxLength:"200"`
	Address   *string `json:"address,omitempty" maxLength:"500"`
	Phone     *string `json:"phone,omitempty" maxLength:"40"`
	Country   *string `json:"country,omitempty" maxLength:"2" doc:"ISO 3166-1 alpha-2, or empty."`
	Kind      *string `json:"kind,omitempty" enum:"customer,partner,distributor" doc:"For staff."`
	Reference *string `json:"reference,omitempty" maxLength:"200" doc:"Its id in the publisher's other systems. For staff."`
}

// Member is a person's place in an organization.
type Member struct {
	PersonID         string     `json:"person_id"`
	FirstName        string     `json:"first_name"`
	LastName         string     `json:"last_name"`
	Email            string     `json:"email"`
	Role             string     `json:"role" doc:"member, license_administrator or account_administrator."`
	VolumePurchasing bool       `json:"volume_purchasing" doc:"Whether they may manage Apple locations."`
	EverySite        bool       `json:"every_site" doc:"Whether that is for every site, or for those of sites."`
	Sites            []string   `json:"sites,omitempty" doc:"Ids; not in lists."`
	Keys             []string   `json:"keys,omitempty" doc:"Ids of the keys that a license administrator looks after; not in lists."`
	KeyCount         int64      `json:"key_count"`
	BlockedAt        *time.Time `json:"blocked_at,omitempty"`
	Since            time.Time  `json:"since"`
	Version          int64      `json:"version"`
}

// MemberChange changes a member's role or privilege. Members left out stay as
// they are.
type MemberChange struct {
	Role             *string   `json:"role,omitempty" enum:"member,license_administrator,account_administrator"`
	VolumePurchasing *bool     `json:"volume_purchasing,omitempty"`
	EverySite        *bool     `json:"every_site,omitempty"`
	Sites            *[]string `json:"sites,omitempty" maxItems:"1000" doc:"Ids of sites, instead of those before; then the privilege is for these alone."`
}

// KeyGrants are the keys that a license administrator looks after.
type KeyGrants struct {
	Keys []string `json:"keys" nullable:"false" maxItems:"10000" doc:"Ids, instead of those before."`
}

// MemberFilter chooses members. Empty members choose all.
type MemberFilter struct {
	Role    string
	Blocked string // true or false
	Search  string
	Sort    string
}

// ChangeOrganization changes the profile of an organization.
func (c *Client) ChangeOrganization(ctx context.Context, id string, change OrganizationChange) (Organization, error) {
	return send[Organization](ctx, c, http.MethodPatch, "/organizations/"+url.PathEscape(id), change)
}

func memberPath(organizationID, personID string) string {
	return "/organizations/" + url.PathEscape(organizationID) + "/members/" + url.PathEscape(personID)
}

// Members lists the members of an organization.
func (c *Client) Members(ctx context.Context, organizationID string, f MemberFilter, l Listing) (Page[Member], error) {
	return get[Page[Member]](ctx, c, "/organizations/"+url.PathEscape(organizationID)+"/members",
		l.query("role", f.Role, "blocked", f.Blocked, "search", f.Search, "sort", f.Sort))
}

// Member gives a member of an organization.
func (c *Client) Member(ctx context.Context, organizationID, personID string) (Member, error) {
	return get[Member](ctx, c, memberPath(organizationID, personID), nil)
}

// ChangeMember changes a member's role or privilege.
func (c *Client) ChangeMember(ctx context.Context, organizationID, personID string, change MemberChange) (Member, error) {
	return send[Member](ctx, c, http.MethodPatch, memberPath(organizationID, personID), change)
}

// GrantKeys says which keys a license administrator looks after.
func (c *Client) GrantKeys(ctx context.Context, organizationID, personID string, keys []string) (Member, error) {
	return send[Member](ctx, c, http.MethodPut, memberPath(organizationID, personID)+"/keys", KeyGrants{keys})
}

// BlockMember keeps a member out until they are unblocked.
func (c *Client) BlockMember(ctx context.Context, organizationID, personID string) (Member, error) {
	return send[Member](ctx, c, http.MethodPost, memberPath(organizationID, personID)+"/block", nil)
}

// UnblockMember lets a blocked member in again.
func (c *Client) UnblockMember(ctx context.Context, organizationID, personID string) (Member, error) {
	return send[Member](ctx, c, http.MethodPost, memberPath(organizationID, personID)+"/unblock", nil)
}

// RemoveMember ends a membership.
func (c *Client) RemoveMember(ctx context.Context, organizationID, personID string) error {
	_, _, err := c.do(ctx, http.MethodDelete, memberPath(organizationID, personID), "", nil)
	return err
}

// LeaveOrganization ends the membership of the person who has signed in.
func (c *Client) LeaveOrganization(ctx context.Context, organizationID string) error {
	_, _, err := c.do(ctx, http.MethodPost, "/organizations/"+url.PathEscape(organizationID)+"/leave", "", nil)
	return err
}
