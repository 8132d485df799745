package licensing

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Row is an activation as people see it: with its slot, installation, key and
// subscription, and where it stands (P15).
type Row struct {
	Activation   Activation
	Slot         Slot
	Installation Installation
	Key          Key
	Subscription Subscription
	PlanName     string
	ProductName  string
	Status       string // the first of deactivated, expired, suspended, over_limit, active
	Maximum      *int64 // nil is unlimited; of an ended row too
}

// RowFilter chooses rows. Empty members choose all.
type RowFilter struct {
	OrganizationID string
	SubscriptionID string
	KeyID          string
	InstallationID string
	State          string // "live", "ended" or empty
}

// Rows lists activations for staff and for the members of an organization who
// look after their keys.
func (s *Service) Rows(ctx context.Context, actor identity.Actor, f RowFilter, l database.Listing) (database.Page[Row], error) {
	sight, err := actor.See(f.OrganizationID, identity.AnyStaff...)
	if err != nil {
		return database.Page[Row]{}, err
	}
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return database.Page[Row]{}, err
	}
	var page database.Page[Row]
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		found, err := listRows(q, f, sight, dayIn(current.Zone, s.now()), l)
		if err != nil {
			return err
		}
		page.Next = found.Next
		page.Items, err = s.present(q, found.Items, current)
		return err
	})
	return page, err
}

// Row gives an activation; not_found when there is none.
func (s *Service) Row(ctx context.Context, actor identity.Actor, activationID string) (Row, error) {
	q := s.DB.Read(ctx)
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return Row{}, err
	}
	found, err := findRow(q, activationID, dayIn(publisher.Zone, s.now()))
	if err != nil {
		return Row{}, err
	}
	if err := actor.RequireKey(found.activation.OrganizationID, found.activation.KeyID, identity.AnyStaff...); err != nil {
		return Row{}, err
	}
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return Row{}, err
	}
	rows, err := s.present(q, []storedRow{found}, current)
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// findRow gives an activation as stored, or not_found.
func findRow(q database.Querier, activationID string, today licensefile.Date) (storedRow, error) {
	found, err := loadRow(q, activationID, today)
	if errors.Is(err, database.ErrNoRows) {
		return found, problem.New(problem.NotFound)
	}
	return found, err
}

// present adds to rows what is computed at every read.
func (s *Service) present(q database.Querier, found []storedRow, current *issuer.Current) ([]Row, error) {
	rows := make([]Row, len(found))
	now := s.now()
	for i := range found {
		t, err := s.withOffer(q, &found[i].terms)
		if err != nil {
			return nil, err
		}
		activation, slot := found[i].activation, found[i].slot
		row := Row{
			Activation: activation, Slot: slot, Installation: found[i].installation,
			Key: t.Key, Subscription: t.Subscription, PlanName: t.Offer.Name, ProductName: t.Offer.ProductName,
		}
		row.Maximum = t.maximum(t.Pool, activation.Used)
		row.Status = licensefile.Status(ladder(activation, *t, row.Maximum, current), now)
		rows[i] = row
	}
	return rows, nil
}

// ladder gives what Standing, Status and May judge a row by, the same as the
// installation judges itself.
func ladder(a Activation, t terms, maximum *int64, current *issuer.Current) licensefile.Row {
	return licensefile.Row{
		End: t.end(current.Zone), Expires: a.ExpiresAt, LastContact: a.LastSeenAt,
		Policy: t.Offer.Policy.Travels(), Maximum: maximum, Used: a.Used, OverSince: a.OverSince,
		Suspended: t.Subscription.SuspendedAt != nil, Deactivated: a.EndedAt != nil,
	}
}

// maxNote is the longest reason for a release, in characters.
const maxNote = 500

// Release ends a live row for staff, with a reason (P9). Its key is free at
// once. An online installation learns it at its next contact; a license file on
// an air-gapped server runs until its own end. Errors: validation_failed without
// a reason, not_found, already_ended, forbidden.
func (s *Service) Release(ctx context.Context, actor identity.Actor, activationID, reason string) (Row, error) {
	if err := actor.Require(identity.Owner, identity.Support); err != nil {
		return Row{}, err
	}
	if n := utf8.RuneCountInString(reason); n == 0 || n > maxNote {
		return Row{}, problem.Invalid([]problem.Field{{Pointer: "/reason", Message: "Say why the row is released, in at most 500 characters."}})
	}
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		return s.release(tx, actor, activationID, reason)
	})
	if err != nil {
		return Row{}, err
	}
	return s.Row(ctx, actor, activationID)
}

