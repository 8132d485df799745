package identity

import (
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// The purposes of links.
const (
	linkConfirm = "confirm"
	linkReset   = "reset"
)

// link is what a mail's address leads to. Whoever has its secret has read the
// mail, so it works once, and not for long.
type link struct {
	ID        string
	Purpose   string
	PersonID  string // empty while there is no such person
	EmailKey  string
	Sealed    []byte // what a sign-up gave
	CreatedAt time.Time
	ExpiresAt time.Time

	secret string
	hash   []byte
}

// draftLink makes a link with its secret.
func (s *Service) draftLink(purpose, email string, lives time.Duration) (link, error) {
	id, err := newID()
	if err != nil {
		return link{}, err
	}
	now := s.now()
	l := link{ID: id, Purpose: purpose, EmailKey: emailKey(email), CreatedAt: now, ExpiresAt: now.Add(lives)}
	l.secret, l.hash, err = newSecret(s.Rand)
	return l, err
}

// takeLink uses a link up. One that is unknown or used is link_invalid, one that is
// too old link_expired.
func takeLink(tx *database.Tx, purpose, secret string, now time.Time) (link, error) {
	taken, err := useLink(tx, purpose, secretHash(secret), now)
	if !errors.Is(err, database.ErrNoRows) {
		return taken, err
	}
	return link{}, refusedLink(tx, purpose, secret)
}

// findLink gives a link that would work now, and leaves it.
func findLink(q database.Querier, purpose, secret string, now time.Time) (link, error) {
	found, err := liveLink(q, purpose, secretHash(secret), now)
	if !errors.Is(err, database.ErrNoRows) {
		return found, err
	}
	return link{}, refusedLink(q, purpose, secret)
}

// refusedLink says why a link does not work.
func refusedLink(q database.Querier, purpose, secret string) error {
	unused, err := isUnusedLink(q, purpose, secretHash(secret))
	switch {
	case err != nil:
		return err
	case unused:
		return problem.New(problem.LinkExpired)
	default:
		return problem.New(problem.LinkInvalid)
	}
}
