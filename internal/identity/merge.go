package identity

import (
	"slices"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// Merger is two organizations that turn out to be one (P19): what the first has
// goes to the second, and the first disappears. Whoever merges calls Gather,
// moves what other capabilities hold of the first, and calls Finish, in one
// transaction.
type Merger struct {
	From, Into Organization
	Moved      MovedPeople
}

// MovedPeople counts what identity holds of a merged organization.
type MovedPeople struct {
	Members       int64 `json:"members"`         // of the first alone, before
	MembersInBoth int64 `json:"members_in_both"` // who had a place in both
	Sites         int64 `json:"sites"`           // also those that both had
	Invitations   int64 `json:"invitations"`     // open ones
	Tokens        int64 `json:"tokens"`
}

// LoadMerger gives two organizations that may be merged, and what would move.
// Errors: not_found, organizations_differ when their kinds do not agree.
func LoadMerger(q database.Querier, from, into string) (Merger, error) {
	var m Merger
	var err error
	if m.From, err = organizationByID(q, from); err != nil {
		return m, notFound(err)
	}
	if m.Into, err = organizationByID(q, into); err != nil {
		return m, notFound(err)
	}
	if m.From.Kind != m.Into.Kind {
		return m, problem.New(problem.OrganizationsDiffer)
	}
	m.Moved, err = countMoved(q, from, into)
	return m, err
}

// BeginMerger does as LoadMerger, and keeps others from changing either
// organization or who is in it until the transaction ends. The rows are locked in
// the order of their ids, so that two mergers cannot wait for each other.
func BeginMerger(tx *database.Tx, from, into string) (Merger, error) {
	ids := []string{from, into}
	slices.Sort(ids)
	for _, id := range ids {
		if _, err := lockOrganization(tx, id); err != nil {
			return Merger{}, err
		}
	}
	m, err := LoadMerger(tx, from, into)
	if err != nil {
		return m, err
	}
	return m, seize(tx, from)
}

// Gather gives members and sites of the first organization a place in the second.
// What belongs to them there, such as granted keys and rows, can follow now.
func (m Merger) Gather(tx *database.Tx, actor Actor, now time.Time) error {
	if err := copySites(tx, m.From.ID, m.Into.ID); err != nil {
		return err
	}
	movers, err := membershipsIn(tx, m.From.ID)
	if err != nil {
		return err
	}
	there, err := membershipsIn(tx, m.Into.ID)
	if err != nil {
		return err
	}
	for _, mover := range movers {
		if err := m.welcome(tx, actor, mover, there, now); err != nil {
			return err
		}
	}
	return copyMemberSites(tx, m.From.ID, m.Into.ID)
}

// welcome stores and records the place that a member of the first organization
// has in the second.
func (m Merger) welcome(tx *database.Tx, actor Actor, mover Membership, there []Membership, now time.Time) error {
	had := slices.IndexFunc(there, func(o Membership) bool { return o.PersonID == mover.PersonID })
	if had < 0 {
		mover.OrganizationID, mover.Version = m.Into.ID, mover.Version+1
		if err := moveMembership(tx, mover); err != nil {
			return err
		}
		return recordMember(tx, actor, mover, "created", now, map[string]any{"role": mover.Role, "merged_from": m.From.ID})
	}
	before := there[had]
	after := before.merged(mover)
	if err := leaveBehind(tx, mover, before, after, now); err != nil {
		return err
	}
	if after.alike(before) && (after.BlockedAt == nil) == (before.BlockedAt == nil) {
		return nil
	}
	if err := updateMembership(tx, after); err != nil {
		return err
	}
	return recordMember(tx, actor, after, "changed", now, map[string]any{
		"role_before": before.Role, "role": after.Role, "merged_from": m.From.ID,
	})
}

// leaveBehind takes keys and sites away that the one place does not bring along:
// those of a blocked one, and every key unless it is a license administrator's.
func leaveBehind(tx *database.Tx, mover, before, after Membership, now time.Time) error {
	for _, place := range []Membership{mover, before} {
		lost := place.BlockedAt != nil && after.BlockedAt == nil
		if lost {
			if err := storeSites(tx, place); err != nil { // lists none
				return err
			}
		}
		if lost || after.Role != LicenseAdministrator {
			if err := storeGrants(tx, place, nil, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// merged gives the one place of somebody who had two: the higher role, and the
// privilege of either. A blocked place brings nothing into one that counts; of
// two blocked ones a blocked one remains.
func (m Membership) merged(other Membership) Membership {
	switch {
	case m.BlockedAt == nil && other.BlockedAt != nil:
		return m
	case m.BlockedAt != nil && other.BlockedAt == nil:
		m.Role, m.VolumePurchasing, m.EverySite, m.BlockedAt = other.Role, other.VolumePurchasing, other.EverySite, nil
		return m
	}
	if other.Role.atLeast(m.Role) {
		m.Role = other.Role
	}
	switch {
	case !m.VolumePurchasing && other.VolumePurchasing:
		m.EverySite = other.EverySite
	case m.VolumePurchasing && other.VolumePurchasing:
		m.EverySite = m.EverySite || other.EverySite
	}
	m.VolumePurchasing = m.VolumePurchasing || other.VolumePurchasing
	return m
}

// Finish moves what people hold of the first organization, removes it and
// records the merger in both logs. Data is what else moved, as figures. It gives
// the id of the event in the log of the first.
func (m Merger) Finish(tx *database.Tx, actor Actor, now time.Time, data map[string]any) (string, error) {
	if err := moveInvitations(tx, m.From.ID, m.Into.ID, now); err != nil {
		return "", err
	}
	if err := moveSignedIn(tx, m.From.ID, m.Into.ID); err != nil {
		return "", err
	}
	if err := removeMerged(tx, m.From.ID, m.Into.ID); err != nil {
		return "", err
	}
	if m.Into.Reference == "" && m.From.Reference != "" {
		if err := takeReference(tx, m.Into.ID, m.From.Reference); err != nil {
			return "", err
		}
	}
	id, err := newID()
	if err != nil {
		return "", err
	}
	record := func(eventID, organizationID, other string, o Organization) error {
		all := map[string]any{other: o.ID}
		for name, value := range data {
			all[name] = value
		}
		return event.Record(tx, event.Event{
			ID: eventID, At: now, Kind: "organization.merged", Actor: actor.Actor, OrganizationID: organizationID,
			Subject: event.Subject{Kind: "organization", ID: organizationID}, Data: all,
		})
	}
	if err := record(id, m.From.ID, "into", m.Into); err != nil {
		return "", err
	}
	return id, record("", m.Into.ID, "from", m.From)
}
