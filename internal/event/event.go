package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
)

// Kinds of actors.
const (
	Person       = "person"
	Token        = "token"
	Installation = "installation"
	System       = "system"
)

// Actor is who made the change.
type Actor struct {
	Kind       string // Person, Token, Installation or System
	ID         string // of that person, token …; of a part of Licet for System
	OnBehalfOf string // the id of the person that a token acted for, or ""
}

// Subject is what was changed.
type Subject struct {
	Kind string // a noun of the design's words, such as "subscription"
	ID   string
}

// Data is what else there is to say: ids, states and figures, by names in lower
// case. Its members are stored in the order of their names.
type Data map[string]any

// Event is a change of state.
type Event struct {
	ID             string    // UUIDv7; made by Record when empty
	At             time.Time // kept to the microsecond
	Kind           string    // noun.verb, such as "activation.created"
	Actor          Actor
	OrganizationID string // whose log it belongs to, or "" for the publisher's alone
	Subject        Subject
	Data           Data
}

// Validate tells what keeps an event from being recorded: always a fault of the
// program, never of its user.
func (e Event) Validate() error {
	switch {
	case !isKind(e.Kind):
		return fmt.Errorf("event: the kind %q is not noun.verb", e.Kind)
	case e.At.IsZero():
		return fmt.Errorf("event: %s has no instant", e.Kind)
	case !isActorKind(e.Actor.Kind) || e.Actor.ID == "":
		return fmt.Errorf("event: %s has no actor", e.Kind)
	case e.Subject.Kind == "" || e.Subject.ID == "":
		return fmt.Errorf("event: %s has no subject", e.Kind)
	default:
		return nil
	}
}

// isKind takes two words of lower-case letters and underscores with a dot between.
func isKind(kind string) bool {
	noun, verb, ok := strings.Cut(kind, ".")
	return ok && isWord(noun) && isWord(verb)
}

func isWord(s string) bool {
	if s == "" || s[0] == '_' || s[len(s)-1] == '_' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return true
}

func isActorKind(kind string) bool {
	switch kind {
	case Person, Token, Installation, System:
		return true
	default:
		return false
	}
}

const insert = `INSERT INTO event (id, at, kind, actor_kind, actor_id, on_behalf_of,
	organization_id, subject_kind, subject_id, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// Record writes an event in the transaction of the change it tells of.
func Record(tx *database.Tx, e Event) error {
	row, err := e.row()
	if err != nil {
		return err
	}
	_, err = tx.Exec(insert, row...)
	return err
}

// row gives the columns of a new event, with an id of its own when it has none.
func (e Event) row() ([]any, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	if e.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("event: %w", err)
		}
		e.ID = id.String()
	}
	data, err := e.Data.text()
	if err != nil {
		return nil, fmt.Errorf("event: data of %s: %w", e.Kind, err)
	}
	return []any{
		e.ID, database.Micros(e.At), e.Kind, e.Actor.Kind, e.Actor.ID, orNull(e.Actor.OnBehalfOf),
		orNull(e.OrganizationID), e.Subject.Kind, e.Subject.ID, data,
	}, nil
}

// text gives the JSON that is stored and hashed; encoding/json sorts a map.
func (d Data) text() (string, error) {
	if len(d) == 0 {
		return "{}", nil
	}
	b, err := json.Marshal(map[string]any(d))
	return string(b), err
}

// orNull stores "" as NULL, so that absence has one form.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
