package licensing

import (
	"sort"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
)

// newID gives an id that sorts by time of making.
func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// apply writes a ruling down. Locks are taken in the order key, then slot, the
// same everywhere.
func (r *ruling) apply(tx *database.Tx) error {
	switch r.outcome {
	case repeated, closed:
		return nil
	case forked:
		if err := updateSlot(tx, r.row.Slot, r.toSlot); err != nil {
			return err
		}
		return r.record(tx)
	case taken:
	}
	if err := r.applyKeys(tx); err != nil {
		return err
	}
	if err := r.applySlot(tx); err != nil {
		return err
	}
	if err := r.applyActivation(tx); err != nil {
		return err
	}
	for _, u := range r.usage {
		if err := insertUsage(tx, r.toActivation.ID, u, r.now); err != nil {
			return err
		}
	}
	return r.record(tx)
}

// applyKeys counts activations of the keys concerned, in the order of their ids
// so that two moves in opposite directions cannot wait for each other.
func (r *ruling) applyKeys(tx *database.Tx) error {
	// Many activate a key without a limit at once, and all need its row: the root
	// comes first, or they and whoever changes the subscription wait for each other.
	if r.starts && r.terms.Key.ActivationLimit == nil {
		if err := holdSubscription(tx, r.terms.Subscription.ID); err != nil {
			return err
		}
	}
	type change struct {
		key  string
		free bool
	}
	var changes []change
	if r.moves() || r.ends {
		changes = append(changes, change{r.row.Activation.KeyID, true})
	}
	if r.replaces() {
		changes = append(changes, change{r.terms.Imported.KeyID, true})
	}
	if r.starts {
		changes = append(changes, change{r.toActivation.KeyID, false})
	}
	sort.SliceStable(changes, func(i, j int) bool { return changes[i].key < changes[j].key })
	for _, c := range changes {
		if c.free {
			if err := freeActivation(tx, c.key); err != nil {
				return err
			}
			continue
		}
		counted, err := takeActivation(tx, c.key)
		if err != nil {
			return err
		}
		if !counted {
			return database.ErrAgain // somebody was faster: judge again, and refuse
		}
	}
	return nil
}

func (r *ruling) applySlot(tx *database.Tx) error {
	if r.organization() == "" {
		if err := insertInstallation(tx, r.toInstallation, r.now); err != nil {
			return err
		}
	} else if r.changed(r.request.Request.About) {
		if err := updateInstallation(tx, r.toInstallation); err != nil {
			return err
		}
	}
	if r.row == nil || r.renamed(r.toSlot.SiteName) {
		if err := identity.EnsureSite(tx, r.toSlot.OrganizationID, r.toSlot.SiteID, r.toSlot.SiteName, r.now); err != nil {
			return err
		}
	}
	if r.row != nil {
		return updateSlot(tx, r.row.Slot, r.toSlot)
	}
	id, err := newID()
	if err != nil {
		return err
	}
	r.toSlot.ID, r.toActivation.SlotID = id, id
	if err := insertSlot(tx, r.toSlot, r.now); err != nil {
		return again(err)
	}
	return nil
}

// again turns the loss of a race for a unique row into another try.
func again(err error) error {
	if database.IsUnique(err) {
		return database.ErrAgain
	}
	return err
}

func (r *ruling) applyActivation(tx *database.Tx) error {
	if !r.starts {
		return updateActivation(tx, r.toActivation)
	}
	for _, ended := range r.displaced() {
		if err := updateActivation(tx, ended); err != nil {
			return err
		}
	}
	if r.replaces() {
		if err := retireStandIn(tx, r.terms.Imported.SlotID); err != nil {
			return err
		}
	}
	id, err := newID()
	if err != nil {
		return err
	}
	r.toActivation.ID = id
	// The unique index on live activations of a slot is the last guard.
	if err := insertActivation(tx, r.toActivation); err != nil {
		return again(err)
	}
	// The activation now holds the key, so nobody can give it to another
	// organization any more; somebody may have done so just before.
	own, err := keyIsOf(tx, r.toActivation.KeyID, r.toActivation.OrganizationID)
	if err == nil && !own {
		err = database.ErrAgain
	}
	return err
}

// displaced gives the activations that a new one takes the place of, ended.
func (r *ruling) displaced() []Activation {
	var ended []Activation
	if r.moves() {
		ended = append(ended, r.row.Activation)
	}
	if r.replaces() {
		ended = append(ended, *r.terms.Imported)
	}
	for i := range ended {
		ended[i].EndedAt, ended[i].EndReason = &r.now, EndMoved
	}
	return ended
}

// record writes the events of a ruling. A check-in that changes no state, limit,
// version or name has none.
func (r *ruling) record(tx *database.Tx) error {
	for _, e := range r.events() {
		e.At, e.OrganizationID = r.now, r.toSlot.OrganizationID
		if e.Actor.Kind == "" {
			e.Actor = event.Actor{Kind: "installation", ID: r.request.Thumbprint}
		}
		if err := event.Record(tx, e); err != nil {
			return err
		}
	}
	return nil
}

func (r *ruling) events() []event.Event {
	var all []event.Event
	add := func(happened bool, kind, subject, id string, data map[string]any) {
		if happened {
			all = append(all, event.Event{Kind: kind, Subject: event.Subject{Kind: subject, ID: id}, Data: data})
		}
	}
	slot := map[string]any{"slot": r.toSlot.ID}
	add(r.forks, "installation.forked", "installation", r.request.Thumbprint, slot)
	if r.outcome == forked {
		return all
	}
	for _, ended := range r.displaced() {
		add(true, "activation.ended", "activation", ended.ID, ending(ended, EndMoved))
	}
	add(r.starts, "activation.started", "activation", r.toActivation.ID, map[string]any{
		"key": r.toActivation.KeyID, "subscription": r.toActivation.SubscriptionID, "slot": r.toSlot.ID,
		"license_type": r.toSlot.LicenseType, "method": r.toActivation.Method,
	})
	add(r.restored, "server.restored", "slot", r.toSlot.ID, map[string]any{
		"issued": r.serial(), "held": r.request.Request.Previous,
	})
	add(r.changed(r.request.Request.About), "installation.changed", "installation", r.request.Thumbprint, map[string]any{
		"version": r.toInstallation.SoftwareVersion,
	})
	add(r.renamed(r.toSlot.SiteName), "site.renamed", "site", r.toSlot.SiteID, nil)
	limits := map[string]any{"used": r.toActivation.Used, "maximum": r.terms.maximum(r.pool, r.toActivation.Used)}
	add(r.overChanged && r.toActivation.OverRecorded, "activation.limit_exceeded", "activation", r.toActivation.ID, limits)
	add(r.overChanged && !r.toActivation.OverRecorded, "activation.limit_kept", "activation", r.toActivation.ID, limits)
	add(r.ends, "activation.ended", "activation", r.toActivation.ID, ending(r.toActivation, EndDeactivated))
	return all
}

func ending(a Activation, reason EndReason) map[string]any {
	return map[string]any{"reason": reason, "key": a.KeyID, "slot": a.SlotID, "used": a.Used}
}

// serial gives the highest serial that the slot had issued before the request.
func (s situation) serial() int64 {
	if s.row == nil {
		return 0
	}
	return s.row.Slot.Serial
}
