package agent_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/licensefile"
)

// publisher is a small publisher: it checks what it is sent with the real code of
// licensefile and signs real answers, in memory, by the clock it is given. It is
// reached without a network, so that it works under a fake clock.
type publisher struct {
	trust  *licensefile.Trust
	signer *licensefile.Signer
	id     string
	now    func() time.Time

	mu       sync.Mutex
	keys     map[string]*soldKey
	slots    map[string]*soldSlot
	requests []licensefile.Request // accepted ones
	away     bool                  // the network is down
	deaf     int                   // so many requests are taken, but their answers are lost
	refuse   string                // code to refuse everything with
}

// soldKey is what a key grants.
type soldKey struct {
	licenseType string
	maximum     int64
	offline     bool
	end         time.Time
	policy      licensefile.Policy
	suspended   bool
	holder      string // slot
}

// soldSlot is what the publisher knows of a slot.
type soldSlot struct {
	id, key      string
	ref          licensefile.SlotRef
	thumbprint   string
	method       licensefile.Method
	serial       int64
	sequence     int64
	digest       [32]byte
	answer       string
	ended        bool
	endReason    string
	used         int64
	overSince    *time.Time
	lastReported time.Time
}

func testPolicy() licensefile.Policy {
	return licensefile.Policy{
		OverLimit: licensefile.OverLimitNotify, OverLimitGrace: licensefile.SecondsOf(7 * 24 * time.Hour), WarnPercent: 90,
		RefreshEvery: licensefile.SecondsOf(24 * time.Hour), ReportEvery: licensefile.SecondsOf(7 * 24 * time.Hour),
		CheckInEvery: licensefile.SecondsOf(24 * time.Hour),
	}
}

const lease = 30 * 24 * time.Hour

func newPublisher(t *testing.T, now func() time.Time) *publisher {
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
	return &publisher{
		trust: trust, signer: signer, id: id, now: now,
		keys: map[string]*soldKey{}, slots: map[string]*soldSlot{},
	}
}

// sell makes a key of a type with so many licenses.
func (p *publisher) sell(key, licenseType string, maximum int64, change ...func(*soldKey)) {
	k := &soldKey{licenseType: licenseType, maximum: maximum, end: p.now().AddDate(1, 0, 0).Truncate(time.Second), policy: testPolicy()}
	for _, c := range change {
		c(k)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[licensefile.NormalizeKey(key)] = k
}

// change changes what a key grants.
func (p *publisher) change(key string, change func(*soldKey)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p.keys[licensefile.NormalizeKey(key)])
}

