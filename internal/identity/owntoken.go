package identity

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// NewToken is what a person gives to make an API token of their own.
type NewToken struct {
	Name           string
	Scopes         Scopes
	OrganizationID string     // the only one that it acts in; staff may leave it out
	ExpiresAt      *time.Time // nil for never
}

func (n NewToken) validate(now time.Time) error {
	var f problem.Faults
	f.Text("/name", n.Name, 1, maxName)
	n.Scopes.check(&f, "/scopes")
	f.Check(n.ExpiresAt == nil || n.ExpiresAt.After(now), "/expires_at", "must be in the future")
	return f.Err()
}

// CreateOwnToken makes an API token that acts for the actor, who has to be signed
// in; it is returned this once. A member's token acts in one organization.
// Errors: validation_failed, not_found when the organization is not theirs.
func (s *Service) CreateOwnToken(ctx context.Context, actor Actor, n NewToken) (Token, string, error) {
	if err := actor.RequirePerson(); err != nil {
		return Token{}, "", err
	}
	if err := n.validate(s.now()); err != nil {
		return Token{}, "", err
	}
	if err := mayBind(actor, n.OrganizationID); err != nil {
		return Token{}, "", err
	}
	token, text, err := s.draftToken(Token{
		PersonID: actor.PersonID, OrganizationID: n.OrganizationID, Name: n.Name, Scopes: n.Scopes, ExpiresAt: n.ExpiresAt,
	})
	if err != nil {
		return Token{}, "", err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, token.ID); err != nil {
			return err
		}
		return storeToken(tx, actor, token, text)
	})
	if err != nil {
		return Token{}, "", err
	}
	return token, text, nil
}

// mayBind reports why a token of the actor may not be bound to an organization,
// or to none.
func mayBind(actor Actor, organizationID string) error {
	var f problem.Faults
	switch {
	case organizationID == "":
		f.Check(actor.isStaff(), "/organization_id", "must say in which of your organizations the token acts")
		return f.Err()
	case actor.Membership(organizationID) == nil:
		return problem.New(problem.NotFound)
	default:
		return nil
	}
}

// OwnTokens lists the actor's own tokens, newest first, ended ones too.
func (s *Service) OwnTokens(ctx context.Context, actor Actor, l database.Listing) (database.Page[Token], error) {
	if err := actor.RequirePerson(); err != nil {
		return database.Page[Token]{}, err
	}
	return database.List(s.DB.Read(ctx), scanToken, selectToken+`WHERE person_id = ?`, []any{actor.PersonID}, tokenOrders, l)
}

// tokenOrders are the ways to sort a person's tokens.
var tokenOrders = database.Orders[Token]{
	IDColumn: "id", ID: func(t Token) string { return t.ID },
	By: map[string]database.Order[Token]{
		"name": {Column: "name", Key: func(t Token) any { return t.Name }},
	},
}

// OwnToken gives a token of the actor's own. Errors: not_found.
func (s *Service) OwnToken(ctx context.Context, actor Actor, id string) (Token, error) {
	if err := actor.RequirePerson(); err != nil {
		return Token{}, err
	}
	return ownToken(s.DB.Read(ctx), actor, id)
}

func ownToken(q database.Querier, actor Actor, id string) (Token, error) {
	t, err := tokenByID(q, id)
	if err == nil && t.PersonID != actor.PersonID {
		err = database.ErrNoRows
	}
	if err != nil {
		return Token{}, notFound(err)
	}
	return t, nil
}

// RevokeOwnToken ends a token of the actor's own at once; ending an ended one
// changes nothing. Errors: not_found.
func (s *Service) RevokeOwnToken(ctx context.Context, actor Actor, id string) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		if _, err := ownToken(tx, actor, id); err != nil {
			return err
		}
		now := s.now()
		revoked, err := revokeToken(tx, id, now)
		if err != nil || !revoked {
			return err
		}
		return event.Record(tx, event.Event{
			At: now, Kind: "token.revoked", Actor: actor.Actor, Subject: event.Subject{Kind: "token", ID: id},
		})
	})
}
