// Package agenttest is a small publisher for tests of the agent: it checks what it
// is sent with the real code of licensefile and signs real answers, in memory.
package agenttest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/licensefile"
)

// Publisher answers the exchange by the clock it is given. It is reached without a
// network, so that it works under a fake clock.
type Publisher struct {
	Trust  *licensefile.Trust
	signer *licensefile.Signer
	id     string
	now    func() time.Time

	mu       sync.Mutex
	Keys     map[string]*SoldKey
	Slots    map[string]*SoldSlot
	Requests []licensefile.Request // accepted ones
	Away     bool                  // the network is down
	Deaf     int                   // so many requests are taken, but their answers are lost
	Refuse   string                // code to refuse everything with

	Desk Desk // where agents sign in by code
}

// SoldKey is what a key grants.
type SoldKey struct {
	LicenseType string
	Maximum     int64
	Offline     bool // may be activated by file
	End         time.Time
	Policy      licensefile.Policy
	Suspended   bool
	Holder      string // slot

	Unregistered bool // belongs to no organization yet
}

// SoldSlot is what the publisher knows of a slot.
type SoldSlot struct {
	id, key      string
	ref          licensefile.SlotRef
	thumbprint   string
	method       licensefile.Method
	serial       int64
	sequence     int64
	digest       [32]byte
	answer       string
	Ended        bool
	EndReason    string
	Used         int64
	overSince    *time.Time
	lastReported time.Time
}

// testPolicy is a plan as publishers start from.
func testPolicy() licensefile.Policy {
	return licensefile.Policy{
		OverLimit: licensefile.OverLimitNotify, OverLimitGrace: licensefile.SecondsOf(7 * 24 * time.Hour), WarnPercent: 90,
		RefreshEvery: licensefile.SecondsOf(24 * time.Hour), ReportEvery: licensefile.SecondsOf(7 * 24 * time.Hour),
		CheckInEvery: licensefile.SecondsOf(24 * time.Hour),
	}
}

// Lease is how long an online license lasts.
const Lease = 30 * 24 * time.Hour

// NewPublisher gives a publisher without keys.
func NewPublisher(t testing.TB, now func() time.Time) *Publisher {
	t.Helper()
	id := "urn:uuid:" + uuid.NewString()
	_, rootKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	public, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	from := now().Add(-time.Hour)
	root, err := licensefile.NewRoot(id, "Example Publisher", rootKey, from, from.AddDate(50, 0, 0), rand.Reader)
	must(t, err)
	leaf, err := licensefile.NewSigningCertificate(root, rootKey, public, from, from.AddDate(12, 0, 0), rand.Reader)
	must(t, err)
	signer, err := licensefile.NewSigner(leaf, key)
	must(t, err)
	trust, err := licensefile.ParseTrust(licensefile.TrustPEM(root))
	must(t, err)
	return &Publisher{
		Trust: trust, signer: signer, id: id, now: now,
		Keys: map[string]*SoldKey{}, Slots: map[string]*SoldSlot{},
	}
}

// Sell makes a key of a type with so many licenses.
func (p *Publisher) Sell(key, licenseType string, maximum int64, change ...func(*SoldKey)) {
	k := &SoldKey{LicenseType: licenseType, Maximum: maximum, End: p.now().AddDate(1, 0, 0).Truncate(time.Second), Policy: testPolicy()}
	for _, c := range change {
		c(k)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Keys[licensefile.NormalizeKey(key)] = k
}

// Change changes what a key grants.
func (p *Publisher) Change(key string, change func(*SoldKey)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p.Keys[licensefile.NormalizeKey(key)])
}

