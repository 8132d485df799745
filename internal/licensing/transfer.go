package licensing

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// TransferReason says why a subscription goes to another organization. It is a
// word and not a text, since the log keeps it for ever and names nobody.
type TransferReason string

// The reasons.
const (
	TransferAcquisition    TransferReason = "acquisition"    // a part of the organization was sold
	TransferReorganization TransferReason = "reorganization" // the customer divides its accounts otherwise
	TransferCorrection     TransferReason = "correction"     // it was sold or registered to the wrong one
	TransferOther          TransferReason = "other"
)

// TransferReasons lists the reasons.
var TransferReasons = []TransferReason{TransferAcquisition, TransferReorganization, TransferCorrection, TransferOther}

// Transfer is a subscription's way from one organization to another (P19).
type Transfer struct {
	ID             string         `json:"-"` // of its event
	SubscriptionID string         `json:"-"`
	From           string         `json:"-"`
	To             string         `json:"to"`
	Reason         TransferReason `json:"reason"`
	Keys           int64          `json:"keys"`
	Installations  int64          `json:"installations"`  // that moved along
	Activations    int64          `json:"activations"`    // live ones
	GrantsRemoved  int64          `json:"grants_removed"` // of license administrators of the former organization

	// OfflineUntil is when the last license file ends that was loaded on a server
	// without a network: until then it runs under the former organization's name.
	OfflineUntil *time.Time `json:"offline_until,omitempty"`
}

// TransferSubscription gives a registered subscription with its keys to another
// organization (P19). Its grants go. Installations that use it alone move along
// with all of their history; one that uses another subscription too is
// installation_shared, and nothing moves. Installations that used it once keep
// their history where they are. Licenses name the new organization from their
// next refresh on; license files on air-gapped servers run until their own end.
// Errors: validation_failed, not_found, key_not_registered, conflict when it is
// there already, installation_shared, forbidden.
func (s *Service) TransferSubscription(ctx context.Context, actor identity.Actor, id, to string, reason TransferReason) (Transfer, error) {
	if err := actor.Require(identity.Owners...); err != nil {
		return Transfer{}, err
	}
	var f problem.Faults
	f.Check(to != "", "/organization_id", "must name an organization")
	f.Check(slices.Contains(TransferReasons, reason), "/reason", "must be acquisition, reorganization, correction or other")
	if err := f.Err(); err != nil {
		return Transfer{}, err
	}
	made := Transfer{SubscriptionID: id, To: to, Reason: reason}
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		var err error
		if made, err = s.transfer(tx, made, actor); err != nil {
			return err
		}
		return actor.Keep(tx, made.ID)
	})
	return made, err
}

// transfer moves the root, then what uses it. Whether an installation is shared
// is asked last, when nobody can activate a key on it any more unnoticed.
func (s *Service) transfer(tx *database.Tx, t Transfer, actor identity.Actor) (Transfer, error) {
	found, err := lockSubscription(tx, t.SubscriptionID)
	if errors.Is(err, database.ErrNoRows) {
		return t, problem.New(problem.NotFound)
	}
	if err != nil {
		return t, err
	}
	if _, err := identity.OrganizationName(tx, t.To); err != nil {
		return t, err
	}
	t.From = found.OrganizationID
	switch t.From {
	case "":
		return t, problem.Newf(problem.KeyNotRegistered, "This subscription belongs to nobody yet. Register its key instead.")
	case t.To:
		return t, problem.Newf(problem.Conflict, "The subscription belongs to this organization already.")
	}
	if t.GrantsRemoved, err = dropGrants(tx, t.SubscriptionID); err != nil {
		return t, err
	}
	if t.Keys, err = moveSubscription(tx, t.SubscriptionID, t.To); err != nil {
		return t, err
	}
	if err := s.moveUsers(tx, &t); err != nil {
		return t, err
	}
	return s.recordTransfer(tx, t, actor)
}

// moveUsers moves the installations whose live rows use the subscription.
func (s *Service) moveUsers(tx *database.Tx, t *Transfer) error {
	users, err := usersOf(tx, t.SubscriptionID)
	if err != nil {
		return err
	}
	installations := map[string]bool{}
	for _, u := range users {
		t.Activations++
		if u.method == licensefile.Offline && (t.OfflineUntil == nil || t.OfflineUntil.Before(u.expires)) {
			t.OfflineUntil = &u.expires
		}
		if installations[u.installation] {
			continue
		}
		installations[u.installation] = true
		if err := moveInstallation(tx, u.installation, t.From, t.To); err != nil {
			return err
		}
		shared, err := usedByOthers(tx, u.installation, t.SubscriptionID)
		if err != nil {
			return err
		}
		if shared {
			return problem.New(problem.InstallationShared)
		}
	}
	t.Installations = int64(len(installations))
	return nil
}

// recordTransfer tells both organizations.
func (s *Service) recordTransfer(tx *database.Tx, t Transfer, actor identity.Actor) (Transfer, error) {
	var err error
	if t.ID, err = newID(); err != nil {
		return t, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return t, err
	}
	var figures map[string]any
	if err := json.Unmarshal(text, &figures); err != nil {
		return t, err
	}
	e := event.Event{
		ID: t.ID, At: s.now(), Kind: "subscription.transferred", Actor: actor.Actor, OrganizationID: t.From,
		Subject: event.Subject{Kind: "subscription", ID: t.SubscriptionID}, Data: figures,
	}
	if err := event.Record(tx, e); err != nil {
		return t, err
	}
	figures["from"] = t.From
	e.ID, e.OrganizationID = "", t.To
	return t, event.Record(tx, e)
}

// Transfer gives a transfer as the log tells it. Errors: not_found, forbidden.
func (s *Service) Transfer(ctx context.Context, actor identity.Actor, id string) (Transfer, error) {
	if err := actor.Require(identity.Owners...); err != nil {
		return Transfer{}, err
	}
	made, data, err := transferEvent(s.DB.Read(ctx), id)
	if errors.Is(err, database.ErrNoRows) {
		return made, problem.New(problem.NotFound)
	}
	if err == nil {
		err = json.Unmarshal([]byte(data), &made)
	}
	return made, err
}
