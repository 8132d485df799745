package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// SignUp begins an account.
type SignUp struct {
	Email     string `json:"email" maxLength:"254" example:"kim@example.com"`
	FirstName string `json:"first_name" maxLength:"200"`
	LastName  string `json:"last_name" maxLength:"200"`
	Password  string `json:"password" maxLength:"200" doc:"Any characters."`
	Language  string `json:"language" enum:"en,ja,fr" doc:"Of pages and mails."`
}

// CheckMail is the one answer to sign-ups and resets: a mail says how to go on.
type CheckMail struct {
	Next string `json:"next" enum:"check_mail" doc:"Always check_mail, whether there is such an account or not."`
}

// Confirmation finishes a sign-up.
type Confirmation struct {
	Token    string `json:"token" maxLength:"100" doc:"What the mail's link holds after ?token=."`
	Password string `json:"password" maxLength:"200" doc:"That of the sign-up: whoever reads the mail may not be who signed up."`
}

// SignIn is an attempt to sign in.
type SignIn struct {
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"200"`
}

// SignInStep says how far a sign-in has come. The cookies go with it.
type SignInStep struct {
	Stage string `json:"stage" enum:"complete,second_factor" doc:"second_factor: send the code of the authenticator app, or a recovery code."`
}

// SecondFactor is one of the two codes.
type SecondFactor struct {
	Code         string `json:"code,omitempty" maxLength:"20" doc:"Of the authenticator app."`
	RecoveryCode string `json:"recovery_code,omitempty" maxLength:"40"`
}

// ResetRequest asks for a mail with which to set a new password.
type ResetRequest struct {
	Email string `json:"email" maxLength:"254"`
}

// Reset sets a new password.
type Reset struct {
	Token    string `json:"token" maxLength:"100"`
	Password string `json:"password" maxLength:"200"`
}

// PasswordChange replaces one's own password.
type PasswordChange struct {
	Current string `json:"current_password" maxLength:"200"`
	New     string `json:"new_password" maxLength:"200"`
}

// Self is who acts.
type Self struct {
	PersonID       string       `json:"person_id"`
	Email          string       `json:"email"`
	FirstName      string       `json:"first_name"`
	LastName       string       `json:"last_name"`
	Language       string       `json:"language"`
	TimeZone       string       `json:"time_zone" doc:"IANA name; empty is the publisher's."`
	Role           string       `json:"role,omitempty" doc:"Of staff: owner, sales, support or auditor."`
	OrganizationID string       `json:"organization_id,omitempty" doc:"The organization that the person looks at, or that the token is bound to."`
	Memberships    []SelfMember `json:"memberships" nullable:"false"`
	Scopes         []string     `json:"scopes,omitempty" doc:"Of a token; a session may do whatever its person may."`
	SessionID      string       `json:"session_id,omitempty"`
}

// SelfMember is one's own place in an organization.
type SelfMember struct {
	OrganizationID   string    `json:"organization_id"`
	OrganizationName string    `json:"organization_name"`
	Role             string    `json:"role" doc:"member, license_administrator or account_administrator."`
	VolumePurchasing bool      `json:"volume_purchasing"`
	Since            time.Time `json:"since"`
}

// Account is one's own account.
type Account struct {
	ID                string    `json:"id"`
	Email             string    `json:"email"`
	FirstName         string    `json:"first_name"`
	LastName          string    `json:"last_name"`
	Language          string    `json:"language"`
	TimeZone          string    `json:"time_zone" doc:"IANA name; empty is the publisher's."`
	HasPassword       bool      `json:"has_password"`
	HasTOTP           bool      `json:"has_totp" doc:"Whether an authenticator app is asked for at sign-in."`
	RecoveryCodesLeft int64     `json:"recovery_codes_left"`
	Passkeys          int64     `json:"passkeys"`
	Version           int64     `json:"version" doc:"Grows by one with each change."`
	CreatedAt         time.Time `json:"created_at"`
}

// AccountChange changes one's own account; what is left out stays.
type AccountChange struct {
	FirstName *string `json:"first_name,omitempty" maxLength:"200"`
	LastName  *string `json:"last_name,omitempty" maxLength:"200"`
	Language  *string `json:"language,omitempty" enum:"en,ja,fr"`
	TimeZone  *string `json:"time_zone,omitempty" maxLength:"64" doc:"IANA name; empty is the publisher's."`
}

// Session is a sign-in of one's own.
type Session struct {
	ID             string    `json:"id"`
	Current        bool      `json:"current" doc:"Whether it is the one that asks."`
	OrganizationID string    `json:"organization_id,omitempty"`
	UserAgent      string    `json:"user_agent"`
	Address        string    `json:"address" doc:"Where it came from; of IPv6 the /64."`
	CreatedAt      time.Time `json:"created_at"`
	LastSeenAt     time.Time `json:"last_seen_at" doc:"To the minute or so."`
	ExpiresAt      time.Time `json:"expires_at"`
}

// OrganizationSwitch names the organization to look at.
type OrganizationSwitch struct {
	OrganizationID string `json:"organization_id" maxLength:"64"`
}

// Token is an API token of one's own, without the token itself.
type Token struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	OrganizationID string     `json:"organization_id,omitempty" doc:"The only one that it acts in."`
	Scopes         []string   `json:"scopes" nullable:"false"`
	CreatedAt      time.Time  `json:"created_at"`
	ExpiresAt      *time.Time `json:"expires_at,omitempty"`
	LastUsedAt     *time.Time `json:"last_used_at,omitempty" doc:"To the hour or so."`
	RevokedAt      *time.Time `json:"revoked_at,omitempty"`
}

// NewToken makes an API token.
type NewToken struct {
	Name           string     `json:"name" maxLength:"200" doc:"What it is for."`
	Scopes         []string   `json:"scopes" maxItems:"40" example:"[\"keys:read\"]"`
	OrganizationID string     `json:"organization_id,omitempty" maxLength:"64" doc:"The only one that it acts in; staff may leave it out."`
	ExpiresAt      *time.Time `json:"expires_at,omitempty"`
}

// MadeToken is a new token; its text is shown this once.
type MadeToken struct {
	Token

	Secret string `json:"secret,omitempty" doc:"The token itself, lic_…; absent when an Idempotency-Key is repeated."`
}

// TOTPStart is what an authenticator app is set up with.
type TOTPStart struct {
	Secret string `json:"secret" doc:"Base32, to type into the app."`
	URL    string `json:"url" doc:"otpauth://…, to show as a QR code."`
}

// Code is a code of an authenticator app.
type Code struct {
	Code string `json:"code" maxLength:"20"`
}

// RecoveryCodes stand in for a lost authenticator app; each works once.
type RecoveryCodes struct {
	Codes []string `json:"codes" nullable:"false" doc:"Shown this once."`
}

// Proof shows that the person is there, not only their session: one of the three.
type Proof struct {
	Password     string `json:"password,omitempty" maxLength:"200"`
	Code         string `json:"code,omitempty" maxLength:"20"`
	RecoveryCode string `json:"recovery_code,omitempty" maxLength:"40"`
}

// PasskeyStart begins a ceremony with a passkey.
type PasskeyStart struct {
	CeremonyID string          `json:"ceremony_id" doc:"Send it back with what the browser gives; it works once."`
	Options    json.RawMessage `json:"options" doc:"For navigator.credentials, as WebAuthn has it."`
}

// NewPasskey finishes the registration of a passkey.
type NewPasskey struct {
	CeremonyID string          `json:"ceremony_id" maxLength:"64"`
	Name       string          `json:"name" maxLength:"200"`
	Credential json.RawMessage `json:"credential" doc:"What navigator.credentials.create gave, as JSON."`
}

// PasskeySignIn finishes a sign-in by passkey.
type PasskeySignIn struct {
	CeremonyID string          `json:"ceremony_id" maxLength:"64"`
	Credential json.RawMessage `json:"credential" doc:"What navigator.credentials.get gave, as JSON."`
}

// Passkey is a passkey of one's own.
type Passkey struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

// PasskeyName names a passkey anew.
type PasskeyName struct {
	Name string `json:"name" maxLength:"200"`
}

// Support is what everybody may know, also who cannot sign in.
type Support struct {
	Publisher    string   `json:"publisher"`
	SupportEmail string   `json:"support_email,omitempty"`
	SupportURL   string   `json:"support_url,omitempty"`
	Languages    []string `json:"languages" nullable:"false"`
	MinPassword  int64    `json:"min_password" doc:"Least number of characters of a password."`
}

// tell makes a call that answers nothing.
func tell(ctx context.Context, c *Client, method, path string, body any) error {
	var data []byte
	contentType := ""
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
		contentType = jsonType
	}
	_, _, err := c.do(ctx, method, path, contentType, data)
	return err
}

// Support tells whom to turn to.
func (c *Client) Support(ctx context.Context) (Support, error) {
	return get[Support](ctx, c, "/support", nil)
}

// SignUp begins an account; a mail says how to go on.
func (c *Client) SignUp(ctx context.Context, s SignUp) (CheckMail, error) {
	return send[CheckMail](ctx, c, http.MethodPost, "/sign-ups", s)
}

// Confirm finishes a sign-up with the link of its mail and its password, and
// signs in.
func (c *Client) Confirm(ctx context.Context, n Confirmation) (SignInStep, error) {
	return send[SignInStep](ctx, c, http.MethodPost, "/confirmations", n)
}

// SignIn signs in, by cookies: HTTP needs a jar.
func (c *Client) SignIn(ctx context.Context, s SignIn) (SignInStep, error) {
	return send[SignInStep](ctx, c, http.MethodPost, "/sign-ins", s)
}

// SignInSecondFactor completes a sign-in.
func (c *Client) SignInSecondFactor(ctx context.Context, f SecondFactor) (SignInStep, error) {
	return send[SignInStep](ctx, c, http.MethodPost, "/sign-ins/second-factor", f)
}

// BeginPasskeySignIn begins a sign-in by passkey.
func (c *Client) BeginPasskeySignIn(ctx context.Context) (PasskeyStart, error) {
	return send[PasskeyStart](ctx, c, http.MethodPost, "/sign-ins/passkey/begin", nil)
}

// SignInByPasskey finishes a sign-in by passkey.
func (c *Client) SignInByPasskey(ctx context.Context, s PasskeySignIn) (SignInStep, error) {
	return send[SignInStep](ctx, c, http.MethodPost, "/sign-ins/passkey", s)
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context) error {
	return tell(ctx, c, http.MethodPost, "/sign-out", nil)
}

// Self tells who acts.
func (c *Client) Self(ctx context.Context) (Self, error) {
	return get[Self](ctx, c, "/session", nil)
}

// SwitchOrganization looks at another of one's organizations.
func (c *Client) SwitchOrganization(ctx context.Context, organizationID string) (Self, error) {
	return send[Self](ctx, c, http.MethodPut, "/session/organization", OrganizationSwitch{organizationID})
}

// RequestReset asks for a mail with which to set a new password.
func (c *Client) RequestReset(ctx context.Context, email string) (CheckMail, error) {
	return send[CheckMail](ctx, c, http.MethodPost, "/password-resets", ResetRequest{email})
}

// CompleteReset sets a new password and ends every session.
func (c *Client) CompleteReset(ctx context.Context, r Reset) error {
	return tell(ctx, c, http.MethodPost, "/password-resets/complete", r)
}

// ChangePassword replaces one's own password and ends the other sessions.
func (c *Client) ChangePassword(ctx context.Context, p PasswordChange) error {
	return tell(ctx, c, http.MethodPut, "/account/password", p)
}

// Account gives one's own account.
func (c *Client) Account(ctx context.Context) (Account, error) {
	return get[Account](ctx, c, "/account", nil)
}

// ChangeAccount changes one's own account.
func (c *Client) ChangeAccount(ctx context.Context, change AccountChange) (Account, error) {
	return send[Account](ctx, c, http.MethodPatch, "/account", change)
}

// Sessions lists one's own sessions.
func (c *Client) Sessions(ctx context.Context, l Listing) (Page[Session], error) {
	return get[Page[Session]](ctx, c, "/account/sessions", l.query())
}

// EndSession ends a session of one's own.
func (c *Client) EndSession(ctx context.Context, id string) error {
	return tell(ctx, c, http.MethodDelete, "/account/sessions/"+url.PathEscape(id), nil)
}

// EndOtherSessions ends one's other sessions.
func (c *Client) EndOtherSessions(ctx context.Context) error {
	return tell(ctx, c, http.MethodDelete, "/account/sessions", nil)
}

// Tokens lists one's own API tokens.
func (c *Client) Tokens(ctx context.Context, l Listing) (Page[Token], error) {
	return get[Page[Token]](ctx, c, "/account/tokens", l.query())
}

// CreateToken makes an API token of one's own.
func (c *Client) CreateToken(ctx context.Context, n NewToken) (MadeToken, error) {
	return send[MadeToken](ctx, c, http.MethodPost, "/account/tokens", n)
}

// RevokeToken ends an API token of one's own.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	return tell(ctx, c, http.MethodDelete, "/account/tokens/"+url.PathEscape(id), nil)
}

// BeginTOTP makes the secret of an authenticator app.
func (c *Client) BeginTOTP(ctx context.Context) (TOTPStart, error) {
	return send[TOTPStart](ctx, c, http.MethodPost, "/account/totp", nil)
}

// ConfirmTOTP makes an authenticator app count, with its first code.
func (c *Client) ConfirmTOTP(ctx context.Context, code string) (RecoveryCodes, error) {
	return send[RecoveryCodes](ctx, c, http.MethodPost, "/account/totp/confirm", Code{code})
}

// RemoveTOTP removes the authenticator app.
func (c *Client) RemoveTOTP(ctx context.Context, p Proof) error {
	return tell(ctx, c, http.MethodPost, "/account/totp/remove", p)
}

// RenewRecoveryCodes replaces the recovery codes.
func (c *Client) RenewRecoveryCodes(ctx context.Context, p Proof) (RecoveryCodes, error) {
	return send[RecoveryCodes](ctx, c, http.MethodPost, "/account/recovery-codes", p)
}

// Passkeys lists one's own passkeys.
func (c *Client) Passkeys(ctx context.Context, l Listing) (Page[Passkey], error) {
	return get[Page[Passkey]](ctx, c, "/account/passkeys", l.query())
}

// BeginPasskey begins the registration of a passkey.
func (c *Client) BeginPasskey(ctx context.Context) (PasskeyStart, error) {
	return send[PasskeyStart](ctx, c, http.MethodPost, "/account/passkeys/begin", nil)
}

// RegisterPasskey finishes the registration of a passkey.
func (c *Client) RegisterPasskey(ctx context.Context, n NewPasskey) (Passkey, error) {
	return send[Passkey](ctx, c, http.MethodPost, "/account/passkeys", n)
}

// RenamePasskey names a passkey anew.
func (c *Client) RenamePasskey(ctx context.Context, id, name string) (Passkey, error) {
	return send[Passkey](ctx, c, http.MethodPatch, "/account/passkeys/"+url.PathEscape(id), PasskeyName{name})
}

// DeletePasskey ends a passkey.
func (c *Client) DeletePasskey(ctx context.Context, id string) error {
	return tell(ctx, c, http.MethodDelete, "/account/passkeys/"+url.PathEscape(id), nil)
}
