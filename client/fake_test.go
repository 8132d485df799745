package client_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/licensefile"
)

const (
	publisherID = "urn:uuid:0197a1b2-0000-7000-8000-00000000000a"
	siteID      = "0197a1b2-1111-7111-8111-111111111111"
	product     = "mac-management"
	key         = "ABCD-1234-EFGH-5678"
	otherKey    = "ABCD-1234-EFGH-9999"
)

var (
	start   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	desktop = licensefile.SlotRef{Site: licensefile.Site{ID: siteID, Name: "Main office"}, LicenseType: "desktop"}
	mobile  = licensefile.SlotRef{Site: licensefile.Site{ID: siteID, Name: "Main office"}, LicenseType: "mobile"}
)

// must ends the test run on errors that only a broken fixture can have.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func randOf(name string) *rand.ChaCha8 { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

// publisher is a small publisher: it keeps the rules of the exchange that a
// client depends on, and can be told to misbehave.
type publisher struct {
	rootKey         ed25519.PrivateKey
	rootDER         []byte
	leafDER         []byte
	signer          *licensefile.Signer
	trust           *licensefile.Trust
	server          *httptest.Server
	maximum         int64
	lease           time.Duration
	policy          licensefile.Policy
	revocationList  string                                       // goes along with every answer
	mangle          func(compact string) string                  // changes what is sent
	lose            atomic.Bool                                  // acts, but the answer never arrives
	refuse          func(licensefile.Request) *refusal           // instead of acting
	edit            func(*licensefile.License)                   // before sealing
	editReceipt     func(*licensefile.Receipt)                   // before sealing
	answerInstead   func(w http.ResponseWriter, r *http.Request) // instead of the exchange
	mu              sync.Mutex
	now             time.Time
	rows            map[string]*row
	bodies          []string
	forks           int
	lastRequest     licensefile.Request
	lastAnswer      string
	distinctDigests map[[32]byte]bool
}

// row is what the publisher knows of a slot.
type row struct {
	id               string
	serial, sequence int64
	previous         int64
	digest           [32]byte
	answer           string
	key              string
	live             bool
	endedBy          string
}

// refusal is a problem to answer with.
type refusal struct {
	status  int
	header  map[string]string
	body    string
	highest int64
}

func newPublisher() *publisher {
	p := &publisher{
		rootKey: keyOf("root"), maximum: 10, lease: 30 * 24 * time.Hour, now: start,
		rows: map[string]*row{}, distinctDigests: map[[32]byte]bool{},
		policy: licensefile.Policy{OverLimit: licensefile.OverLimitGrace, OverLimitGrace: 7 * 86400},
	}
	from, to := start.AddDate(-1, 0, 0), start.AddDate(29, 0, 0)
	p.rootDER = must(licensefile.NewRoot(publisherID, "Example Software", p.rootKey, from, to, randOf("root")))
	p.trust = must(licensefile.ParseTrust(licensefile.TrustPEM(p.rootDER)))
	p.leafDER, p.signer = p.certify("leaf")
	p.server = httptest.NewServer(p)
	return p
}

// certify makes a signing certificate.
func (p *publisher) certify(name string) ([]byte, *licensefile.Signer) {
	k := keyOf(name)
	der := must(licensefile.NewSigningCertificate(p.rootDER, p.rootKey, k.Public().(ed25519.PublicKey),
		start.AddDate(-1, 0, 0), start.AddDate(12, 0, 0), randOf(name)))
	return der, must(licensefile.NewSigner(der, k))
}

// revoke makes the numbered list that names certificates.
func (p *publisher) revoke(number int64, ders ...[]byte) string {
	list := licensefile.Revocations{Issuer: publisherID, IssuedAt: licensefile.At(p.now), Number: number}
	for _, der := range ders {
		list.Certificates = append(list.Certificates, licensefile.CertificateID(der))
	}
	return must(licensefile.SealRevocations(list, p.rootKey))
}

// ServeHTTP is the exchange.
func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.answerInstead != nil {
		p.answerInstead(w, r)
		return
	}
	body := must(io.ReadAll(r.Body))
	if r.URL.Path != "/exchange/v1" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/jose" {
		http.Error(w, "not the exchange", http.StatusNotFound)
		return
	}
	answer, refused := p.take(string(body))
	switch {
	case p.lose.Load():
		panic(http.ErrAbortHandler)
	case refused != nil:
		refused.write(w)
	default:
		if p.mangle != nil {
			answer = p.mangle(answer)
		}
		w.Header().Set("Content-Type", "application/jose")
		_, _ = io.WriteString(w, answer)
	}
}

// write sends the problem.
func (f *refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	for name, value := range f.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, f.body)
}

