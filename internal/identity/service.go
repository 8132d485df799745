package identity

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
)

// Service holds the verbs of identity.
type Service struct {
	DB   *database.DB
	Now  func() time.Time
	Rand io.Reader // of tokens, links and salts
	Mail *mail.Outbox

	Keyring   *seal.Keyring // seals what sign-ups, apps and agents gave
	Gate      *Gate         // before the hashing of passwords
	Hashing   Hashing       // what new hashes cost; zero is the default
	PublicURL string        // whose host passkeys belong to
	Erasing   []Erasing     // what else forgets a person who is erased

	// Verify checks the whole log against its hashes and checkpoints.
	Verify func(ctx context.Context) (event.Report, error)
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
	token, text, err := s.draftToken(Token{PersonID: personID, Name: "first", Scopes: AllScopes()})
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
// it is returned this once. Errors: validation_failed, not_found, forbidden.
func (s *Service) CreateToken(ctx context.Context, actor Actor, email, name string, scopes Scopes) (Token, string, error) {
	if err := actor.Require(Owners...); err != nil {
		return Token{}, "", err
	}
	var f problem.Faults
	f.Text("/name", name, 1, maxName)
	scopes.check(&f, "/scopes")
	if err := f.Err(); err != nil {
		return Token{}, "", err
	}
	person, err := staffByEmail(s.DB.Read(ctx), emailKey(email))
	if err != nil {
		return Token{}, "", notFound(err)
	}
	token, text, err := s.draftToken(Token{PersonID: person.PersonID, Name: name, Scopes: scopes})
	if err != nil {
		return Token{}, "", err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error { return storeToken(tx, actor, token, text) })
	if err != nil {
		return Token{}, "", err
	}
	return token, text, nil
}

// draftToken completes a token and makes its text.
func (s *Service) draftToken(t Token) (Token, string, error) {
	var err error
	if t.ID, err = newID(); err != nil {
		return t, "", err
	}
	t.CreatedAt = s.now()
	text, err := newToken(s.Rand)
	return t, text, err
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

// Authenticate tells whose token it is. Unknown, mistyped, expired and revoked
// tokens get the same unauthenticated.
func (s *Service) Authenticate(ctx context.Context, token string) (Actor, error) {
	if !WellFormedToken(token) {
		return Actor{}, problem.New(problem.Unauthenticated)
	}
	q := s.DB.Read(ctx)
	t, err := tokenByHash(q, tokenHash(token), s.now())
	if errors.Is(err, database.ErrNoRows) {
		return Actor{}, problem.New(problem.Unauthenticated)
	}
	if err != nil {
		return Actor{}, err
	}
	if err := s.noteUse(ctx, t); err != nil {
		return Actor{}, err
	}
	a := Actor{
		Actor:    event.Actor{Kind: event.Token, ID: t.ID, OnBehalfOf: t.PersonID},
		PersonID: t.PersonID, OrganizationID: t.OrganizationID, Scopes: t.Scopes,
	}
	return a.complete(q)
}

// useNotedEvery bounds how often a use is written down.
const useNotedEvery = time.Hour

// noteUse keeps when a token was last used, to the hour.
func (s *Service) noteUse(ctx context.Context, t Token) error {
	now := s.now()
	if t.LastUsedAt != nil && now.Before(t.LastUsedAt.Add(useNotedEvery)) {
		return nil
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE api_token SET last_used_at = ? WHERE id = ?`, database.Micros(now), t.ID)
		return err
	})
}

// complete adds what the person may do now. A token that is bound to an
// organization brings no staff role, whoever its person is.
func (a Actor) complete(q database.Querier) (Actor, error) {
	bound := ""
	var err error
	if a.Kind == event.Token {
		bound = a.OrganizationID
	}
	if bound == "" {
		if a.Role, err = roleOf(q, a.PersonID); err != nil {
			return Actor{}, err
		}
	}
	a.Memberships, err = activeMemberships(q, a.PersonID, bound)
	if err == nil && a.Kind == event.Token && a.Role == "" && len(a.Memberships) == 0 {
		err = problem.New(problem.Unauthenticated) // its person left, or was blocked
	}
	return a, err
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
	made := n.organization(id, s.now())
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, id); err != nil {
			return err
		}
		return StoreOrganization(tx, actor, made)
	})
	if err != nil {
		return Organization{}, taken(err, "An organization with this reference exists already.")
	}
	return made, nil
}

// DraftOrganization makes an organization without storing it, for a verb of
// another capability that creates one in its own transaction.
func (s *Service) DraftOrganization(n NewOrganization) (Organization, error) {
	if err := n.Validate(); err != nil {
		return Organization{}, err
	}
	id, err := newID()
	return n.organization(id, s.now()), err
}

// StoreOrganization stores and records a new organization in the caller's
// transaction, which has asked whether the actor may.
func StoreOrganization(tx *database.Tx, actor Actor, o Organization) error {
	if err := insertOrganization(tx, o); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: o.CreatedAt, Kind: "organization.created", Actor: actor.Actor, OrganizationID: o.ID,
		Subject: event.Subject{Kind: "organization", ID: o.ID}, Data: map[string]any{"kind": o.Kind},
	})
}

func (n NewOrganization) organization(id string, now time.Time) Organization {
	return Organization{
		ID: id, Kind: n.Kind, Name: n.Name, Address: n.Address, Phone: n.Phone, Country: n.Country, Reference: n.Reference,
		Version: 1, CreatedAt: now,
	}
}

// Organization gives an organization to staff and to its members; not_found to
// everybody else, and when there is none.
func (s *Service) Organization(ctx context.Context, actor Actor, id string) (Organization, error) {
	if err := actor.RequireIn(id, Member, AnyStaff...); err != nil {
		return Organization{}, err
	}
	found, err := organizationByID(s.DB.Read(ctx), id)
	if !actor.staff(AnyStaff) {
		found.Reference = ""
	}
	return found, notFound(err)
}

// OrganizationFilter chooses organizations. Empty members choose all.
type OrganizationFilter struct {
	Kind   OrganizationKind
	Search string // part of the name or the reference
}

// Organizations lists organizations for staff.
func (s *Service) Organizations(ctx context.Context, actor Actor, f OrganizationFilter, l database.Listing) (database.Page[Organization], error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return database.Page[Organization]{}, err
	}
	search := database.Contains(f.Search)
	return database.List(s.DB.Read(ctx), scanOrganization, selectOrganization+
		`WHERE (? = '' OR kind = ?) AND (LOWER(name) LIKE ? ESCAPE '\' OR LOWER(COALESCE(reference, '')) LIKE ? ESCAPE '\')`,
		[]any{f.Kind, f.Kind, search, search}, organizationOrders, l)
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

func taken(err error, sentence string) error {
	if database.IsUnique(err) {
		return problem.Newf(problem.Conflict, "%s", sentence).Because(err)
	}
	return err
}