// With runs a function while nothing else happens at the publisher.
func (p *Publisher) With(f func(p *Publisher)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

// Kinds lists the kinds of the accepted requests.
func (p *Publisher) Kinds() []licensefile.Kind {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kinds []licensefile.Kind
	for _, r := range p.Requests {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

// Client gives an HTTP client that reaches the publisher and nothing else.
func (p *Publisher) Client() *http.Client { return &http.Client{Transport: p} }

// RoundTrip answers a request of the exchange.
func (p *Publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Away {
		return nil, errors.New("no route to host")
	}
	if p.Refuse != "" {
		return problemResponse(p.Refuse), nil
	}
	if strings.HasPrefix(r.URL.Path, managementPath) {
		return p.Desk.serve(p, r, body), nil
	}
	answer, refusal := p.Exchange(string(body))
	if p.Deaf > 0 {
		p.Deaf--
		return nil, errors.New("connection reset")
	}
	if refusal != "" {
		return problemResponse(refusal), nil
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/jose"}},
		Body: io.NopCloser(bytes.NewReader([]byte(answer))), Request: r,
	}, nil
}

func problemResponse(code string) *http.Response {
	body, err := json.Marshal(map[string]any{"code": code, "detail": "The publisher says: " + code + "."})
	if err != nil {
		panic(err)
	}
	return &http.Response{
		StatusCode: http.StatusConflict, Header: http.Header{"Content-Type": {"application/problem+json"}},
		Body: io.NopCloser(bytes.NewReader(body)),
	}
}

// TakeFile answers a request file, as the portal does.
func (p *Publisher) TakeFile(t testing.TB, file []byte) []byte {
	t.Helper()
	_, compact, err := licensefile.Dearmor(file)
	must(t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	answer, refusal := p.Exchange(compact)
	if refusal != "" {
		t.Fatalf("the publisher refused the file: %s", refusal)
	}
	peeked, err := licensefile.Peek(answer)
	must(t, err)
	if peeked.Type == licensefile.TypeLicense {
		return licensefile.Armor(licensefile.ArmorLicense, answer)
	}
	return licensefile.Armor(licensefile.ArmorReceipt, answer)
}

// Exchange takes a signed request and gives a signed answer, or the code of a refusal.
func (p *Publisher) Exchange(compact string) (answer, refusal string) {
	signed, err := licensefile.OpenRequest(compact, p.id)
	if err != nil {
		return "", licensefile.CodeOf(err)
	}
	r := signed.Request
	if r.Kind == licensefile.KindPreview {
		return p.preview(signed)
	}
	name := signed.Thumbprint + r.Slot.Site.ID + r.Slot.LicenseType
	s := p.Slots[name]
	if s != nil && s.digest == signed.Digest {
		return s.answer, ""
	}
	if r.Kind == licensefile.KindActivate {
		if s, refusal = p.activate(signed, name); refusal != "" {
			return "", refusal
		}
	}
	if s == nil {
		return "", "not_activated"
	}
	p.Requests = append(p.Requests, r)
	s.sequence, s.digest, s.ref = r.Sequence, signed.Digest, r.Slot
	for _, u := range r.Usage {
		s.Used = u.Used
		s.lastReported = p.now()
	}
	s.overSince = r.OverSince
	switch {
	case s.Ended:
		s.answer = p.receipt(s, r, licensefile.StatusDeactivated)
	case r.Kind == licensefile.KindDeactivate:
		s.Ended = true
		p.Keys[s.key].Holder = ""
		s.answer = p.receipt(s, r, licensefile.StatusDeactivated)
	case r.Kind == licensefile.KindReport:
		s.answer = p.receipt(s, r, licensefile.StatusTaken)
	default:
		s.answer = p.license(s)
	}
	return s.answer, ""
}

func (p *Publisher) activate(signed *licensefile.SignedRequest, name string) (*SoldSlot, string) {
	r := signed.Request
	k := p.Keys[r.Key]
	switch {
	case k == nil:
		return nil, "key_unknown"
	case k.LicenseType != r.Slot.LicenseType:
		return nil, "wrong_license_type"
	case k.Unregistered:
		return nil, "key_not_registered"
	case k.Holder != "" && k.Holder != name:
		return nil, "key_in_use"
	case r.Method == licensefile.Offline && !k.Offline:
		return nil, "offline_not_allowed"
	}
	s := p.Slots[name]
	if s == nil {
		s = &SoldSlot{id: uuid.NewString(), thumbprint: signed.Thumbprint}
		p.Slots[name] = s
	}
	if s.key != "" && s.key != r.Key {
		p.Keys[s.key].Holder = ""
	}
	s.key, s.method, s.Ended, s.EndReason, s.Used = r.Key, r.Method, false, "", 0
	k.Holder = name
	return s, ""
}

func (p *Publisher) license(s *SoldSlot) string {
	k := p.Keys[s.key]
	s.serial++
	now := p.now()
	expires := k.End
	if by := now.Add(Lease); s.method == licensefile.Online && by.Before(expires) {
		expires = by
	}
	maximum, unused := k.Maximum, max(0, k.Maximum-s.Used)
	l := licensefile.License{
		Issuer: p.id, Subject: s.id, Audience: "fleet-manager", IssuedAt: licensefile.At(now), Expires: licensefile.At(expires),
		ID: uuid.NewString(), Serial: s.serial, Confirm: licensefile.Confirmation{Thumbprint: s.thumbprint},
		Grant: licensefile.Grant{
			Key: licensefile.MaskKey(s.key), KeyKind: licensefile.KeyKindPrimary, Product: "Fleet Manager", Plan: "Standard",
			LicenseType: k.LicenseType, TypeName: k.LicenseType, Metric: "devices", Model: "subscription", Site: s.ref.Site,
			Method: s.method, IssueDate: "2026-01-01", EndDate: licensefile.Date(k.End.Format(time.DateOnly)), End: &k.End,
			Maximum: &maximum, Used: s.Used, Unused: &unused, Suspended: k.Suspended, Policy: k.Policy,
		},
	}
	compact, err := licensefile.SealLicense(l, p.signer)
	if err != nil {
		panic(err)
	}
	return compact
}

func (p *Publisher) receipt(s *SoldSlot, r licensefile.Request, status string) string {
	if status == licensefile.StatusDeactivated {
		s.serial++
	}
	return p.seal(licensefile.Receipt{
		Issuer: p.id, Subject: s.id, Audience: "fleet-manager", IssuedAt: licensefile.At(p.now()), ID: uuid.NewString(), Serial: s.serial,
		Confirm: licensefile.Confirmation{Thumbprint: s.thumbprint},
		Body:    licensefile.ReceiptBody{Kind: r.Kind, Nonce: r.Nonce, Slot: r.Slot, Status: status, Reason: s.EndReason},
	})
}

func (p *Publisher) preview(signed *licensefile.SignedRequest) (answer, refusal string) {
	r := signed.Request
	k := p.Keys[r.Key]
	if k == nil {
		return "", "key_unknown"
	}
	return p.seal(licensefile.Receipt{
		Issuer: p.id, Audience: "fleet-manager", IssuedAt: licensefile.At(p.now()), ID: uuid.NewString(),
		Confirm: licensefile.Confirmation{Thumbprint: signed.Thumbprint},
		Body: licensefile.ReceiptBody{
			Kind: r.Kind, Nonce: r.Nonce, Slot: r.Slot, Status: licensefile.StatusPreview,
			Preview: &licensefile.Preview{
				Product: "Fleet Manager", Plan: "Standard", LicenseType: k.LicenseType, TypeName: k.LicenseType,
				Metric: "devices", Model: "subscription", IssueDate: "2026-01-01", Maximum: &k.Maximum, InUse: k.Holder != "",
				Problem: map[bool]string{true: "key_not_registered"}[k.Unregistered],
			},
		},
	}), ""
}

func (p *Publisher) seal(r licensefile.Receipt) string {
	compact, err := licensefile.SealReceipt(r, p.signer)
	if err != nil {
		panic(err)
	}
	return compact
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