// with runs a function while nothing else happens at the publisher.
func (p *publisher) with(f func(p *publisher)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

// kinds lists the kinds of the accepted requests.
func (p *publisher) kinds() []licensefile.Kind {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kinds []licensefile.Kind
	for _, r := range p.requests {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

// client gives an HTTP client that reaches the publisher and nothing else.
func (p *publisher) client() *http.Client { return &http.Client{Transport: p} }

// RoundTrip answers a request of the exchange.
func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return nil, errors.New("no route to host")
	}
	if p.refuse != "" {
		return problemResponse(p.refuse), nil
	}
	answer, refusal := p.exchange(string(body))
	if p.deaf > 0 {
		p.deaf--
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

// takeFile answers a request file, as the portal does.
func (p *publisher) takeFile(t *testing.T, file []byte) []byte {
	t.Helper()
	_, compact, err := licensefile.Dearmor(file)
	must(t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	answer, refusal := p.exchange(compact)
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

// exchange takes a signed request and gives a signed answer, or the code of a refusal.
func (p *publisher) exchange(compact string) (answer, refusal string) {
	signed, err := licensefile.OpenRequest(compact, p.id)
	if err != nil {
		return "", licensefile.CodeOf(err)
	}
	r := signed.Request
	if r.Kind == licensefile.KindPreview {
		return p.preview(signed)
	}
	name := signed.Thumbprint + r.Slot.Site.ID + r.Slot.LicenseType
	s := p.slots[name]
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
	p.requests = append(p.requests, r)
	s.sequence, s.digest, s.ref = r.Sequence, signed.Digest, r.Slot
	for _, u := range r.Usage {
		s.used = u.Used
		s.lastReported = p.now()
	}
	s.overSince = r.OverSince
	switch {
	case s.ended:
		s.answer = p.receipt(s, r, licensefile.StatusDeactivated)
	case r.Kind == licensefile.KindDeactivate:
		s.ended = true
		p.keys[s.key].holder = ""
		s.answer = p.receipt(s, r, licensefile.StatusDeactivated)
	case r.Kind == licensefile.KindReport:
		s.answer = p.receipt(s, r, licensefile.StatusTaken)
	default:
		s.answer = p.license(s)
	}
	return s.answer, ""
}

func (p *publisher) activate(signed *licensefile.SignedRequest, name string) (*soldSlot, string) {
	r := signed.Request
	k := p.keys[r.Key]
	switch {
	case k == nil:
		return nil, "key_unknown"
	case k.licenseType != r.Slot.LicenseType:
		return nil, "wrong_license_type"
	case k.holder != "" && k.holder != name:
		return nil, "key_in_use"
	case r.Method == licensefile.Offline && !k.offline:
		return nil, "offline_not_allowed"
	}
	s := p.slots[name]
	if s == nil {
		s = &soldSlot{id: uuid.NewString(), thumbprint: signed.Thumbprint}
		p.slots[name] = s
	}
	if s.key != "" && s.key != r.Key {
		p.keys[s.key].holder = ""
	}
	s.key, s.method, s.ended, s.endReason, s.used = r.Key, r.Method, false, "", 0
	k.holder = name
	return s, ""
}

func (p *publisher) license(s *soldSlot) string {
	k := p.keys[s.key]
	s.serial++
	now := p.now()
	expires := k.end
	if by := now.Add(lease); s.method == licensefile.Online && by.Before(expires) {
		expires = by
	}
	maximum, unused := k.maximum, max(0, k.maximum-s.used)
	l := licensefile.License{
		Issuer: p.id, Subject: s.id, Audience: "fleet-manager", IssuedAt: licensefile.At(now), Expires: licensefile.At(expires),
		ID: uuid.NewString(), Serial: s.serial, Confirm: licensefile.Confirmation{Thumbprint: s.thumbprint},
		Grant: licensefile.Grant{
			Key: licensefile.MaskKey(s.key), KeyKind: licensefile.KeyKindPrimary, Product: "Fleet Manager", Plan: "Standard",
			LicenseType: k.licenseType, TypeName: k.licenseType, Metric: "devices", Model: "subscription", Site: s.ref.Site,
			Method: s.method, IssueDate: "2026-01-01", EndDate: licensefile.Date(k.end.Format(time.DateOnly)), End: &k.end,
			Maximum: &maximum, Used: s.used, Unused: &unused, Suspended: k.suspended, Policy: k.policy,
		},
	}
	compact, err := licensefile.SealLicense(l, p.signer)
	if err != nil {
		panic(err)
	}
	return compact
}

func (p *publisher) receipt(s *soldSlot, r licensefile.Request, status string) string {
	if status == licensefile.StatusDeactivated {
		s.serial++
	}
	return p.seal(licensefile.Receipt{
		Issuer: p.id, Subject: s.id, Audience: "fleet-manager", IssuedAt: licensefile.At(p.now()), ID: uuid.NewString(), Serial: s.serial,
		Confirm: licensefile.Confirmation{Thumbprint: s.thumbprint},
		Body:    licensefile.ReceiptBody{Kind: r.Kind, Nonce: r.Nonce, Slot: r.Slot, Status: status, Reason: s.endReason},
	})
}

func (p *publisher) preview(signed *licensefile.SignedRequest) (answer, refusal string) {
	r := signed.Request
	k := p.keys[r.Key]
	if k == nil {
		return "", "key_unknown"
	}
	return p.seal(licensefile.Receipt{
		Issuer: p.id, Audience: "fleet-manager", IssuedAt: licensefile.At(p.now()), ID: uuid.NewString(),
		Confirm: licensefile.Confirmation{Thumbprint: signed.Thumbprint},
		Body: licensefile.ReceiptBody{
			Kind: r.Kind, Nonce: r.Nonce, Slot: r.Slot, Status: licensefile.StatusPreview,
			Preview: &licensefile.Preview{
				Product: "Fleet Manager", Plan: "Standard", LicenseType: k.licenseType, TypeName: k.licenseType,
				Metric: "devices", Model: "subscription", IssueDate: "2026-01-01", Maximum: &k.maximum, InUse: k.holder != "",
			},
		},
	}), ""
}

func (p *publisher) seal(r licensefile.Receipt) string {
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
