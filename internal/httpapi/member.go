package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerMembers() {
	const tag = "Members"
	read, write := identity.Read(identity.ScopeMembers), identity.Write(identity.ScopeMembers)
	const all, one = "/organizations/{id}/members", "/organizations/{id}/members/{person}"
	list(h, operation("list-members", http.MethodGet, all, tag, "List the members of an organization", read), wireMember, h.members)
	huma.Register(h.api, operation("get-member", http.MethodGet, one, tag, "Get a member", read), h.member)
	huma.Register(h.api, operation("change-member", http.MethodPatch, one, tag, "Change a member's role or privilege", write), h.changeMember)
	huma.Register(h.api, operation("grant-keys", http.MethodPut, one+"/keys", tag, "Say which keys a license administrator looks after", write), h.grantKeys)
	huma.Register(h.api, operation("block-member", http.MethodPost, one+"/block", tag, "Block a member: sessions and tokens end at once", write), h.blockMember)
	huma.Register(h.api, operation("unblock-member", http.MethodPost, one+"/unblock", tag, "Unblock a member", write), h.unblockMember)
	huma.Register(h.api, operation("remove-member", http.MethodDelete, one, tag, "Remove a member, who may be invited again", write), h.removeMember)
	huma.Register(h.api, own("leave-organization", http.MethodPost, "/organizations/{id}/leave", tag, "Leave an organization"), h.leaveOrganization)
}

type memberFilter struct {
	Paging
	ByID
	Role    string `query:"role" enum:"member,license_administrator,account_administrator"`
	Blocked string `query:"blocked" enum:"true,false"`
	Search  string `query:"search" maxLength:"200" doc:"Part of the name or of the email address."`
}

func (h *handlers) members(ctx context.Context, in *memberFilter, l database.Listing) (database.Page[identity.Colleague], error) {
	f := identity.ColleagueFilter{Role: identity.MemberRole(in.Role), Search: in.Search}
	if in.Blocked != "" {
		blocked := in.Blocked == "true"
		f.Blocked = &blocked
	}
	return h.Identity.Members(ctx, actorFrom(ctx), in.ID, f, l)
}

// ofMember is a request for one member.
type ofMember struct {
	ByID
	Person string `path:"person" maxLength:"64"`
}

// MemberPath is a request to change one member, perhaps as a version.
type MemberPath struct {
	Matching
	ByID
	Person string `path:"person" maxLength:"64"`
}

func (h *handlers) member(ctx context.Context, in *ofMember) (*tagged[api.Member], error) {
	return answerMember(h.Identity.Member(ctx, actorFrom(ctx), in.ID, in.Person))
}

type memberChange struct {
	MemberPath
	Body api.MemberChange
}

func (h *handlers) changeMember(ctx context.Context, in *memberChange) (*tagged[api.Member], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	c := identity.MemberChange{
		Role: (*identity.MemberRole)(in.Body.Role), VolumePurchasing: in.Body.VolumePurchasing, EverySite: in.Body.EverySite, Sites: in.Body.Sites,
	}
	return answerMember(h.Identity.ChangeMember(ctx, actorFrom(ctx), in.ID, in.Person, c, version))
}

type keyGrants struct {
	MemberPath
	Body api.KeyGrants
}

func (h *handlers) grantKeys(ctx context.Context, in *keyGrants) (*tagged[api.Member], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return answerMember(h.Identity.GrantKeys(ctx, actorFrom(ctx), in.ID, in.Person, in.Body.Keys, version))
}

func (h *handlers) blockMember(ctx context.Context, in *MemberPath) (*tagged[api.Member], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return answerMember(h.Identity.BlockMember(ctx, actorFrom(ctx), in.ID, in.Person, version))
}

func (h *handlers) unblockMember(ctx context.Context, in *MemberPath) (*tagged[api.Member], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return answerMember(h.Identity.UnblockMember(ctx, actorFrom(ctx), in.ID, in.Person, version))
}

func (h *handlers) removeMember(ctx context.Context, in *MemberPath) (*struct{}, error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return nil, h.Identity.RemoveMember(ctx, actorFrom(ctx), in.ID, in.Person, version)
}

func (h *handlers) leaveOrganization(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, h.Identity.Leave(ctx, actorFrom(ctx), in.ID)
}

func answerMember(c identity.Colleague, err error) (*tagged[api.Member], error) {
	return answerTagged(wireMember, func(c identity.Colleague) int64 { return c.Version })(c, err)
}

func wireMember(c identity.Colleague) api.Member {
	return api.Member{
		PersonID: c.PersonID, FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, Role: string(c.Role),
		VolumePurchasing: c.VolumePurchasing, EverySite: c.EverySite, Sites: c.Sites, Keys: c.Keys, KeyCount: c.KeyCount,
		BlockedAt: c.BlockedAt, Since: c.Since, Version: c.Version,
	}
}
