package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail"
)

func (h *handlers) registerPeople() {
	const tag, one = "People", "/people/{id}"
	read, write := identity.Read(identity.ScopeMembers), identity.Write(identity.ScopeMembers)
	list(h, operation("list-people", http.MethodGet, "/people", tag, "List everybody who has an account", read), wirePerson, h.people)
	huma.Register(h.api, operation("get-person", http.MethodGet, one, tag, "Get somebody who has an account", read), h.person)
	huma.Register(h.api, operation("export-person", http.MethodGet, one+"/export", tag, "Everything that is kept about a person", read), h.exportPerson)
	huma.Register(h.api, operation("erase-person", http.MethodPost, one+"/erase", tag, "Erase a person for good", write), h.erasePerson)
	huma.Register(h.api, own("export-account", http.MethodGet, "/account/export", "Account", "Everything that is kept about you"), h.exportAccount)
	huma.Register(h.api, own("erase-account", http.MethodPost, "/account/erase", "Account", "Erase your account for good"), h.eraseAccount)
}

type personFilter struct {
	Paging
	Search string `query:"search" maxLength:"200" doc:"Part of the name or of the email address."`
}

func (h *handlers) people(ctx context.Context, in *personFilter, l database.Listing) (database.Page[identity.Acquaintance], error) {
	return h.Identity.People(ctx, actorFrom(ctx), identity.PersonFilter{Search: in.Search}, l)
}

func (h *handlers) person(ctx context.Context, in *ByID) (*body[api.Person], error) {
	return answer(wirePerson)(h.Identity.Person(ctx, actorFrom(ctx), in.ID))
}

func (h *handlers) exportPerson(ctx context.Context, in *ByID) (*body[api.PersonExport], error) {
	return answer(h.wireExport)(h.Identity.ExportPerson(ctx, actorFrom(ctx), in.ID))
}

func (h *handlers) exportAccount(ctx context.Context, _ *struct{}) (*body[api.PersonExport], error) {
	return answer(h.wireExport)(h.Identity.ExportSelf(ctx, actorFrom(ctx)))
}

func (h *handlers) erasePerson(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, h.Identity.ErasePerson(ctx, actorFrom(ctx), in.ID)
}

func (h *handlers) eraseAccount(ctx context.Context, in *body[api.OwnErasure]) (*struct{}, error) {
	return nil, h.Identity.EraseSelf(ctx, actorFrom(ctx), in.Body.Email)
}

func wirePerson(a identity.Acquaintance) api.Person {
	return api.Person{
		ID: a.ID, FirstName: a.FirstName, LastName: a.LastName, Email: a.Email, Language: string(a.Language), TimeZone: a.TimeZone,
		StaffRole: string(a.StaffRole), MembershipCount: a.MembershipCount, Memberships: wireAll(a.Memberships, wirePersonMembership), CreatedAt: a.CreatedAt,
	}
}

func wirePersonMembership(m identity.Membership) api.PersonMembership {
	return api.PersonMembership{
		OrganizationID: m.OrganizationID, OrganizationName: m.OrganizationName, Role: string(m.Role), BlockedAt: m.BlockedAt, Since: m.Since,
	}
}

// wireAll turns a list; an empty one stays a list.
func wireAll[S, T any](all []S, turn func(S) T) []T {
	turned := make([]T, len(all))
	for i, one := range all {
		turned[i] = turn(one)
	}
	return turned
}

func (h *handlers) wireExport(e identity.PersonExport) api.PersonExport {
	memberships := wireAll(e.Memberships, wirePersonMembership)
	return api.PersonExport{
		Person: wirePerson(identity.Acquaintance{
			Person: e.Account.Person, StaffRole: e.StaffRole, MembershipCount: int64(len(memberships)), Memberships: e.Memberships,
		}),
		HasPassword: e.Account.HasPassword(), HasTOTP: e.Account.HasTOTP, Memberships: memberships,
		Sessions: wireAll(e.Sessions, func(v identity.Session) api.ExportedSession {
			return api.ExportedSession{ID: v.ID, UserAgent: v.UserAgent, Address: v.Address, CreatedAt: v.CreatedAt, LastSeenAt: v.LastSeenAt}
		}),
		Tokens: wireAll(e.Tokens, func(t identity.Token) api.ExportedToken {
			return api.ExportedToken{
				ID: t.ID, Name: t.Name, OrganizationID: t.OrganizationID, Scopes: wireAll(t.Scopes, func(s identity.Scope) string { return string(s) }),
				CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt, RevokedAt: t.RevokedAt,
			}
		}),
		Passkeys: wireAll(e.Passkeys, func(k identity.Passkey) api.ExportedPasskey {
			return api.ExportedPasskey{ID: k.ID, Name: k.Name, CreatedAt: k.CreatedAt}
		}),
		Invitations: wireAll(e.Invitations, func(i identity.Invitation) api.ExportedInvite {
			return api.ExportedInvite{
				ID: i.ID, OrganizationID: i.OrganizationID, Role: string(i.Role), State: string(i.State(h.Identity.Now())), CreatedAt: i.CreatedAt,
			}
		}),
		Mails: wireAll(e.Mails, func(m mail.Mail) api.ExportedMail {
			return api.ExportedMail{ID: m.ID, Kind: m.Kind, CreatedAt: m.CreatedAt, SentAt: m.SentAt}
		}),
		CausedEvents: wireAll(e.Events, func(id string) string { return id }),
	}
}