// problem makes a refusal.
func problem(status int, code string, highest int64) *refusal {
	body := must(json.Marshal(map[string]any{
		"status": status, "code": code, "detail": "A sentence about " + code + ".",
		"request_id": "req-1", "highest_sequence": highest, "type": "urn:licet:problem:" + code,
	}))
	return &refusal{status: status, body: string(body), highest: highest}
}

// take acts on a request, as the exchange says.
func (p *publisher) take(compact string) (string, *refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bodies = append(p.bodies, compact)
	signed, err := licensefile.OpenRequest(compact, publisherID)
	if err != nil {
		return "", problem(http.StatusBadRequest, licensefile.CodeOf(err), 0)
	}
	r := signed.Request
	p.lastRequest = r
	if p.refuse != nil {
		if f := p.refuse(r); f != nil {
			return "", f
		}
	}
	if r.Kind == licensefile.KindPreview {
		return p.preview(signed), nil
	}
	p.distinctDigests[signed.Digest] = true
	s := p.row(signed)
	switch {
	case s.digest == signed.Digest:
		return s.answer, nil
	case r.Sequence < s.sequence:
		return "", problem(http.StatusConflict, "request_superseded", s.sequence)
	case r.Sequence == s.sequence, r.Previous < s.previous:
		p.forks++
	}
	if r.Kind != licensefile.KindActivate && !s.live && s.endedBy == "" {
		return "", problem(http.StatusNotFound, "not_activated", 0)
	}
	s.digest, s.sequence, s.previous = signed.Digest, r.Sequence, r.Previous
	s.answer = p.act(s, signed)
	p.lastAnswer = s.answer
	return s.answer, nil
}

// row finds or makes the row of a request.
func (p *publisher) row(signed *licensefile.SignedRequest) *row {
	name := signed.Thumbprint + signed.Request.Slot.Site.ID + signed.Request.Slot.LicenseType
	if p.rows[name] == nil {
		p.rows[name] = &row{id: "slot-" + strconv.Itoa(len(p.rows)+1)}
	}
	return p.rows[name]
}

// act does what a request asks and gives the answer.
func (p *publisher) act(s *row, signed *licensefile.SignedRequest) string {
	r := signed.Request
	switch r.Kind {
	case licensefile.KindActivate:
		s.live, s.key, s.endedBy = true, r.Key, ""
	case licensefile.KindReport:
		if s.live {
			return p.receipt(s, signed, licensefile.StatusTaken)
		}
	case licensefile.KindDeactivate:
		if s.live {
			s.live = false
			s.serial = max(s.serial, r.Previous) + 1
		}
		return p.receipt(s, signed, licensefile.StatusDeactivated)
	}
	if !s.live {
		return p.receipt(s, signed, licensefile.StatusDeactivated)
	}
	s.serial = max(s.serial, r.Previous) + 1
	return p.license(s, signed.Thumbprint, r.Slot, r.Method)
}

// end ends a row from the portal.
func (p *publisher) end(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.rows {
		s.live, s.endedBy = false, reason
		s.serial++
	}
}

// license seals the row's current license.
func (p *publisher) license(s *row, thumbprint string, slot licensefile.SlotRef, method licensefile.Method) string {
	l := licensefile.License{
		Issuer: publisherID, Subject: s.id, Audience: product,
		IssuedAt: licensefile.At(p.now), Expires: licensefile.At(p.now.Add(p.lease)),
		ID: "jti-" + strconv.FormatInt(s.serial, 10), Serial: s.serial,
		Confirm: licensefile.Confirmation{Thumbprint: thumbprint},
		Grant: licensefile.Grant{
			Key: licensefile.MaskKey(s.key), KeyKind: licensefile.KeyKindPrimary, Product: "Mac Management", Plan: "Desktop",
			LicenseType: slot.LicenseType, Site: slot.Site, Method: method, Model: "subscription",
			Maximum: &p.maximum, Policy: p.policy,
		},
		Revocation: p.revocationList,
	}
	if p.edit != nil {
		p.edit(&l)
	}
	return must(p.signer.Seal(licensefile.TypeLicense, must(json.Marshal(l))))
}

// receipt seals a receipt about a row.
func (p *publisher) receipt(s *row, signed *licensefile.SignedRequest, status string) string {
	r := licensefile.Receipt{
		Issuer: publisherID, Subject: s.id, Audience: product, IssuedAt: licensefile.At(p.now), Serial: s.serial,
		Confirm: licensefile.Confirmation{Thumbprint: signed.Thumbprint},
		Body: licensefile.ReceiptBody{
			Kind: signed.Request.Kind, Nonce: signed.Request.Nonce, Slot: signed.Request.Slot, Status: status, Reason: s.endedBy,
		},
		Revocation: p.revocationList,
	}
	if p.editReceipt != nil {
		p.editReceipt(&r)
	}
	return must(licensefile.SealReceipt(r, p.signer))
}

