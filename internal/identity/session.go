package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// SessionStage says how far a sign-in has come.
type SessionStage string

// The stages.
const (
	StageSecondFactor SessionStage = "second_factor" // the password was right, the second factor is to come
	StageComplete     SessionStage = "complete"
)

// Session is a sign-in of a person on one browser.
type Session struct {
	ID             string
	PersonID       string
	Stage          SessionStage
	OrganizationID string // the one that the person looks at; empty for none
	UserAgent      string
	Address        string
	CreatedAt      time.Time
	LastSeenAt     time.Time // to the minute or so
	ExpiresAt      time.Time // whatever happens

	Current bool // in a list: the one that asks
}

// secretBytes is the entropy of what cookies and links hold.
const secretBytes = 32

// newSecret makes what a cookie or a link holds; only its hash is kept.
func newSecret(random io.Reader) (text string, hash []byte, err error) {
	secret := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, secret); err != nil {
		return "", nil, err
	}
	text = base64.RawURLEncoding.EncodeToString(secret)
	return text, secretHash(text), nil
}

func secretHash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

const selectSession = `SELECT id, person_id, stage, organization_id, user_agent, address, created_at, last_seen_at, expires_at FROM session `

func scanSession(r database.Row) (v Session, err error) {
	var organization *string
	var created, seen, expires int64
	err = r.Scan(&v.ID, &v.PersonID, &v.Stage, &organization, &v.UserAgent, &v.Address, &created, &seen, &expires)
	if organization != nil {
		v.OrganizationID = *organization
	}
	v.CreatedAt, v.LastSeenAt, v.ExpiresAt = database.Instant(created), database.Instant(seen), database.Instant(expires)
	return v, err
}

// live reports whether the session still counts.
func (v Session) live(settings Settings, now time.Time) bool {
	idle := hours(settings.SessionIdleHours)
	if v.Stage == StageSecondFactor {
		idle = minutes(settings.SecondFactorMinutes)
	}
	return now.Before(v.ExpiresAt) && now.Before(v.LastSeenAt.Add(idle))
}

// seenNotedEvery bounds how often it is written down that a session was used.
const seenNotedEvery = time.Minute

// AuthenticateSession tells who signed in with the session that a cookie names.
// Sessions that ended, expired, or lack the second factor, and cookies that name
// none, get the same unauthenticated.
func (s *Service) AuthenticateSession(ctx context.Context, cookie string) (Actor, error) {
	session, err := s.session(ctx, cookie, StageComplete)
	if err != nil {
		return Actor{}, err
	}
	now := s.now()
	if now.Sub(session.LastSeenAt) >= seenNotedEvery {
		err := s.DB.InTx(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(`UPDATE session SET last_seen_at = ? WHERE id = ?`, database.Micros(now), session.ID)
			return err
		})
		if err != nil {
			return Actor{}, err
		}
	}
	a := Actor{
		Actor:    event.Actor{Kind: event.Person, ID: session.PersonID},
		PersonID: session.PersonID, OrganizationID: session.OrganizationID, SessionID: session.ID,
	}
	return a.complete(s.DB.Read(ctx))
}

// session gives the live session of a stage that a cookie names; unauthenticated
// when there is none.
func (s *Service) session(ctx context.Context, cookie string, stage SessionStage) (Session, error) {
	q := s.DB.Read(ctx)
	session, err := database.One(q, scanSession, selectSession+`WHERE hash = ? AND stage = ? AND ended_at IS NULL`, secretHash(cookie), string(stage))
	if errors.Is(err, database.ErrNoRows) {
		return Session{}, problem.New(problem.Unauthenticated)
	}
	if err != nil {
		return Session{}, err
	}
	settings, _, err := SettingsOf(q)
	if err == nil && !session.live(settings, s.now()) {
		err = problem.New(problem.Unauthenticated)
	}
	return session, err
}
