package licensing

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// IssueLicense signs a license for a live row that did not ask: a subscription
// information file to carry to a server without a network (P6). Those who look
// after its key may. Errors: not_found, already_ended, forbidden.
func (s *Service) IssueLicense(ctx context.Context, actor identity.Actor, activationID string) (Signed, error) {
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
	if err := actor.RequireKey(found.activation.OrganizationID, found.activation.KeyID, identity.SellersAndHelpers...); err != nil {
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
