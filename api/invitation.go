package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// NewInvitations invites people to an organization: by addresses, or by a CSV.
type NewInvitations struct {
	Emails   []string `json:"emails,omitempty" maxItems:"200"`
	CSV      string   `json:"csv,omitempty" maxLength:"500000" doc:"Instead of emails: the columns email, role and language, of which the last two may be left out or empty."`
	Role     string   `json:"role,omitempty" enum:"member,license_administrator,account_administrator" doc:"member when left out."`
	Language string   `json:"language,omitempty" enum:"en,ja,fr" doc:"Of the mail; en when left out."`
}

// Invitations are those that one request made.
type Invitations struct {
	Items []Invitation `json:"items" nullable:"false"`
}

// Invitation asks somebody by mail to become a member.
type Invitation struct {
	ID          string     `json:"id"`
	Email       string     `json:"email"`
	Role        string     `json:"role"`
	Language    string     `json:"language"`
	State       string     `json:"state" doc:"pending, accepted, withdrawn or expired."`
	InvitedBy   string     `json:"invited_by,omitempty" doc:"Id of the person; absent when an order did."`
	InviterName string     `json:"inviter_name,omitempty"`
	AcceptedBy  string     `json:"accepted_by,omitempty"`
	SentAt      time.Time  `json:"sent_at" doc:"The last time."`
	ExpiresAt   time.Time  `json:"expires_at"`
	AcceptedAt  *time.Time `json:"accepted_at,omitempty"`
	WithdrawnAt *time.Time `json:"withdrawn_at,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
}

// InvitationPreview tells what inviting by a CSV would do with each row.
type InvitationPreview struct {
	Items []InvitationRow `json:"items" nullable:"false"`
}

// InvitationRow is a row of a CSV.
type InvitationRow struct {
	Line     int    `json:"line" doc:"In the file; the header has one too."`
	Email    string `json:"email"`
	Role     string `json:"role"`
	Language string `json:"language"`
	Fault    string `json:"fault,omitempty" doc:"mistyped, duplicate, already_member or already_invited; absent when the row can be invited."`
	Message  string `json:"message,omitempty"`
}

// InvitationToken names an invitation by the secret of its link.
type InvitationToken struct {
	Token string `json:"token" maxLength:"200"`
}

// InvitationInside is what an invitation shows to whoever has its link.
type InvitationInside struct {
	Organization  string    `json:"organization"`
	Email         string    `json:"email"`
	Role          string    `json:"role"`
	Language      string    `json:"language"`
	ExpiresAt     time.Time `json:"expires_at"`
	Expired       bool      `json:"expired" doc:"Then ask for another one."`
	AccountExists bool      `json:"account_exists" doc:"Whether its person signs in to accept, or makes an account by accepting."`
}

// Acceptance accepts an invitation: as the person who has signed in, with the
// token alone, or as somebody new.
type Acceptance struct {
	Token     string `json:"token" maxLength:"200"`
	FirstName string `json:"first_name,omitempty" maxLength:"200"`
	LastName  string `json:"last_name,omitempty" maxLength:"200"`
	Password  string `json:"password,omitempty" maxLength:"1000"`
	Language  string `json:"language,omitempty" enum:"en,ja,fr" doc:"That of the invitation when left out."`
}

// Accepted tells where an accepted invitation has led.
type Accepted struct {
	OrganizationID   string `json:"organization_id"`
	OrganizationName string `json:"organization_name"`
	Role             string `json:"role"`
}

// InvitationRequest asks the account administrators of a key's organization for
// an invitation.
type InvitationRequest struct {
	Key   string `json:"key" maxLength:"200"`
	Email string `json:"email,omitempty" maxLength:"254" doc:"Whom to invite; somebody who has signed in leaves it out."`
}

// InvitationRequested is the answer, whatever became of it.
type InvitationRequested struct {
	Next string `json:"next" doc:"Always wait_for_mail."`
}

// InvitationFilter chooses invitations. Empty members choose all.
type InvitationFilter struct {
	State  string
	Search string
	Sort   string
}

func invitationsPath(organizationID string) string {
	return "/organizations/" + url.PathEscape(organizationID) + "/invitations"
}

// Invite invites everybody on a list, or nobody.
func (c *Client) Invite(ctx context.Context, organizationID string, n NewInvitations) (Invitations, error) {
	return send[Invitations](ctx, c, http.MethodPost, invitationsPath(organizationID), n)
}

// PreviewInvitations tells what inviting by a CSV would do.
func (c *Client) PreviewInvitations(ctx context.Context, organizationID string, n NewInvitations) (InvitationPreview, error) {
	return send[InvitationPreview](ctx, c, http.MethodPost, invitationsPath(organizationID)+"/preview", n)
}

// Invitations lists the invitations of an organization.
func (c *Client) Invitations(ctx context.Context, organizationID string, f InvitationFilter, l Listing) (Page[Invitation], error) {
	return get[Page[Invitation]](ctx, c, invitationsPath(organizationID), l.query("state", f.State, "search", f.Search, "sort", f.Sort))
}

// Invitation gives an invitation.
func (c *Client) Invitation(ctx context.Context, organizationID, id string) (Invitation, error) {
	return get[Invitation](ctx, c, invitationsPath(organizationID)+"/"+url.PathEscape(id), nil)
}

// ResendInvitation mails an invitation again, with a new link.
func (c *Client) ResendInvitation(ctx context.Context, organizationID, id string) (Invitation, error) {
	return send[Invitation](ctx, c, http.MethodPost, invitationsPath(organizationID)+"/"+url.PathEscape(id)+"/resend", nil)
}

// WithdrawInvitation makes the link of an invitation stop working.
func (c *Client) WithdrawInvitation(ctx context.Context, organizationID, id string) (Invitation, error) {
	return send[Invitation](ctx, c, http.MethodPost, invitationsPath(organizationID)+"/"+url.PathEscape(id)+"/withdraw", nil)
}

// InspectInvitation shows what an invitation is for.
func (c *Client) InspectInvitation(ctx context.Context, token string) (InvitationInside, error) {
	return send[InvitationInside](ctx, c, http.MethodPost, "/invitations/inspect", InvitationToken{token})
}

// AcceptInvitation accepts an invitation.
func (c *Client) AcceptInvitation(ctx context.Context, a Acceptance) (Accepted, error) {
	return send[Accepted](ctx, c, http.MethodPost, "/invitations/accept", a)
}

// RequestInvitation asks the account administrators of a key's organization for
// an invitation.
func (c *Client) RequestInvitation(ctx context.Context, r InvitationRequest) (InvitationRequested, error) {
	return send[InvitationRequested](ctx, c, http.MethodPost, "/organizations/invitation-requests", r)
}
