package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Person is somebody who has an account, as staff see them.
type Person struct {
	ID              string             `json:"id"`
	FirstName       string             `json:"first_name"`
	LastName        string             `json:"last_name"`
	Email           string             `json:"email"`
	Language        string             `json:"language"`
	TimeZone        string             `json:"time_zone" doc:"IANA name; empty is the publisher's."`
	StaffRole       string             `json:"staff_role,omitempty"`
	MembershipCount int64              `json:"membership_count"`
	Memberships     []PersonMembership `json:"memberships,omitempty" doc:"Not in lists."`
	CreatedAt       time.Time          `json:"created_at"`
}

// PersonMembership is a person's place in an organization.
type PersonMembership struct {
	OrganizationID   string     `json:"organization_id"`
	OrganizationName string     `json:"organization_name"`
	Role             string     `json:"role"`
	BlockedAt        *time.Time `json:"blocked_at,omitempty"`
	Since            time.Time  `json:"since"`
}

// PersonExport is everything that is kept about a person, but for secrets.
type PersonExport struct {
	Person       Person             `json:"person"`
	HasPassword  bool               `json:"has_password"`
	HasTOTP      bool               `json:"has_totp"`
	Sessions     []ExportedSession  `json:"sessions" nullable:"false"`
	Tokens       []ExportedToken    `json:"tokens" nullable:"false"`
	Passkeys     []ExportedPasskey  `json:"passkeys" nullable:"false"`
	Invitations  []ExportedInvite   `json:"invitations" nullable:"false" doc:"To their address."`
	Mails        []ExportedMail     `json:"mails" nullable:"false"`
	CausedEvents []string           `json:"caused_events" nullable:"false" doc:"Ids of the events that they caused."`
	Memberships  []PersonMembership `json:"memberships" nullable:"false"`
}

// ExportedSession is a sign-in.
type ExportedSession struct {
	ID         string    `json:"id"`
	UserAgent  string    `json:"user_agent"`
	Address    string    `json:"address"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

// ExportedToken is an API token, without itself.
type ExportedToken struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	OrganizationID string     `json:"organization_id,omitempty"`
	Scopes         []string   `json:"scopes" nullable:"false"`
	CreatedAt      time.Time  `json:"created_at"`
	ExpiresAt      *time.Time `json:"expires_at,omitempty"`
	LastUsedAt     *time.Time `json:"last_used_at,omitempty"`
	RevokedAt      *time.Time `json:"revoked_at,omitempty"`
}

// ExportedPasskey is a passkey, without its key.
type ExportedPasskey struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// ExportedInvite is an invitation to the person.
type ExportedInvite struct {
	ID             string    `json:"id"`
	OrganizationID string    `json:"organization_id"`
	Role           string    `json:"role"`
	State          string    `json:"state"`
	CreatedAt      time.Time `json:"created_at"`
}

// ExportedMail is a mail to the person, without what it holds.
type ExportedMail struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
}

// OwnErasure confirms that somebody erases their own account.
type OwnErasure struct {
	Email string `json:"email" maxLength:"254" doc:"Of the account, as a confirmation."`
}

// PersonFilter chooses people. Empty members choose all.
type PersonFilter struct {
	Search string
	Sort   string
}

// People lists everybody who has an account.
func (c *Client) People(ctx context.Context, f PersonFilter, l Listing) (Page[Person], error) {
	return get[Page[Person]](ctx, c, "/people", l.query("search", f.Search, "sort", f.Sort))
}

// Person gives somebody who has an account.
func (c *Client) Person(ctx context.Context, id string) (Person, error) {
	return get[Person](ctx, c, "/people/"+url.PathEscape(id), nil)
}

// ExportPerson gives everything that is kept about a person.
func (c *Client) ExportPerson(ctx context.Context, id string) (PersonExport, error) {
	return get[PersonExport](ctx, c, "/people/"+url.PathEscape(id)+"/export", nil)
}

// ErasePerson erases a person for good.
func (c *Client) ErasePerson(ctx context.Context, id string) error {
	_, _, err := c.do(ctx, http.MethodPost, "/people/"+url.PathEscape(id)+"/erase", "", nil)
	return err
}

// ExportAccount gives everything that is kept about the person who has signed in.
func (c *Client) ExportAccount(ctx context.Context) (PersonExport, error) {
	return get[PersonExport](ctx, c, "/account/export", nil)
}

// EraseAccount erases the person who has signed in, who confirms their address.
func (c *Client) EraseAccount(ctx context.Context, email string) error {
	data, err := json.Marshal(OwnErasure{email})
	if err == nil {
		_, _, err = c.do(ctx, http.MethodPost, "/account/erase", jsonType, data)
	}
	return err
}
