package identity

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// Account is a person as they see themselves.
type Account struct {
	Person
	HasTOTP       bool
	RecoveryCodes int64 // that are left
	Passkeys      int64
}

// Account gives the actor's own account.
func (s *Service) Account(ctx context.Context, actor Actor) (Account, error) {
	if err := actor.RequirePerson(); err != nil {
		return Account{}, err
	}
	return accountOf(s.DB.Read(ctx), actor.PersonID)
}

func accountOf(q database.Querier, personID string) (Account, error) {
	p, err := PersonByID(q, personID)
	if err != nil {
		return Account{}, notFound(err)
	}
	a := Account{Person: p}
	t, err := maybe(confirmedTOTP(q, personID))
	if err != nil {
		return Account{}, err
	}
	a.HasTOTP = t != nil
	if a.RecoveryCodes, err = recoveryCodesLeft(q, personID); err != nil {
		return Account{}, err
	}
	a.Passkeys, err = countPasskeys(q, personID)
	return a, err
}

// ProfileChange is what a person may change of themselves; nil stays as it is.
type ProfileChange struct {
	FirstName *string
	LastName  *string
	Language  *language.Tag
	TimeZone  *string // IANA name; "" is the publisher's
}

func (c ProfileChange) apply(p Person) (Person, error) {
	set(&p.FirstName, c.FirstName)
	set(&p.LastName, c.LastName)
	set(&p.Language, c.Language)
	set(&p.TimeZone, c.TimeZone)
	var f problem.Faults
	// Staff whom a command made have no names until they give them.
	if c.FirstName != nil {
		f.Text("/first_name", p.FirstName, 1, maxName)
	}
	if c.LastName != nil {
		f.Text("/last_name", p.LastName, 1, maxName)
	}
	checkLanguage(&f, p.Language)
	f.Check(knownTimeZone(p.TimeZone), "/time_zone", "must be an IANA time zone such as Europe/Paris, or empty")
	return p, f.Err()
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// knownTimeZone refuses "Local", which means something else on every machine.
func knownTimeZone(name string) bool {
	if name == "" {
		return true
	}
	_, err := time.LoadLocation(name)
	return err == nil && name != "Local"
}

// ChangeProfile changes the actor's own account. A version other than 0 has to be
// the current one. Errors: validation_failed, version_changed.
func (s *Service) ChangeProfile(ctx context.Context, actor Actor, change ProfileChange, version int64) (Account, error) {
	if err := actor.RequirePerson(); err != nil {
		return Account{}, err
	}
	var changed Account
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		p, err := PersonByID(tx, actor.PersonID)
		if err != nil {
			return notFound(err)
		}
		if err := SameVersion(version, p.Version); err != nil {
			return err
		}
		if p, err = change.apply(p); err != nil {
			return err
		}
		done, err := updateProfile(tx, p)
		if err != nil {
			return err
		}
		if !done {
			return database.ErrAgain
		}
		if err := s.recordPerson(tx, actor, "person.changed"); err != nil {
			return err
		}
		changed, err = accountOf(tx, p.ID)
		return err
	})
	return changed, err
}

// Self is who acts, as pages and programs want to know it.
type Self struct {
	Actor
	Person Person
}

// Self tells who acts, by a session or a token.
func (s *Service) Self(ctx context.Context, actor Actor) (Self, error) {
	if !actor.known() {
		return Self{}, problem.New(problem.Unauthenticated)
	}
	p, err := PersonByID(s.DB.Read(ctx), actor.PersonID)
	return Self{Actor: actor, Person: p}, notFound(err)
}

// LookAt switches the actor's session to another of their organizations (P13).
// Errors: not_found when they are no member of it.
func (s *Service) LookAt(ctx context.Context, actor Actor, organizationID string) (Self, error) {
	if err := actor.RequirePerson(); err != nil {
		return Self{}, err
	}
	if actor.Membership(organizationID) == nil {
		return Self{}, problem.New(problem.NotFound)
	}
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := lookAt(tx, actor.SessionID, organizationID); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: s.now(), Kind: "session.switched", Actor: actor.Actor, OrganizationID: organizationID,
			Subject: event.Subject{Kind: "session", ID: actor.SessionID},
		})
	})
	if err != nil {
		return Self{}, err
	}
	actor.OrganizationID = organizationID
	return s.Self(ctx, actor)
}

// Sessions lists the actor's own sessions, newest first.
func (s *Service) Sessions(ctx context.Context, actor Actor, l database.Listing) (database.Page[Session], error) {
	if err := actor.RequirePerson(); err != nil {
		return database.Page[Session]{}, err
	}
	q := s.DB.Read(ctx)
	settings, _, err := SettingsOf(q)
	if err != nil {
		return database.Page[Session]{}, err
	}
	now := s.now()
	page, err := listSessions(q, actor.PersonID, now, now.Add(-hours(settings.SessionIdleHours)), l)
	for i := range page.Items {
		page.Items[i].Current = page.Items[i].ID == actor.SessionID
	}
	return page, err
}

// sessionOrders are the ways to sort a person's sessions.
var sessionOrders = database.Orders[Session]{
	IDColumn: "id", ID: func(v Session) string { return v.ID },
	By: map[string]database.Order[Session]{
		"last_seen_at": {Column: "last_seen_at", Key: func(v Session) any { return database.Micros(v.LastSeenAt) }},
	},
}

// EndSession ends a session of the actor's own. Errors: not_found.
func (s *Service) EndSession(ctx context.Context, actor Actor, id string) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		if _, err := ownSession(tx, actor.PersonID, id); err != nil {
			return notFound(err)
		}
		return s.endSession(tx, actor.Actor, id)
	})
}

// EndOtherSessions ends every session of the actor's own but the one that acts.
func (s *Service) EndOtherSessions(ctx context.Context, actor Actor) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := lockPerson(tx, actor.PersonID); err != nil {
			return err
		}
		if err := endSessions(tx, actor.PersonID, actor.SessionID, s.now()); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: s.now(), Kind: "person.other_sessions_ended", Actor: actor.Actor,
			Subject: event.Subject{Kind: "person", ID: actor.PersonID}, Data: map[string]any{"kept": actor.SessionID},
		})
	})
}
