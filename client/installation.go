package client

import (
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/licethq/licet/licensefile"
)

// Installation is everything that a Client remembers. A Store keeps it; only
// the Client changes it.
type Installation struct {
	// Seed is the Ed25519 private key's seed: 32 secret bytes. Whoever has it is
	// this installation.
	Seed []byte `json:"seed"`

	// Revocations is the publisher's newest revocation list, signed; empty with none.
	Revocations string `json:"revocations,omitempty"`

	Slots []Slot `json:"slots,omitempty"`
}

// Slot is what an installation remembers of one slot (a row): a site and a
// license type. A deactivated slot stays as a tombstone.
type Slot struct {
	Ref licensefile.SlotRef `json:"ref"`

	ID      string `json:"id,omitempty"`      // slot id; given with the first license
	Serial  int64  `json:"serial"`            // greatest accepted; 0 with none
	License string `json:"license,omitempty"` // the signed license held; empty with none

	Deactivated bool   `json:"deactivated,omitempty"`
	Released    bool   `json:"released,omitempty"` // the publisher has confirmed the deactivation
	Reason      string `json:"reason,omitempty"`   // why the publisher ended the row, if it did

	Sequence int64    `json:"sequence"` // of the newest request ever signed
	Pending  *Pending `json:"pending,omitempty"`

	Time        licensefile.TrustedTime `json:"time"`
	LastContact time.Time               `json:"last_contact"` // iat of the newest accepted answer

	Used      int64      `json:"used"`                 // as last told by SetUsed or an accepted request
	OverSince *time.Time `json:"over_since,omitempty"` // see licensefile.OverClock
}

// Pending is a signed request whose answer has not come.
type Pending struct {
	Compact string `json:"compact"` // the request, exactly as signed; may hold a license key

	Kind     licensefile.Kind   `json:"kind"`
	Method   licensefile.Method `json:"method"`
	Sequence int64              `json:"sequence"`
	Previous int64              `json:"previous"`
	Nonce    string             `json:"nonce"`
	Key      string             `json:"key,omitempty"` // masked
	Made     time.Time          `json:"made"`          // by the installation's clock
}

// File gives the request as an armored file.
func (p *Pending) File() []byte {
	return licensefile.Armor(licensefile.ArmorRequest, p.Compact)
}

// Active reports whether the slot holds a license.
func (s *Slot) Active() bool { return !s.Deactivated && s.License != "" }

// Store keeps an Installation. FileStore is one; a program with a database of
// its own writes another.
type Store interface {
	// Load gives the installation last saved, or nil and no error when none ever was.
	Load(ctx context.Context) (*Installation, error)

	// Save replaces the installation as a whole. When it returns nil the change
	// must survive the death of the process and the loss of power: a request
	// leaves, and an answer is believed, only after Save. When it returns an
	// error, either state may be found later. It must not keep in.
	Save(ctx context.Context, in *Installation) error
}

// privateKey gives the installation's key pair.
func (in *Installation) privateKey() (ed25519.PrivateKey, error) {
	if len(in.Seed) != ed25519.SeedSize {
		return nil, errors.New("client: the stored installation has no usable key")
	}
	return ed25519.NewKeyFromSeed(in.Seed), nil
}

// thumbprint gives the installation's id.
func (in *Installation) thumbprint() (string, error) {
	key, err := in.privateKey()
	if err != nil {
		return "", err
	}
	return licensefile.Thumbprint(key.Public().(ed25519.PublicKey)), nil
}

// slot finds a slot by site id and license type; nil if there is none.
func (in *Installation) slot(ref licensefile.SlotRef) *Slot {
	for i := range in.Slots {
		if sameSlot(in.Slots[i].Ref, ref) {
			return &in.Slots[i]
		}
	}
	return nil
}

// ensureSlot finds a slot or makes it, and takes over the site's current name,
// which is only a label.
func (in *Installation) ensureSlot(ref licensefile.SlotRef) *Slot {
	if s := in.slot(ref); s != nil {
		if ref.Site.Name != "" {
			s.Ref.Site.Name = ref.Site.Name
		}
		return s
	}
	in.Slots = append(in.Slots, Slot{Ref: ref})
	return &in.Slots[len(in.Slots)-1]
}

// sameSlot compares what names a slot, not its labels.
func sameSlot(a, b licensefile.SlotRef) bool {
	return a.Site.ID == b.Site.ID && a.LicenseType == b.LicenseType
}

// clone copies an installation, so that a change which cannot be stored leaves
// no trace.
func (in *Installation) clone() *Installation {
	c := *in
	c.Seed = slices.Clone(in.Seed)
	c.Slots = slices.Clone(in.Slots)
	for i := range c.Slots {
		c.Slots[i] = c.Slots[i].clone()
	}
	return &c
}

// clone copies a slot.
func (s *Slot) clone() Slot {
	c := *s
	c.Pending = clonePointer(s.Pending)
	c.OverSince = clonePointer(s.OverSince)
	return c
}

// cloneLicense copies a license, so that a caller may keep and change it.
func cloneLicense(l *licensefile.License) *licensefile.License {
	c := *l
	c.Grant.Entitlements = maps.Clone(l.Grant.Entitlements)
	c.Grant.End = clonePointer(l.Grant.End)
	c.Grant.Maximum = clonePointer(l.Grant.Maximum)
	c.Grant.Unused = clonePointer(l.Grant.Unused)
	return &c
}

// clonePointer copies what a pointer points to; nil stays nil.
func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
