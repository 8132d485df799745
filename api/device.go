package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// DeviceRequest is what an agent says of itself to sign in by code.
type DeviceRequest struct {
	Installation string `json:"installation" maxLength:"64" doc:"RFC 7638 thumbprint of the installation's key."`
	HostName     string `json:"host_name,omitempty" maxLength:"200"`
	Product      string `json:"product" maxLength:"64" doc:"Code."`
	Version      string `json:"version,omitempty" maxLength:"100"`
	UpgradeFrom  string `json:"upgrade_from,omitempty" maxLength:"100" doc:"The release before, when an upgrade asks for the organization."`
	LicenseType  string `json:"license_type" maxLength:"64"`
	Site         string `json:"site,omitempty" maxLength:"200" doc:"Name."`
	Key          string `json:"key,omitempty" maxLength:"200" doc:"The license key that is to be activated."`
}

// DeviceAuthorization is a sign-in by code that waits for its approval (RFC 8628).
type DeviceAuthorization struct {
	DeviceCode              string `json:"device_code" doc:"By it alone the agent asks how its sign-in went. Keep it secret."`
	UserCode                string `json:"user_code" example:"BCDF-GHJK" doc:"Show it to the person."`
	VerificationURI         string `json:"verification_uri" doc:"Where the person enters the code."`
	VerificationURIComplete string `json:"verification_uri_complete" doc:"The same with the code in it."`
	ExpiresIn               int64  `json:"expires_in" doc:"Seconds."`
	Interval                int64  `json:"interval" doc:"Seconds to wait between two polls."`
}

// UserCode names a sign-in by the code that an agent shows.
type UserCode struct {
	UserCode string `json:"user_code" maxLength:"40" example:"BCDF-GHJK"`
}

// DeviceInspection is what a person sees before they approve or deny. What the
// agent says of itself is not proven.
type DeviceInspection struct {
	UserCode    string    `json:"user_code"`
	HostName    string    `json:"host_name"`
	Product     string    `json:"product"`
	Version     string    `json:"version"`
	UpgradeFrom string    `json:"upgrade_from,omitempty"`
	LicenseType string    `json:"license_type"`
	Site        string    `json:"site"`
	Address     string    `json:"address" doc:"That the agent asked from, as the server saw it."`
	AskedAt     time.Time `json:"asked_at"`
	ExpiresAt   time.Time `json:"expires_at"`

	Key        string `json:"key,omitempty" doc:"Masked."`
	KeyProblem string `json:"key_problem,omitempty" doc:"key_unknown, key_mistyped or key_replaced: registering the key will fail."`

	Holder              *DeviceOrganization  `json:"holder,omitempty" doc:"The organization that holds the key or the installation already: the one to choose."`
	RegisteredElsewhere bool                 `json:"registered_elsewhere" doc:"An organization that you are no member of holds it. Ask its account administrator to invite you."`
	Purchaser           string               `json:"purchaser,omitempty" enum:"you,another" doc:"On an upgrade: whether the purchase named your email address as its primary one."`
	Organizations       []DeviceOrganization `json:"organizations" doc:"For which you may approve."`
	MayFound            bool                 `json:"may_found" doc:"Whether an organization may be founded with the approval."`
	KeptForLater        bool                 `json:"kept_for_later" doc:"Later keys of this installation belong to the same organization."`
}

// DeviceOrganization is an organization that an agent may sign in for.
type DeviceOrganization struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	MayApprove  bool   `json:"may_approve" doc:"You are account administrator of it."`
	Recommended bool   `json:"recommended"`
}

// DeviceApproval approves a sign-in for an organization.
type DeviceApproval struct {
	UserCode       string       `json:"user_code" maxLength:"40"`
	OrganizationID string       `json:"organization_id,omitempty" maxLength:"64" doc:"An organization that exists; leave it out to found one."`
	Organization   *NewBusiness `json:"organization,omitempty" doc:"An organization to found; you become its account administrator."`
}

// DeviceOutcome is for which organization a sign-in was approved.
type DeviceOutcome struct {
	OrganizationID   string `json:"organization_id"`
	OrganizationName string `json:"organization_name"`
}

// DeviceCode is by what an agent asks how its sign-in went.
type DeviceCode struct {
	DeviceCode string `json:"device_code" maxLength:"100"`
}

// DeviceToken is what an agent gets once its sign-in was approved.
type DeviceToken struct {
	OrganizationID   string    `json:"organization_id"`
	OrganizationName string    `json:"organization_name"`
	Token            string    `json:"token" doc:"Registers keys to that organization and does nothing else. Given once."`
	ExpiresAt        time.Time `json:"expires_at"`
}

// AskDevice asks to sign in by code. It needs no token.
func (c *Client) AskDevice(ctx context.Context, r DeviceRequest) (DeviceAuthorization, error) {
	return send[DeviceAuthorization](ctx, c, http.MethodPost, "/device-authorizations", r)
}

// InspectDevice tells what asks under a code.
func (c *Client) InspectDevice(ctx context.Context, userCode string) (DeviceInspection, error) {
	return send[DeviceInspection](ctx, c, http.MethodPost, "/device-authorizations/inspect", UserCode{userCode})
}

// ApproveDevice lets the agent sign in for an organization.
func (c *Client) ApproveDevice(ctx context.Context, a DeviceApproval) (DeviceOutcome, error) {
	return send[DeviceOutcome](ctx, c, http.MethodPost, "/device-authorizations/approve", a)
}

// DenyDevice refuses the agent.
func (c *Client) DenyDevice(ctx context.Context, userCode string) error {
	data, err := json.Marshal(UserCode{userCode})
	if err == nil {
		_, _, err = c.do(ctx, http.MethodPost, "/device-authorizations/deny", jsonType, data)
	}
	return err
}

// DeviceToken asks how a sign-in went. It needs no token. The problems
// authorization_pending and slow_down say by RetryAfter when to ask again.
func (c *Client) DeviceToken(ctx context.Context, deviceCode string) (DeviceToken, error) {
	return send[DeviceToken](ctx, c, http.MethodPost, "/device-authorizations/token", DeviceCode{deviceCode})
}
