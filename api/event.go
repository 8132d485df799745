package api

import (
	"context"
	"time"
)

// Event is a change of state, as the log holds it, with the names that go with
// its ids now.
type Event struct {
	Position         int64          `json:"position" doc:"In the log: 1, 2, 3 … without gaps."`
	ID               string         `json:"id"`
	At               time.Time      `json:"at"`
	Kind             string         `json:"kind" doc:"What happened, such as activation.created."`
	ActorKind        string         `json:"actor_kind" doc:"person, token, installation or system."`
	ActorID          string         `json:"actor_id"`
	ActorName        string         `json:"actor_name" doc:"Of the person, or of whom the token acts for; empty when there is none, or no longer."`
	TokenName        string         `json:"token_name" doc:"When a token acted."`
	OnBehalfOf       string         `json:"on_behalf_of" doc:"Id of the person that a token acted for."`
	OrganizationID   string         `json:"organization_id" doc:"Whose log it belongs to; empty for the publisher's alone."`
	OrganizationName string         `json:"organization_name"`
	SubjectKind      string         `json:"subject_kind" doc:"What was changed, such as subscription."`
	SubjectID        string         `json:"subject_id"`
	SubjectName      string         `json:"subject_name" doc:"Of a person, token or organization."`
	Data             map[string]any `json:"data" nullable:"false" doc:"Ids, states and figures; never names or secrets."`
	Hash             string         `json:"hash" doc:"SHA-256, hexadecimal, over this event and the hash before it."`
}

// Verification is what checking the whole log came to.
type Verification struct {
	Intact      bool   `json:"intact"`
	Events      int64  `json:"events" doc:"Whose hashes are right, from position 1 on."`
	Unsealed    int64  `json:"unsealed" doc:"That are not in the chain yet: those of the last second."`
	Checkpoints int    `json:"checkpoints" doc:"Signed ones that agree with the chain."`
	FirstBad    int64  `json:"first_bad" doc:"Position of the first fault; 0 when there is none."`
	Fault       string `json:"fault" doc:"What is wrong there."`
}

// EventFilter says which events to list; empty members ask for nothing.
type EventFilter struct {
	OrganizationID string
	Kind           string
	ActorID        string
	SubjectKind    string
	SubjectID      string
	From           string // RFC 3339, inclusive
	Until          string // RFC 3339, exclusive
	Sort           string // position, or -position; the newest first
}

// Events lists the log.
func (c *Client) Events(ctx context.Context, f EventFilter, l Listing) (Page[Event], error) {
	return get[Page[Event]](ctx, c, "/events", l.query("organization_id", f.OrganizationID, "kind", f.Kind, "actor_id", f.ActorID,
		"subject_kind", f.SubjectKind, "subject_id", f.SubjectID, "from", f.From, "until", f.Until, "sort", f.Sort))
}

// VerifyEvents checks the whole log.
func (c *Client) VerifyEvents(ctx context.Context) (Verification, error) {
	return get[Verification](ctx, c, "/events/verification", nil)
}