// preview seals the receipt of a preview.
func (p *publisher) preview(signed *licensefile.SignedRequest) string {
	r := licensefile.Receipt{
		Issuer: publisherID, Audience: product, IssuedAt: licensefile.At(p.now),
		Confirm: licensefile.Confirmation{Thumbprint: signed.Thumbprint},
		Body: licensefile.ReceiptBody{
			Kind: signed.Request.Kind, Nonce: signed.Request.Nonce, Slot: signed.Request.Slot, Status: licensefile.StatusPreview,
			Preview: &licensefile.Preview{Product: "Mac Management", LicenseType: "desktop", Maximum: &p.maximum},
		},
	}
	if p.editReceipt != nil {
		p.editReceipt(&r)
	}
	return must(licensefile.SealReceipt(r, p.signer))
}

// byFile does what the portal does with an uploaded request file.
func (p *publisher) byFile(file []byte) ([]byte, *refusal) {
	_, compact, err := licensefile.Dearmor(file)
	must(0, err)
	answer, refused := p.take(compact)
	if refused != nil {
		return nil, refused
	}
	if must(licensefile.Peek(answer)).Type == licensefile.TypeReceipt {
		return licensefile.Armor(licensefile.ArmorReceipt, answer), nil
	}
	return licensefile.Armor(licensefile.ArmorLicense, answer), nil
}

// locked runs f while no request is answered.
func (p *publisher) locked(f func(*publisher)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

// anyRow gives the only row.
func (p *publisher) anyRow() *row {
	for _, s := range p.rows {
		return s
	}
	return nil
}

// requests gives the requests received, as sent.
func (p *publisher) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.bodies...)
}

// memory is a Store that survives a client, and fails when told to.
type memory struct {
	mu    sync.Mutex
	saved []byte
	saves int
	fail  func(save int) error // by number of the save, from 1
}

func (m *memory) Load(context.Context) (*client.Installation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved == nil {
		return nil, nil
	}
	in := &client.Installation{}
	return in, json.Unmarshal(m.saved, in)
}

func (m *memory) Save(ctx context.Context, in *client.Installation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	m.saves++
	if m.fail != nil {
		if err := m.fail(m.saves); err != nil {
			return err
		}
	}
	m.saved = must(json.Marshal(in))
	return nil
}

// text gives what is stored.
func (m *memory) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.saved)
}

// edit changes what is stored, as someone with an editor would.
func (m *memory) edit(change func(*client.Installation)) {
	in := must(m.Load(context.Background()))
	change(in)
	must(0, m.Save(context.Background(), in))
}

// world is a publisher, a store and a clock, and the client between them.
type world struct {
	t         testing.TB
	publisher *publisher
	store     *memory
	clock     time.Time // the installation's
	client    *client.Client
	via       http.RoundTripper
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, publisher: newPublisher(), store: &memory{}, clock: start}
	t.Cleanup(w.publisher.server.Close)
	w.restart()
	return w
}

// restart makes a new client on the same store, as after a crash.
func (w *world) restart() {
	w.t.Helper()
	c, err := client.Open(client.Config{
		Server: w.publisher.server.URL, Trust: w.publisher.trust, Product: product,
		About: licensefile.About{Version: "9.1.0", HostName: "proxy.example.com"},
		Store: w.store, Now: func() time.Time { return w.clock }, Rand: randOf("client " + strconv.Itoa(w.store.saves)),
		HTTP: &http.Client{Transport: w.via},
	})
	if err != nil {
		w.t.Fatalf("opening the client: %v", err)
	}
	w.client = c
}

// pass lets time go by for both sides.
func (w *world) pass(d time.Duration) {
	w.clock = w.clock.Add(d)
	w.publisher.mu.Lock()
	w.publisher.now = w.publisher.now.Add(d)
	w.publisher.mu.Unlock()
}

// activate activates the desktop slot or fails the test.
func (w *world) activate() *client.Outcome {
	w.t.Helper()
	out, err := w.client.Activate(w.t.Context(), desktop, key, nil)
	if err != nil {
		w.t.Fatalf("activating: %v", err)
	}
	return out
}

// slot gives what is remembered of the desktop slot.
func (w *world) slot() client.Slot {
	w.t.Helper()
	slots, err := w.client.Slots(w.t.Context())
	if err != nil || len(slots) == 0 {
		w.t.Fatalf("slots: got %v, %v", slots, err)
	}
	return slots[0]
}

// wantCode fails the test unless err carries the code, as refusal or problem.
func (w *world) wantCode(err error, want string) {
	w.t.Helper()
	got := licensefile.CodeOf(err)
	var p *client.Problem
	if errors.As(err, &p) {
		got = p.Code
	}
	if got != want || (err == nil) != (want == "") {
		w.t.Errorf("got error %v (code %q), want code %q", err, got, want)
	}
}
