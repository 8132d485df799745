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

func (h *handlers) registerInvitations() {
	const tag = "Invitations"
	read, write := identity.Read(identity.ScopeMembers), identity.Write(identity.ScopeMembers)
	const all, one = "/organizations/{id}/invitations", "/organizations/{id}/invitations/{invitation}"
	once(h, created(operation("invite", http.MethodPost, all, tag, "Invite everybody on a list, or nobody", write)), h.invite, h.invited)
	huma.Register(h.api, operation("preview-invitations", http.MethodPost, all+"/preview", tag, "What inviting a list would do; nothing is stored", write), h.previewInvitations)
	list(h, operation("list-invitations", http.MethodGet, all, tag, "List invitations", read), h.wireInvitation, h.invitations)
	huma.Register(h.api, operation("get-invitation", http.MethodGet, one, tag, "Get an invitation", read), h.invitation)
	once(h, operation("resend-invitation", http.MethodPost, one+"/resend", tag, "Mail an invitation again; its link before stops working", write),
		h.resendInvitation, h.resentInvitation)
	huma.Register(h.api, operation("withdraw-invitation", http.MethodPost, one+"/withdraw", tag, "Withdraw an invitation", write), h.withdrawInvitation)
	huma.Register(h.api, anonymous("inspect-invitation", http.MethodPost, "/invitations/inspect", tag, "What the link of an invitation is for"), h.inspectInvitation)
	ask := anonymous("request-invitation", http.MethodPost, "/organizations/invitation-requests", tag,
		"Ask the account administrators of a key's organization for an invitation")
	ask.DefaultStatus = http.StatusAccepted
	huma.Register(h.api, ask, h.requestInvitation)
	huma.Register(h.api, anonymous("accept-invitation", http.MethodPost, "/invitations/accept", tag,
		"Accept an invitation, as the person who has signed in or as somebody new"), h.acceptInvitation)
}

type newInvitations struct {
	Repeatable
	ByID
	Body api.NewInvitations
}

func guestList(n api.NewInvitations) identity.GuestList {
	return identity.GuestList{Emails: n.Emails, CSV: n.CSV, Role: identity.MemberRole(n.Role), Language: language.Tag(n.Language)}
}

func (h *handlers) invite(ctx context.Context, actor identity.Actor, in *newInvitations) (*body[api.Invitations], error) {
	return answer(h.wireInvitations)(h.Identity.Invite(ctx, actor, in.ID, guestList(in.Body)))
}

func (h *handlers) invited(ctx context.Context, actor identity.Actor, kept string) (*body[api.Invitations], error) {
	return answer(h.wireInvitations)(h.Identity.Invited(ctx, actor, kept))
}

func (h *handlers) wireInvitations(all []identity.Invitation) api.Invitations {
	items := make([]api.Invitation, len(all))
	for i, one := range all {
		items[i] = h.wireInvitation(one)
	}
	return api.Invitations{Items: items}
}

type previewOfInvitations struct {
	ByID
	Body api.NewInvitations
}

func (h *handlers) previewInvitations(ctx context.Context, in *previewOfInvitations) (*body[api.InvitationPreview], error) {
	return answer(wireGuestRows)(h.Identity.PreviewGuests(ctx, actorFrom(ctx), in.ID, guestList(in.Body)))
}

func wireGuestRows(rows []identity.GuestRow) api.InvitationPreview {
	items := make([]api.InvitationRow, len(rows))
	for i, row := range rows {
		items[i] = api.InvitationRow{
			Line: row.Line, Email: row.Email, Role: string(row.Role), Language: string(row.Language), Fault: string(row.Fault),
		}
		if row.Fault != "" {
			items[i].Message = row.Fault.Sentence()
		}
	}
	return api.InvitationPreview{Items: items}
}

type invitationFilter struct {
	Paging
	ByID
	State  string `query:"state" enum:"pending,accepted,withdrawn,expired"`
	Search string `query:"search" maxLength:"200" doc:"Part of the email address."`
}

func (h *handlers) invitations(ctx context.Context, in *invitationFilter, l database.Listing) (database.Page[identity.Invitation], error) {
	return h.Identity.Invitations(ctx, actorFrom(ctx), in.ID, identity.InvitationFilter{State: identity.InvitationState(in.State), Search: in.Search}, l)
}

type ofInvitation struct {
	ByID
	Invitation string `path:"invitation" maxLength:"64"`
}

