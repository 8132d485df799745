package licensing

import (
	"context"
	"encoding/json"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// Merger is what became of two organizations that are one (P19).
type Merger struct {
	ID      string `json:"-"`    // of its event; empty for a preview
	From    string `json:"-"`    // the organization that is no more
	Into    string `json:"into"` // the one that has everything
	Preview bool   `json:"-"`    // nothing has moved yet

	identity.MovedPeople
	MovedLicenses
}

// MovedLicenses counts what licensing holds of a merged organization.
type MovedLicenses struct {
	Subscriptions int64 `json:"subscriptions"`
	Keys          int64 `json:"keys"`
	Installations int64 `json:"installations"`
	Activations   int64 `json:"activations"` // live ones
	Orders        int64 `json:"orders"`
}

// MergeOrganizations gives everything of one organization to another of the same
// kind, and removes the one (P19): it is not_found from then on, in lists and by
// id. Subscriptions keep their keys, keys their grants and activations, agents
// their rows; licenses name the other organization from their next refresh on.
// It cannot be undone. A preview changes nothing. Errors: validation_failed,
// not_found, organizations_differ, forbidden.
func (s *Service) MergeOrganizations(ctx context.Context, actor identity.Actor, from, into string, preview bool) (Merger, error) {
	if err := actor.Require(identity.Owners...); err != nil {
		return Merger{}, err
	}
	var f problem.Faults
	f.Check(into != "" && into != from, "/into", "must be another organization")
	if err := f.Err(); err != nil {
		return Merger{}, err
	}
	if preview {
		return previewMerger(s.DB.Read(ctx), from, into)
	}
	var made Merger
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		var err error
		made, err = s.merge(tx, actor, from, into)
		return err
	})
	return made, err
}

func previewMerger(q database.Querier, from, into string) (Merger, error) {
	people, err := identity.LoadMerger(q, from, into)
	if err != nil {
		return Merger{}, err
	}
	licenses, err := countLicenses(q, from)
	return Merger{From: from, Into: into, Preview: true, MovedPeople: people.Moved, MovedLicenses: licenses}, err
}

// merge moves the roots; what belongs to them follows by its foreign keys. Locks
// are taken in the order organization, subscription, key, slot.
func (s *Service) merge(tx *database.Tx, actor identity.Actor, from, into string) (Merger, error) {
	people, err := identity.BeginMerger(tx, from, into)
	if err != nil {
		return Merger{}, err
	}
	made := Merger{From: from, Into: into, MovedPeople: people.Moved}
	if made.MovedLicenses, err = countLicenses(tx, from); err != nil {
		return Merger{}, err
	}
	now := s.now()
	if err := people.Gather(tx, actor, now); err != nil {
		return Merger{}, err
	}
	if err := moveLicenses(tx, from, into); err != nil {
		return Merger{}, err
	}
	figures, err := made.figures()
	if err != nil {
		return Merger{}, err
	}
	if made.ID, err = people.Finish(tx, actor, now, figures); err != nil {
		return Merger{}, err
	}
	return made, actor.Keep(tx, made.ID)
}

// figures gives what the log says of a merger, but for the organizations.
func (m Merger) figures() (map[string]any, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var figures map[string]any
	err = json.Unmarshal(text, &figures)
	delete(figures, "into")
	return figures, err
}

// Merger gives a merger as the log tells it. Errors: not_found, forbidden.
func (s *Service) Merger(ctx context.Context, actor identity.Actor, id string) (Merger, error) {
	if err := actor.Require(identity.Owners...); err != nil {
		return Merger{}, err
	}
	made := Merger{ID: id}
	from, data, err := identity.MergerEvent(s.DB.Read(ctx), id)
	if err == nil {
		err = json.Unmarshal([]byte(data), &made)
	}
	made.From = from
	return made, err
}
