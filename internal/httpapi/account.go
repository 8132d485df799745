package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
)

const accountTag = "Account"

func (h *handlers) registerAccounts() {
	h.registerSignIn()
	h.registerSession()
	h.registerAccount()
	h.registerTokens()
	h.registerSecondFactor()
	h.registerPasskeys()
}

// empty marks an operation that answers nothing.
func empty(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusNoContent
	return op
}

func (h *handlers) registerSession() {
	const tag = "Session"
	huma.Register(h.api, operation("get-session", http.MethodGet, "/session", tag, "Who acts, by a session or any token", anyScope), h.session)
	huma.Register(h.api, own("switch-organization", http.MethodPut, "/session/organization", tag, "Look at another of one's organizations"),
		h.switchOrganization)
	huma.Register(h.api, empty(own("sign-out", http.MethodPost, "/sign-out", tag, "End the session")), h.signOut)
}

func (h *handlers) session(ctx context.Context, _ *struct{}) (*body[api.Self], error) {
	return answer(wireSelf)(h.Identity.Self(ctx, actorFrom(ctx)))
}

func (h *handlers) switchOrganization(ctx context.Context, in *body[api.OrganizationSwitch]) (*body[api.Self], error) {
	return answer(wireSelf)(h.Identity.LookAt(ctx, actorFrom(ctx), in.Body.OrganizationID))
}

func wireSelf(s identity.Self) api.Self {
	self := api.Self{
		PersonID: s.Person.ID, Email: s.Person.Email, FirstName: s.Person.FirstName, LastName: s.Person.LastName,
		Language: string(s.Person.Language), TimeZone: s.Person.TimeZone, Role: string(s.Role), OrganizationID: s.OrganizationID,
		Memberships: make([]api.SelfMember, len(s.Memberships)), Scopes: texts(s.Scopes), SessionID: s.SessionID,
	}
	for i, m := range s.Memberships {
		self.Memberships[i] = api.SelfMember{
			OrganizationID: m.OrganizationID, OrganizationName: m.OrganizationName, Role: string(m.Role),
			VolumePurchasing: m.VolumePurchasing, Since: m.Since,
		}
	}
	return self
}

// texts gives words as plain texts; nil stays nil.
func texts[T ~string](words []T) []string {
	if words == nil {
		return nil
	}
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

type cookies struct {
	SetCookie []string `header:"Set-Cookie"`
}

func (h *handlers) signOut(ctx context.Context, in *Browser) (*cookies, error) {
	if err := h.Identity.SignOut(ctx, in.Session); err != nil {
		return nil, err
	}
	return &cookies{SetCookie: []string{cookieOf(sessionCookie, "", -1)}}, nil
}

func (h *handlers) registerAccount() {
	huma.Register(h.api, own("get-account", http.MethodGet, "/account", accountTag, "One's own account"), h.account)
	huma.Register(h.api, own("change-account", http.MethodPatch, "/account", accountTag, "Change one's own account"), h.changeAccount)
	huma.Register(h.api, empty(own("change-password", http.MethodPut, "/account/password", accountTag,
		"Replace one's own password and end the other sessions")), h.changePassword)
	list(h, own("list-sessions", http.MethodGet, "/account/sessions", accountTag, "List one's own sessions"), wireSession, h.sessions)
	huma.Register(h.api, empty(own("end-session", http.MethodDelete, "/account/sessions/{id}", accountTag, "End a session of one's own")),
		h.endSession)
	huma.Register(h.api, empty(own("end-other-sessions", http.MethodDelete, "/account/sessions", accountTag,
		"End all of one's sessions but the one that asks")), h.endOtherSessions)
}

func (h *handlers) account(ctx context.Context, _ *struct{}) (*tagged[api.Account], error) {
	return answerAccount(h.Identity.Account(ctx, actorFrom(ctx)))
}

type accountChange struct {
	Matching
	Body api.AccountChange
}

func (h *handlers) changeAccount(ctx context.Context, in *accountChange) (*tagged[api.Account], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return answerAccount(h.Identity.ChangeProfile(ctx, actorFrom(ctx), identity.ProfileChange{
		FirstName: in.Body.FirstName, LastName: in.Body.LastName, Language: (*language.Tag)(in.Body.Language), TimeZone: in.Body.TimeZone,
	}, version))
}

func answerAccount(a identity.Account, err error) (*tagged[api.Account], error) {
	return answerTagged(wireAccount, func(a identity.Account) int64 { return a.Version })(a, err)
}

func wireAccount(a identity.Account) api.Account {
	return api.Account{
		ID: a.ID, Email: a.Email, FirstName: a.FirstName, LastName: a.LastName, Language: string(a.Language), TimeZone: a.TimeZone,
		HasPassword: a.HasPassword(), HasTOTP: a.HasTOTP, RecoveryCodesLeft: a.RecoveryCodes, Passkeys: a.Passkeys,
		Version: a.Version, CreatedAt: a.CreatedAt,
	}
}

type passwordChange struct {
	Browser
	Body api.PasswordChange
}

func (h *handlers) changePassword(ctx context.Context, in *passwordChange) (*struct{}, error) {
	return nil, h.Identity.ChangePassword(ctx, actorFrom(ctx), in.caller(ctx), in.Body.Current, in.Body.New)
}

type ownList struct {
	Paging
}

func (h *handlers) sessions(ctx context.Context, _ *ownList, l database.Listing) (database.Page[identity.Session], error) {
	return h.Identity.Sessions(ctx, actorFrom(ctx), l)
}

func wireSession(s identity.Session) api.Session {
	return api.Session{
		ID: s.ID, Current: s.Current, OrganizationID: s.OrganizationID, UserAgent: s.UserAgent, Address: s.Address,
		CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, ExpiresAt: s.ExpiresAt,
	}
}

func (h *handlers) endSession(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, h.Identity.EndSession(ctx, actorFrom(ctx), in.ID)
}

func (h *handlers) endOtherSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, h.Identity.EndOtherSessions(ctx, actorFrom(ctx))
}