func (h *handlers) invitation(ctx context.Context, in *ofInvitation) (*body[api.Invitation], error) {
	return answer(h.wireInvitation)(h.Identity.Invitation(ctx, actorFrom(ctx), in.ID, in.Invitation))
}

type invitationToResend struct {
	Repeatable
	ByID
	Invitation string `path:"invitation" maxLength:"64"`
}

func (h *handlers) resendInvitation(ctx context.Context, actor identity.Actor, in *invitationToResend) (*body[api.Invitation], error) {
	return answer(h.wireInvitation)(h.Identity.ResendInvitation(ctx, actor, in.ID, in.Invitation))
}

func (h *handlers) resentInvitation(ctx context.Context, actor identity.Actor, kept string) (*body[api.Invitation], error) {
	found, err := h.Identity.Invited(ctx, actor, kept)
	if err != nil {
		return nil, err
	}
	return &body[api.Invitation]{Body: h.wireInvitation(found[0])}, nil
}

func (h *handlers) withdrawInvitation(ctx context.Context, in *ofInvitation) (*body[api.Invitation], error) {
	return answer(h.wireInvitation)(h.Identity.WithdrawInvitation(ctx, actorFrom(ctx), in.ID, in.Invitation))
}

type invitationToken struct {
	Body api.InvitationToken
}

func (h *handlers) inspectInvitation(ctx context.Context, in *invitationToken) (*body[api.InvitationInside], error) {
	return answer(func(i identity.InvitationInside) api.InvitationInside {
		return api.InvitationInside{
			Organization: i.OrganizationName, Email: i.Email, Role: string(i.Role), Language: i.Language,
			ExpiresAt: i.ExpiresAt, Expired: i.Expired, AccountExists: i.AccountExists,
		}
	})(h.Identity.InspectInvitation(ctx, in.Body.Token))
}

type acceptance struct {
	Browser
	Body api.Acceptance
}

// accepted is the answer to whoever accepted an invitation; somebody new is
// signed in by it.
type accepted struct {
	SetCookie []string `header:"Set-Cookie"`
	Body      api.Accepted
}

func (h *handlers) acceptInvitation(ctx context.Context, in *acceptance) (*accepted, error) {
	actor, b := actorFrom(ctx), in.Body
	if actor.SessionID != "" { // an API token is no sign-in
		m, err := h.Identity.AcceptInvitation(ctx, actor, b.Token)
		return answerAccepted(m, nil, err)
	}
	m, signed, err := h.Identity.AcceptAsNew(ctx, in.caller(ctx), b.Token, identity.NewPerson{
		FirstName: b.FirstName, LastName: b.LastName, Password: b.Password, Language: language.Tag(b.Language),
	})
	if err != nil {
		return nil, err
	}
	cookies, err := answerSignedIn(signed, nil)
	return answerAccepted(m, cookies, err)
}

func answerAccepted(m identity.Membership, signed *signedIn, err error) (*accepted, error) {
	if err != nil {
		return nil, err
	}
	out := &accepted{Body: api.Accepted{OrganizationID: m.OrganizationID, OrganizationName: m.OrganizationName, Role: string(m.Role)}}
	if signed != nil {
		out.SetCookie = signed.SetCookie
	}
	return out, nil
}

// requestInvitation gives one answer, whether there is such a key or not (R2).
func (h *handlers) requestInvitation(ctx context.Context, in *body[api.InvitationRequest]) (*body[api.InvitationRequested], error) {
	organizationID, err := h.Licensing.OrganizationOfKey(ctx, in.Body.Key)
	if err == nil {
		err = h.Identity.RequestInvitation(ctx, actorFrom(ctx), organizationID, in.Body.Email)
	}
	if err != nil {
		return nil, err
	}
	return &body[api.InvitationRequested]{Body: api.InvitationRequested{Next: "wait_for_mail"}}, nil
}

func (h *handlers) wireInvitation(i identity.Invitation) api.Invitation {
	return api.Invitation{
		ID: i.ID, Email: i.Email, Role: string(i.Role), Language: string(i.Language), State: string(i.State(h.Identity.Now())),
		InvitedBy: i.InvitedBy, InviterName: i.InviterName, AcceptedBy: i.AcceptedBy, SentAt: i.SentAt, ExpiresAt: i.ExpiresAt,
		AcceptedAt: i.AcceptedAt, WithdrawnAt: i.WithdrawnAt, CreatedAt: i.CreatedAt,
	}
}
