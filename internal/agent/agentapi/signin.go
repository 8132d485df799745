package agentapi

import (
	"context"
	"net/http"
	"time"

	"github.com/licethq/licet/internal/agent"
)

func (h *handlers) registerSignIns() {
	const tag, path = "Sign-in", "/rows/{site}/{license_type}/sign-in"
	register(h, operation("sign-in-row", http.MethodPost, path, tag,
		"Ask to sign in by code, to register a key and activate the row with it; the same key again gives the sign-in that goes on"), h.signIn)
	register(h, operation("get-sign-in", http.MethodGet, path, tag, "Get the sign-in of a row: one that goes on, or how the last one went"), h.rowSignIn)
	forget := operation("forget-sign-in", http.MethodDelete, path, tag, "Call off the sign-in of a row, or forget how it went")
	forget.DefaultStatus = http.StatusNoContent
	register(h, forget, h.forgetSignIn)
}

// SignInKey says with which key a row is to be activated.
type SignInKey struct {
	Key string `json:"key,omitempty" maxLength:"200" doc:"May be left out where the row is active and only its organization is asked for."`
}

// SignIn is a sign-in by code. The device code and the key are never shown.
type SignIn struct {
	SiteID      string `json:"site_id"`
	LicenseType string `json:"license_type"`
	State       string `json:"state" enum:"waiting,approved,done,failed" doc:"waiting for a person; approved, being registered and activated; done; failed."`

	UserCode                string    `json:"user_code" doc:"To be entered in the publisher's portal."`
	VerificationURI         string    `json:"verification_uri" doc:"Where it is entered."`
	VerificationURIComplete string    `json:"verification_uri_complete" doc:"The same with the code in it."`
	AskedAt                 time.Time `json:"asked_at"`
	ExpiresAt               time.Time `json:"expires_at"`

	Key              string `json:"key,omitempty" doc:"Masked."`
	OrganizationID   string `json:"organization_id,omitempty" doc:"Once it is approved."`
	OrganizationName string `json:"organization_name,omitempty"`

	Code    string `json:"code,omitempty" doc:"Why it failed, or what the last try met."`
	Message string `json:"message,omitempty"`
}

type signInInput struct {
	RowPath
	Body SignInKey
}

func (h *handlers) signIn(ctx context.Context, in *signInInput) (*body[SignIn], error) {
	s, err := h.agent.SignIn(ctx, in.site(), in.LicenseType, in.Body.Key)
	return answer(wireSignIn(s), err)
}

func (h *handlers) rowSignIn(ctx context.Context, in *RowPath) (*body[SignIn], error) {
	s, err := h.agent.RowSignIn(ctx, in.site(), in.LicenseType)
	return answer(wireSignIn(s), err)
}

func (h *handlers) forgetSignIn(ctx context.Context, in *RowPath) (*struct{}, error) {
	_, err := answer(struct{}{}, h.agent.ForgetSignIn(ctx, in.site(), in.LicenseType))
	return nil, err
}

func wireSignIn(s agent.SignIn) SignIn {
	return SignIn{
		SiteID: s.SiteID, LicenseType: s.LicenseType, State: string(s.State), UserCode: s.UserCode,
		VerificationURI: s.VerificationURI, VerificationURIComplete: s.VerificationURIComplete,
		AskedAt: s.AskedAt, ExpiresAt: s.ExpiresAt, Key: s.MaskedKey(),
		OrganizationID: s.OrganizationID, OrganizationName: s.OrganizationName, Code: s.Code, Message: s.Message,
	}
}

// SignIn asks to sign in by code.
func (c *Client) SignIn(ctx context.Context, site, licenseType, key string) (SignIn, error) {
	return call[SignIn](ctx, c, http.MethodPost, rowURL(site, licenseType, "/sign-in"), SignInKey{key})
}

// RowSignIn gives the sign-in of a row.
func (c *Client) RowSignIn(ctx context.Context, site, licenseType string) (SignIn, error) {
	return call[SignIn](ctx, c, http.MethodGet, rowURL(site, licenseType, "/sign-in"), nil)
}

// ForgetSignIn calls off the sign-in of a row.
func (c *Client) ForgetSignIn(ctx context.Context, site, licenseType string) error {
	_, err := call[struct{}](ctx, c, http.MethodDelete, rowURL(site, licenseType, "/sign-in"), nil)
	return err
}
