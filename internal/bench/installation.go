package bench

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/licensefile"
)

// Publisher is whom installations of a load ask, and for what.
type Publisher struct {
	ID          string // urn:uuid:…
	Product     string // code
	LicenseType string // code
}

// Installation is one row of a load: an installation key with one slot.
type Installation struct {
	publisher Publisher
	key       ed25519.PrivateKey
	thumb     string
	site      licensefile.Site
	about     licensefile.About
	random    io.Reader
	now       func() time.Time

	sequence int64 // of the last request signed
	serial   int64 // of the license that will be held when it is answered
}

// NewInstallation makes a key pair and a site. Randomness comes from random
// alone.
func NewInstallation(p Publisher, random io.Reader, now func() time.Time) (*Installation, error) {
	_, key, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, err
	}
	site, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return nil, err
	}
	return &Installation{
		publisher: p,
		key:       key,
		thumb:     licensefile.Thumbprint(key.Public().(ed25519.PublicKey)),
		site:      licensefile.Site{ID: site.String(), Name: "Headquarters"},
		about: licensefile.About{
			Product: p.Product, Version: "9.1.0", HostName: "mdm.example.com", OperatingSystem: "Linux",
			Fingerprint: map[string]string{"machine": "c2FsdGVkLW1hY2hpbmUtaWQ"},
		},
		random: random,
		now:    now,
	}, nil
}

// Thumbprint gives the id of the installation.
func (i *Installation) Thumbprint() string { return i.thumb }

// Serial gives the serial that the last signed request will be answered with.
func (i *Installation) Serial() int64 { return i.serial }

// Preview signs a preview of a key.
func (i *Installation) Preview(key string) (string, error) {
	return i.sign(licensefile.Request{Kind: licensefile.KindPreview, Key: key})
}

// Activate signs an activation with a key.
func (i *Installation) Activate(key string) (string, error) {
	return i.next(licensefile.Request{Kind: licensefile.KindActivate, Key: key})
}

// CheckIn signs a call home that brings a day's usage.
func (i *Installation) CheckIn() (string, error) {
	return i.next(licensefile.Request{Kind: licensefile.KindCheckIn, Usage: i.usage()})
}

// Refresh signs a refresh.
func (i *Installation) Refresh() (string, error) {
	return i.next(licensefile.Request{Kind: licensefile.KindRefresh})
}

// Deactivate signs a deactivation.
func (i *Installation) Deactivate() (string, error) {
	return i.next(licensefile.Request{Kind: licensefile.KindDeactivate})
}

// usageMetric is what a load's plan counts.
const usageMetric = "devices"

// usage is the last day's, in which one device more was seen at most.
func (i *Installation) usage() []licensefile.Usage {
	to := i.now().UTC().Truncate(time.Microsecond)
	return []licensefile.Usage{{Metric: usageMetric, From: to.Add(-24 * time.Hour), To: to, Used: 40, Peak: 41}}
}

// next signs a request that takes a sequence, in the hope that every request
// before it is answered with a license one serial higher.
func (i *Installation) next(r licensefile.Request) (string, error) {
	r.Sequence = i.sequence + 1
	r.Previous = i.serial
	compact, err := i.sign(r)
	if err == nil {
		i.sequence++
		i.serial++
	}
	return compact, err
}

func (i *Installation) sign(r licensefile.Request) (string, error) {
	var nonce [18]byte
	if _, err := io.ReadFull(i.random, nonce[:]); err != nil {
		return "", err
	}
	r.Method = licensefile.Online
	r.Audience = i.publisher.ID
	r.IssuedAt = licensefile.At(i.now())
	r.Nonce = base64.RawURLEncoding.EncodeToString(nonce[:])
	r.Slot = licensefile.SlotRef{Site: i.site, LicenseType: i.publisher.LicenseType}
	r.About = i.about
	return licensefile.SealRequest(r, i.key)
}

// serialMember begins the serial in a license's payload.
var serialMember = []byte(`"serial":`)

// AnsweredSerial reads the serial of a signed answer without checking it: the
// cheap look that every answer of a load gets. A preview's receipt has none.
func AnsweredSerial(compact []byte) (int64, error) {
	_, rest, ok := bytes.Cut(compact, []byte("."))
	payload, _, ok2 := bytes.Cut(rest, []byte("."))
	if !ok || !ok2 {
		return 0, errors.New("the answer is no signed message")
	}
	plain := make([]byte, base64.RawURLEncoding.DecodedLen(len(payload)))
	if _, err := base64.RawURLEncoding.Decode(plain, payload); err != nil {
		return 0, fmt.Errorf("the answer is no signed message: %w", err)
	}
	_, rest, ok = bytes.Cut(plain, serialMember)
	if !ok {
		return 0, nil
	}
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	return strconv.ParseInt(string(rest[:end]), 10, 64)
}
