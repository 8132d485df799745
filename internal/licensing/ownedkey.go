package licensing

import (
	"context"
	"errors"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// KeyState says what a key is good for.
type KeyState string

// The states, the first that holds from the bottom up. They are computed at
// every read.
const (
	KeyValid        KeyState = "valid"        // it can be activated, when its subscription lets it
	KeyUnregistered KeyState = "unregistered" // nobody has registered it
	KeyEnded        KeyState = "ended"        // its sublicense has come to its end (P10)
	KeyReplacedBy   KeyState = "replaced"     // another took its place (P19)
	KeyDeleted      KeyState = "deleted"      // its sublicense was deleted
)

// OwnedKey is a key as people see it: masked, with what it is of and how it is
// used.
type OwnedKey struct {
	Key
	State            KeyState
	OrganizationID   string // empty for an unregistered one
	OrganizationName string
	ProductName      string
	PlanName         string
	LicenseType      string           // code
	Quantity         *int64           // of the subscription; nil is unlimited
	LastDay          licensefile.Date // of the key, or of its subscription when that comes first; empty for ever
	Rows             int64            // live activations
	Used             int64            // by those
	Maximum          *int64           // how much they may use together; nil is unlimited
	Available        *int64           // how much more; nil is unlimited
	People           int64            // license administrators who look after it
}

// state gives the state of a key on a day.
func (t terms) state(today licensefile.Date) KeyState {
	switch {
	case t.Key.DeletedAt != nil:
		return KeyDeleted
	case t.Key.ReplacedBy != "":
		return KeyReplacedBy
	case t.Key.ended(today):
		return KeyEnded
	case t.Subscription.OrganizationID == "":
		return KeyUnregistered
	}
	return KeyValid
}

// owned gives a key as people see it on a day.
func (t terms) owned(rows, people int64, today licensefile.Date) OwnedKey {
	code, _, _ := t.Offer.Policy.LicenseType()
	o := OwnedKey{
		Key: t.Key, State: t.state(today), OrganizationID: t.Subscription.OrganizationID, OrganizationName: t.Subscription.OrganizationName,
		ProductName: t.Offer.ProductName, PlanName: t.Offer.Name, LicenseType: code, Quantity: t.Subscription.Quantity,
		LastDay: t.endDate(), Rows: rows, Used: t.KeyUsed, Maximum: t.maximum(t.Pool, t.KeyUsed), Available: t.remaining(), People: people,
	}
	if o.State != KeyValid && o.State != KeyUnregistered { // its licenses are the pool's again
		none := int64(0)
		o.Maximum, o.Available = &none, &none
	}
	return o
}

// KeyFilter chooses keys. Empty members choose all, but deleted ones are shown
// only when they are asked for.
type KeyFilter struct {
	OrganizationID string
	SubscriptionID string
	Kind           KeyKind
	State          KeyState
	Search         string // last four characters, part of the name, or a whole key
}

// Keys lists keys for staff and for the members of an organization who look
// after them.
func (s *Service) Keys(ctx context.Context, actor identity.Actor, f KeyFilter, l database.Listing) (database.Page[OwnedKey], error) {
	sight, err := actor.See(f.OrganizationID, identity.AnyStaff...)
	if err != nil {
		return database.Page[OwnedKey]{}, err
	}
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return database.Page[OwnedKey]{}, err
	}
	today := dayIn(publisher.Zone, s.now())
	lookup := s.lookup(licensefile.NormalizeKey(f.Search))
	var page database.Page[OwnedKey]
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		found, err := listKeys(q, f, lookup, sight, today, l)
		if err != nil {
			return err
		}
		page.Next, page.Items = found.Next, make([]OwnedKey, len(found.Items))
		for i := range found.Items {
			if page.Items[i], err = s.ownedKey(q, &found.Items[i], today); err != nil {
				return err
			}
		}
		return nil
	})
	return page, err
}

// ownedKey completes a key that was scanned.
func (s *Service) ownedKey(q database.Querier, stored *storedKey, today licensefile.Date) (OwnedKey, error) {
	t, err := s.withOffer(q, &stored.terms)
	if err != nil {
		return OwnedKey{}, err
	}
	return t.owned(stored.rows, stored.people, today), nil
}

// KeyByID gives a key to those who look after it; not_found to everybody else,
// and when there is none.
func (s *Service) KeyByID(ctx context.Context, actor identity.Actor, id string) (OwnedKey, error) {
	found, err := s.keyByID(ctx, id)
	if err != nil {
		return OwnedKey{}, err
	}
	return found, actor.RequireKey(found.OrganizationID, id, identity.AnyStaff...)
}

func (s *Service) keyByID(ctx context.Context, id string) (OwnedKey, error) {
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return OwnedKey{}, err
	}
	today := dayIn(publisher.Zone, s.now())
	q := s.DB.Read(ctx)
	stored, err := findKey(q, id, today)
	if err != nil {
		return OwnedKey{}, err
	}
	return s.ownedKey(q, &stored, today)
}

// findKey gives a key as stored, or not_found.
func findKey(q database.Querier, id string, today licensefile.Date) (storedKey, error) {
	stored, err := loadKey(q, id, today)
	if errors.Is(err, database.ErrNoRows) {
		return stored, problem.New(problem.NotFound)
	}
	return stored, err
}

// RevealKey gives a key in full to those who look after it, and records that
// they saw it. Errors: not_found, forbidden.
func (s *Service) RevealKey(ctx context.Context, actor identity.Actor, id string) (IssuedKey, error) {
	found, err := s.keyByID(ctx, id)
	if err != nil {
		return IssuedKey{}, err
	}
	if err := actor.RequireKey(found.OrganizationID, id, identity.SellersAndHelpers...); err != nil {
		return IssuedKey{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		return event.Record(tx, event.Event{
			At: s.now(), Kind: "key.revealed", Actor: actor.Actor, OrganizationID: found.OrganizationID,
			Subject: event.Subject{Kind: "key", ID: id},
		})
	})
	if err != nil {
		return IssuedKey{}, err
	}
	text, err := s.reveal(s.DB.Read(ctx), id)
	return IssuedKey{ID: id, Key: text}, err
}
