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

func (h *handlers) registerStaff() {
	const tag, all, one = "Staff", "/staff", "/staff/{person}"
	read, write := identity.Read(identity.ScopeSystem), identity.Write(identity.ScopeSystem)
	list(h, operation("list-staff", http.MethodGet, all, tag, "List members of staff", read), wireStaff, h.staff)
	huma.Register(h.api, operation("get-staff", http.MethodGet, one, tag, "Get a member of staff", read), h.staffMember)
	once(h, created(operation("appoint-staff", http.MethodPost, all, tag, "Make somebody a member of staff", write)), h.appointStaff, h.readStaff)
	huma.Register(h.api, operation("change-staff", http.MethodPatch, one, tag, "Give a member of staff another role", write), h.changeStaff)
	huma.Register(h.api, operation("remove-staff", http.MethodDelete, one, tag, "Take a person off the staff", write), h.removeStaff)
}

type staffFilter struct {
	Paging
	Role   string `query:"role" enum:"owner,sales,support,auditor"`
	Search string `query:"search" maxLength:"200" doc:"Part of the name or of the email address."`
}

func (h *handlers) staff(ctx context.Context, in *staffFilter, l database.Listing) (database.Page[identity.Staff], error) {
	return h.Identity.StaffMembers(ctx, actorFrom(ctx), identity.StaffFilter{Role: identity.Role(in.Role), Search: in.Search}, l)
}

type byPerson struct {
	Person string `path:"person" maxLength:"64"`
}

func (h *handlers) staffMember(ctx context.Context, in *byPerson) (*body[api.StaffMember], error) {
	return h.readStaff(ctx, actorFrom(ctx), in.Person)
}

func (h *handlers) readStaff(ctx context.Context, actor identity.Actor, personID string) (*body[api.StaffMember], error) {
	return answer(wireStaff)(h.Identity.StaffMember(ctx, actor, personID))
}

func (h *handlers) appointStaff(ctx context.Context, actor identity.Actor, in *Creation[api.Appointment]) (*body[api.StaffMember], error) {
	b := in.Body
	a := identity.Appointment{
		Email: b.Email, FirstName: b.FirstName, LastName: b.LastName, Language: language.Tag(b.Language), Role: identity.Role(b.Role),
	}
	if a.Language == "" {
		a.Language = language.English
	}
	return answer(wireStaff)(h.Identity.AppointStaff(ctx, actor, a))
}

type staffChange struct {
	Person string `path:"person" maxLength:"64"`
	Body   api.StaffChange
}

func (h *handlers) changeStaff(ctx context.Context, in *staffChange) (*body[api.StaffMember], error) {
	return answer(wireStaff)(h.Identity.ChangeStaff(ctx, actorFrom(ctx), in.Person, identity.Role(in.Body.Role)))
}

func (h *handlers) removeStaff(ctx context.Context, in *byPerson) (*struct{}, error) {
	return nil, h.Identity.RemoveStaff(ctx, actorFrom(ctx), in.Person)
}

func wireStaff(s identity.Staff) api.StaffMember {
	return api.StaffMember{
		PersonID: s.PersonID, FirstName: s.FirstName, LastName: s.LastName, Email: s.Email, Role: string(s.Role), CreatedAt: s.CreatedAt,
	}
}