func (s *Service) release(tx *database.Tx, actor identity.Actor, activationID, reason string) error {
	found, err := findRow(tx, activationID, "") // whatever the day, the pool is not asked
	if err != nil {
		return err
	}
	if found.activation.EndedAt != nil {
		return problem.New(problem.AlreadyEnded)
	}
	if err := freeActivation(tx, found.activation.KeyID); err != nil {
		return err
	}
	now := s.now()
	slot := found.slot
	slot.Serial = slot.nextSerial(slot.Held)
	slot.Answer = Answer{Serial: slot.Serial, At: later(now.Truncate(time.Second), slot.Answer.At), Expires: now}
	slot.ForkedAt = nil
	if err := updateSlot(tx, found.slot, slot); err != nil {
		return err
	}
	ended := found.activation
	ended.EndedAt, ended.EndReason, ended.EndNote = &now, EndReleased, reason
	if err := updateActivation(tx, ended); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: now, Kind: "activation.ended", Actor: actor.Actor, OrganizationID: ended.OrganizationID,
		Subject: event.Subject{Kind: "activation", ID: ended.ID}, Data: ending(ended, EndReleased),
	})
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// IssueLicense signs a license for a live row that did not ask: a subscription
// information file to carry to a server without a network (P6). Errors:
// not_found, already_ended, forbidden.
func (s *Service) IssueLicense(ctx context.Context, actor identity.Actor, activationID string) (Signed, error) {
	if err := actor.Require(identity.Owner, identity.Sales, identity.Support); err != nil {
		return Signed{}, err
	}
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return Signed{}, err
	}
	var license licensefile.License
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		license, err = s.unsolicited(tx, actor, activationID, current)
		return err
	})
	if err != nil {
		return Signed{}, err
	}
	license.Revocation = newer(current, 0)
	compact, err := licensefile.SealLicense(license, current.Signer)
	return Signed{
		Form: licensefile.ArmorLicense, Compact: compact, Serial: license.Serial, Kind: licensefile.KindRefresh,
		Slot: licensefile.SlotRef{Site: license.Grant.Site, LicenseType: license.Grant.LicenseType},
	}, err
}

// unsolicited numbers a license that no request asked for. What the last request
// was answered with stays, so that its repeat is answered the same.
func (s *Service) unsolicited(tx *database.Tx, actor identity.Actor, activationID string, current *issuer.Current) (licensefile.License, error) {
	var none licensefile.License
	found, err := findRow(tx, activationID, dayIn(current.Zone, s.now()))
	if err != nil {
		return none, err
	}
	if found.activation.EndedAt != nil {
		return none, problem.New(problem.AlreadyEnded)
	}
	t, err := s.withOffer(tx, &found.terms)
	if err != nil {
		return none, err
	}
	now := s.now()
	at := later(now.Truncate(time.Second), found.slot.Answer.At)
	end := t.end(current.Zone)
	activation, slot := found.activation, found.slot
	activation.ExpiresAt = expires(t.Offer.Policy, activation.Method, end, at, current.Signer.NotAfter())
	slot.Serial = slot.nextSerial(slot.Held)
	if err := updateSlot(tx, found.slot, slot); err != nil {
		return none, err
	}
	if err := updateActivation(tx, activation); err != nil {
		return none, err
	}
	slot.Answer = Answer{Serial: slot.Serial, At: at, Expires: activation.ExpiresAt}
	return licenseOf(slot, activation, *t, t.Pool, current), event.Record(tx, event.Event{
		At: now, Kind: "license.issued", Actor: actor.Actor, OrganizationID: activation.OrganizationID,
		Subject: event.Subject{Kind: "activation", ID: activation.ID}, Data: map[string]any{"serial": slot.Serial},
	})
}
