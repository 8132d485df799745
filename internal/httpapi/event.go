package httpapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
)

func (h *handlers) registerEvents() {
	const tag = "Events"
	read := identity.Read(identity.ScopeEvents)
	list(h, operation("list-events", http.MethodGet, "/events", tag, "Who did what: the log, or an organization's part of it", read), wireEvent, h.events)
	huma.Register(h.api, operation("verify-events", http.MethodGet, "/events/verification", tag, "Check the whole log against its hashes and checkpoints", read), h.verifyEvents)
}

type eventFilter struct {
	Paging
	OrganizationID string    `query:"organization_id" maxLength:"64"`
	Kind           string    `query:"kind" maxLength:"80" doc:"Such as activation.created."`
	ActorID        string    `query:"actor_id" maxLength:"64" doc:"A person, with what their tokens did, or a token."`
	SubjectKind    string    `query:"subject_kind" maxLength:"40" doc:"Such as subscription."`
	SubjectID      string    `query:"subject_id" maxLength:"64"`
	From           time.Time `query:"from" doc:"Inclusive."`
	Until          time.Time `query:"until" doc:"Exclusive."`
}

func (h *handlers) events(ctx context.Context, in *eventFilter, l database.Listing) (database.Page[identity.Activity], error) {
	return h.Identity.Events(ctx, actorFrom(ctx), event.Filter{
		OrganizationID: in.OrganizationID, Kind: in.Kind, Actor: in.ActorID,
		Subject: event.Subject{Kind: in.SubjectKind, ID: in.SubjectID}, From: in.From, Until: in.Until,
	}, l)
}

func wireEvent(a identity.Activity) api.Event {
	data := map[string]any{}
	_ = json.Unmarshal(a.Data, &data) // it was written as an object
	return api.Event{
		Position: a.Position, ID: a.ID, At: a.At, Kind: a.Kind, ActorKind: a.Actor.Kind, ActorID: a.Actor.ID,
		ActorName: a.ActorName, TokenName: a.TokenName, OnBehalfOf: a.Actor.OnBehalfOf,
		OrganizationID: a.OrganizationID, OrganizationName: a.OrganizationName,
		SubjectKind: a.Subject.Kind, SubjectID: a.Subject.ID, SubjectName: a.SubjectName, Data: data, Hash: hex.EncodeToString(a.Hash),
	}
}

func (h *handlers) verifyEvents(ctx context.Context, _ *struct{}) (*body[api.Verification], error) {
	return answer(func(r event.Report) api.Verification {
		return api.Verification{
			Intact: r.Intact(), Events: r.Events, Unsealed: r.Unsealed, Checkpoints: r.Checkpoints, FirstBad: r.FirstBad, Fault: r.Fault,
		}
	})(h.Identity.VerifyEvents(ctx, actorFrom(ctx)))
}
