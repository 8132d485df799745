package servertest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/google/uuid"

	"github.com/licethq/licet/licensefile"
)

// Installation speaks to a publisher by hand: it signs what a test says.
type Installation struct {
	Publisher string // id
	Product   string // code
	Slot      licensefile.SlotRef
	Key       ed25519.PrivateKey

	sequence int64
	previous int64
}

// NewInstallation makes a key pair and a site.
func NewInstallation(t testing.TB, publisher, product, licenseType string) *Installation {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &Installation{
		Publisher: publisher, Product: product, Key: key,
		Slot: licensefile.SlotRef{Site: licensefile.Site{ID: uuid.NewString(), Name: "Main"}, LicenseType: licenseType},
	}
}

// Request makes the next request of the slot.
func (i *Installation) Request(kind licensefile.Kind, method licensefile.Method, key string, issued licensefile.NumericDate) licensefile.Request {
	var nonce [12]byte
	_, _ = rand.Read(nonce[:]) // never fails
	r := licensefile.Request{
		Kind: kind, Method: method, Audience: i.Publisher, IssuedAt: issued, Nonce: hex.EncodeToString(nonce[:]), Key: key,
		Slot: i.Slot, About: licensefile.About{Product: i.Product, HostName: "mac-server", Version: "1.0"}, Previous: i.previous,
	}
	if kind != licensefile.KindPreview {
		i.sequence++
		r.Sequence = i.sequence
	}
	return r
}

// Holds notes the serial of the license that the slot holds now.
func (i *Installation) Holds(serial int64) { i.previous = serial }

// Seal signs a request.
func (i *Installation) Seal(t testing.TB, r licensefile.Request) string {
	t.Helper()
	compact, err := licensefile.SealRequest(r, i.Key)
	if err != nil {
		t.Fatalf("seal a request: %v", err)
	}
	return compact
}
