package identity

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// Service holds the verbs of identity.
type Service struct {
	DB   *database.DB
	Now  func() time.Time
	Rand io.Reader // of tokens
}

// now gives the time at the precision that is stored.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// CreateStaff creates a member of staff with a first API token, which is
// returned this once. Errors: validation_failed, conflict when the address
// belongs to a member of staff already, forbidden.
func (s *Service) CreateStaff(ctx context.Context, actor Actor, n NewStaff) (Staff, string, error) {
	if err := actor.Require(Owners...); err != nil {
		return Staff{}, "", err
	}
	if err := n.Validate(); err != nil {
		return Staff{}, "", err
	}
	personID, err := newID()
	if err != nil {
		return Staff{}, "", err
	}
	token, text, err := s.draftToken(personID, "first")
	if err != nil {
		return Staff{}, "", err
	}
	made := Staff{PersonID: personID, Email: n.Email, Role: n.Role, CreatedAt: token.CreatedAt}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := insertStaff(tx, made); err != nil {
			return err
		}
		err := event.Record(tx, event.Event{
			At: made.CreatedAt, Kind: "staff.created", Actor: actor.Actor,
			Subject: event.Subject{Kind: "person", ID: personID}, Data: map[string]any{"role": made.Role},
		})
		if err != nil {
			return err
		}
		return storeToken(tx, actor, token, text)
	})
	if database.IsUnique(err) {
		err = problem.Newf(problem.Conflict, "A person with this email address exists already.").Because(err)
	}
	if err != nil {
		return Staff{}, "", err
	}
	return made, text, nil
}

// CreateToken makes another API token for a member of staff, by email address;
// it is returned this once. Errors: not_found, forbidden.
func (s *Service) CreateToken(ctx context.Context, actor Actor, email, name string) (Token, string, error) {
	if err := actor.Require(Owners...); err != nil {
		return Token{}, "", err
	}
	var f problem.Faults
	f.Text("/name", name, 1, maxName)
	if err := f.Err(); err != nil {
		return Token{}, "", err
	}
	person, err := staffByEmail(s.DB.Read(ctx), emailKey(email))
	if err != nil {
		return Token{}, "", notFound(err)
	}
	token, text, err := s.draftToken(person.PersonID, name)
	if err != nil {
		return Token{}, "", err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error { return storeToken(tx, actor, token, text) })
	if err != nil {
		return Token{}, "", err
	}
	return token, text, nil
}

func (s *Service) draftToken(personID, name string) (Token, string, error) {
	id, err := newID()
	if err != nil {
		return Token{}, "", err
	}
	text, err := newToken(s.Rand)
	return Token{ID: id, PersonID: personID, Name: name, CreatedAt: s.now()}, text, err
}

func storeToken(tx *database.Tx, actor Actor, t Token, text string) error {
	if err := insertToken(tx, t, tokenHash(text)); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: t.CreatedAt, Kind: "token.created", Actor: actor.Actor,
		Subject: event.Subject{Kind: "token", ID: t.ID}, Data: map[string]any{"person": t.PersonID},
	})
}

// RevokeToken ends a token at once; ending an ended one changes nothing.
// Errors: not_found, forbidden.
func (s *Service) RevokeToken(ctx context.Context, actor Actor, id string) error {
	if err := actor.Require(Owners...); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		token, err := tokenByID(tx, id)
		if err != nil {
			return notFound(err)
		}
		now := s.now()
		revoked, err := revokeToken(tx, token.ID, now)
		if err != nil || !revoked {
			return err
		}
		return event.Record(tx, event.Event{
			At: now, Kind: "token.revoked", Actor: actor.Actor, Subject: event.Subject{Kind: "token", ID: id},
		})
	})
}

// ListStaff lists all members of staff by email address.
func (s *Service) ListStaff(ctx context.Context, actor Actor) ([]Staff, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return nil, err
	}
	return listStaff(s.DB.Read(ctx))
}

// ListTokens lists all tokens by person, oldest first, ended ones too.
func (s *Service) ListTokens(ctx context.Context, actor Actor) (map[string][]Token, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return nil, err
	}
	all, err := listTokens(s.DB.Read(ctx))
	byPerson := map[string][]Token{}
	for _, t := range all {
		byPerson[t.PersonID] = append(byPerson[t.PersonID], t)
	}
	return byPerson, err
}

// Authenticate tells whose token it is. Unknown, mistyped and revoked tokens
// and people without a role get the same unauthenticated.
func (s *Service) Authenticate(ctx context.Context, token string) (Actor, error) {
	if !WellFormedToken(token) {
		return Actor{}, problem.New(problem.Unauthenticated)
	}
	actor, err := actorByToken(s.DB.Read(ctx), tokenHash(token))
	if errors.Is(err, database.ErrNoRows) {
		return Actor{}, problem.New(problem.Unauthenticated)
	}
	return actor, err
}

// CreateOrganization creates an organization. Errors: validation_failed, forbidden.
func (s *Service) CreateOrganization(ctx context.Context, actor Actor, n NewOrganization) (Organization, error) {
	if err := actor.Require(Sellers...); err != nil {
		return Organization{}, err
	}
	if err := n.Validate(); err != nil {
		return Organization{}, err
	}
	id, err := newID()
	if err != nil {
		return Organization{}, err
	}
	made := Organization{ID: id, Kind: n.Kind, Name: n.Name, Version: 1, CreatedAt: s.now()}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := insertOrganization(tx, made); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: made.CreatedAt, Kind: "organization.created", Actor: actor.Actor, OrganizationID: id,
			Subject: event.Subject{Kind: "organization", ID: id}, Data: map[string]any{"kind": made.Kind},
		})
	})
	if err != nil {
		return Organization{}, err
	}
	return made, nil
}

// Organization gives an organization; not_found when there is none.
func (s *Service) Organization(ctx context.Context, actor Actor, id string) (Organization, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return Organization{}, err
	}
	found, err := organizationByID(s.DB.Read(ctx), id)
	return found, notFound(err)
}

// Organizations lists organizations, newest first: at most limit of those after
// the id that a page ended with (empty for the first page).
func (s *Service) Organizations(ctx context.Context, actor Actor, after string, limit int) ([]Organization, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return nil, err
	}
	return listOrganizations(s.DB.Read(ctx), after, limit)
}

// OrganizationName gives an organization's name; not_found when there is none.
func OrganizationName(q database.Querier, id string) (string, error) {
	found, err := organizationByID(q, id)
	return found.Name, notFound(err)
}

// EnsureSite notes a site that an installation named, inside the caller's
// transaction. A site's name is a label that its agent may change; an empty one
// changes nothing.
func EnsureSite(tx *database.Tx, organizationID, siteID, name string, now time.Time) error {
	return upsertSite(tx, organizationID, siteID, name, now)
}

func notFound(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return problem.New(problem.NotFound)
	}
	return err
}
