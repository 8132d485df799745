package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerSecondFactor() {
	const path = "/account/totp"
	huma.Register(h.api, own("begin-totp", http.MethodPost, path, accountTag, "Make the secret of an authenticator app"), h.beginTOTP)
	huma.Register(h.api, own("confirm-totp", http.MethodPost, path+"/confirm", accountTag,
		"Make an authenticator app count, with its first code, and get recovery codes"), h.confirmTOTP)
	huma.Register(h.api, empty(own("remove-totp", http.MethodPost, path+"/remove", accountTag,
		"Remove the authenticator app and the recovery codes")), h.removeTOTP)
	huma.Register(h.api, own("renew-recovery-codes", http.MethodPost, "/account/recovery-codes", accountTag,
		"Replace the recovery codes"), h.renewRecoveryCodes)
}

func (h *handlers) beginTOTP(ctx context.Context, _ *struct{}) (*body[api.TOTPStart], error) {
	publisher, err := h.Issuer.Publisher(ctx)
	if err != nil {
		return nil, err
	}
	return answer(func(t identity.TOTPStart) api.TOTPStart { return api.TOTPStart(t) })(
		h.Identity.BeginTOTP(ctx, actorFrom(ctx), publisher.Name))
}

func wireRecoveryCodes(codes []string) api.RecoveryCodes { return api.RecoveryCodes{Codes: codes} }

func (h *handlers) confirmTOTP(ctx context.Context, in *body[api.Code]) (*body[api.RecoveryCodes], error) {
	return answer(wireRecoveryCodes)(h.Identity.ConfirmTOTP(ctx, actorFrom(ctx), in.Body.Code))
}

type proofRequest struct {
	Browser
	Body api.Proof
}

func proofOf(p api.Proof) identity.Proof {
	return identity.Proof{Password: p.Password, Factor: identity.Factor{Code: p.Code, RecoveryCode: p.RecoveryCode}}
}

func (h *handlers) removeTOTP(ctx context.Context, in *proofRequest) (*struct{}, error) {
	return nil, h.Identity.RemoveTOTP(ctx, actorFrom(ctx), in.caller(ctx), proofOf(in.Body))
}

func (h *handlers) renewRecoveryCodes(ctx context.Context, in *proofRequest) (*body[api.RecoveryCodes], error) {
	return answer(wireRecoveryCodes)(h.Identity.RenewRecoveryCodes(ctx, actorFrom(ctx), in.caller(ctx), proofOf(in.Body)))
}

func (h *handlers) registerPasskeys() {
	const path, signIns = "/account/passkeys", "/sign-ins/passkey"
	huma.Register(h.api, own("begin-passkey", http.MethodPost, path+"/begin", accountTag, "Begin the registration of a passkey"), h.beginPasskey)
	// It needs no Idempotency-Key: its ceremony works once.
	huma.Register(h.api, own("register-passkey", http.MethodPost, path, accountTag, "Finish the registration of a passkey"), h.registerPasskey)
	list(h, own("list-passkeys", http.MethodGet, path, accountTag, "List one's own passkeys"), wirePasskey, h.passkeys)
	huma.Register(h.api, own("rename-passkey", http.MethodPatch, path+"/{id}", accountTag, "Rename a passkey"), h.renamePasskey)
	huma.Register(h.api, empty(own("delete-passkey", http.MethodDelete, path+"/{id}", accountTag, "Delete a passkey")), h.deletePasskey)
	huma.Register(h.api, anonymous("begin-passkey-sign-in", http.MethodPost, signIns+"/begin", "Signing in",
		"Begin a sign-in by passkey"), h.beginPasskeySignIn)
	huma.Register(h.api, anonymous("sign-in-by-passkey", http.MethodPost, signIns, "Signing in", "Finish a sign-in by passkey"), h.signInByPasskey)
}

func wirePasskeyStart(c identity.CeremonyStart) api.PasskeyStart {
	return api.PasskeyStart{CeremonyID: c.ID, Options: c.Options}
}

func wirePasskey(k identity.Passkey) api.Passkey {
	return api.Passkey{ID: k.ID, Name: k.Name, CreatedAt: k.CreatedAt, LastUsedAt: k.LastUsedAt}
}

func (h *handlers) beginPasskey(ctx context.Context, _ *struct{}) (*body[api.PasskeyStart], error) {
	return answer(wirePasskeyStart)(h.Identity.BeginPasskey(ctx, actorFrom(ctx)))
}

func (h *handlers) registerPasskey(ctx context.Context, in *body[api.NewPasskey]) (*body[api.Passkey], error) {
	return answer(wirePasskey)(h.Identity.RegisterPasskey(ctx, actorFrom(ctx), in.Body.CeremonyID, in.Body.Name, in.Body.Credential))
}

func (h *handlers) passkeys(ctx context.Context, _ *ownList, l database.Listing) (database.Page[identity.Passkey], error) {
	return h.Identity.Passkeys(ctx, actorFrom(ctx), l)
}

type passkeyRename struct {
	ByID
	Body api.PasskeyName
}

func (h *handlers) renamePasskey(ctx context.Context, in *passkeyRename) (*body[api.Passkey], error) {
	return answer(wirePasskey)(h.Identity.RenamePasskey(ctx, actorFrom(ctx), in.ID, in.Body.Name))
}

func (h *handlers) deletePasskey(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, h.Identity.DeletePasskey(ctx, actorFrom(ctx), in.ID)
}

func (h *handlers) beginPasskeySignIn(ctx context.Context, _ *struct{}) (*body[api.PasskeyStart], error) {
	if err := h.stored(ctx); err != nil {
		return nil, err
	}
	return answer(wirePasskeyStart)(h.Identity.BeginPasskeySignIn(ctx))
}

type passkeySignIn struct {
	Browser
	Body api.PasskeySignIn
}

func (h *handlers) signInByPasskey(ctx context.Context, in *passkeySignIn) (*signedIn, error) {
	return answerSignedIn(h.Identity.SignInByPasskey(ctx, in.caller(ctx), in.Body.CeremonyID, in.Body.Credential))
}
