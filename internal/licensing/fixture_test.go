package licensing_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
	"github.com/licethq/licet/licensefile"
)

// today is where the clocks of these tests start: in the publisher's zone it is
// already the next day.
var today = time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)

// clock is a clock that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.set(today)
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) set(t time.Time)         { c.at.Store(t.UnixMicro()) }
func (c *clock) advance(d time.Duration) { c.set(c.now().Add(d)) }

// publisher is a publisher with one product, on one engine.
type publisher struct {
	*licensing.Service
	t       testing.TB
	clock   *clock
	trust   *licensefile.Trust
	id      string
	org     string // an organization
	actor   identity.Actor
	product string // id
	keyring *seal.Keyring
}

const productCode = "fleet-manager"

// onEachEngine runs a test for a fresh publisher on every engine.
func onEachEngine(t *testing.T, test func(t *testing.T, p *publisher)) {
	t.Helper()
	databasetest.Each(t, database.ServerSchema(), func(t *testing.T, db *database.DB) {
		test(t, newPublisher(t, db))
	})
}

func newPublisher(t testing.TB, db *database.DB) *publisher {
	t.Helper()
	var master [32]byte
	c := newClock()
	keyring := seal.NewKeyring(master)
	keys := &issuer.Service{DB: db, Keyring: keyring, Now: c.now, Rand: rand.Reader}
	made, _, err := keys.Init(t.Context(), "Example Software", "Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	trust, err := keys.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &publisher{
		Service: &licensing.Service{
			DB: db, Keyring: keyring, Issuer: keys, Offers: catalog.NewOffers(), Now: c.now, Rand: rand.Reader,
			People: &identity.Service{DB: db, Now: c.now, Rand: rand.Reader, Mail: &mail.Outbox{DB: db, Keyring: keyring, Now: c.now}},
		},
		t: t, clock: c, trust: trust, id: made.ID, keyring: keyring,
		actor: identity.Actor{Actor: event.Actor{Kind: event.Person, ID: "owner"}, Role: identity.Owner},
	}
	p.org = p.organization("Example Customer")
	product, err := p.catalog().CreateProduct(t.Context(), p.actor, catalog.NewProduct{Code: productCode, Name: "Fleet Manager"})
	if err != nil {
		t.Fatal(err)
	}
	p.product = product.ID
	return p
}

func (p *publisher) catalog() *catalog.Service {
	return &catalog.Service{DB: p.DB, Now: p.clock.now}
}

func (p *publisher) organization(name string) string {
	p.t.Helper()
	made, err := p.People.CreateOrganization(p.t.Context(), p.actor, identity.NewOrganization{Kind: identity.Customer, Name: name})
	if err != nil {
		p.t.Fatal(err)
	}
	return made.ID
}

var planNumber atomic.Int64

// plan makes a plan for desktops; alter changes its policy first.
func (p *publisher) plan(alter func(*catalog.Policy)) string {
	p.t.Helper()
	policy := catalog.DefaultPolicy(catalog.Subscription)
	policy.Type = catalog.LicenseType{Code: "desktop", Name: "Desktop", Metric: "devices"}
	if alter != nil {
		alter(&policy)
	}
	code := fmt.Sprintf("plan-%d", planNumber.Add(1))
	made, err := p.catalog().CreatePlan(p.t.Context(), p.actor, catalog.NewPlan{ProductID: p.product, Code: code, Name: "Standard", Policy: policy})
	if err != nil {
		p.t.Fatal(err)
	}
	return made.ID
}

// sold is a subscription with its key.
type sold struct {
	licensing.Subscription
	key string
}

// sell issues a registered subscription of 100 licenses for a year; alter
// changes it first.
func (p *publisher) sell(plan string, alter func(*licensing.NewSubscription)) sold {
	p.t.Helper()
	quantity := int64(100)
	n := licensing.NewSubscription{PlanID: plan, OrganizationID: p.org, Quantity: &quantity, EndsOn: "2027-03-31"}
	if alter != nil {
		alter(&n)
	}
	made, key, err := p.CreateSubscription(p.t.Context(), p.actor, n)
	if err != nil {
		p.t.Fatal(err)
	}
	return sold{made.Subscription, key.Key}
}

// installation is one that holds its own key pair and what it was answered.
type installation struct {
	p        *publisher
	key      ed25519.PrivateKey
	site     licensefile.Site
	kind     string // license type
	sequence int64
	serial   int64
	license  *licensefile.License
}

func (p *publisher) install() *installation {
	p.t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	return &installation{p: p, key: key, site: licensefile.Site{ID: uuid.NewString(), Name: "Headquarters"}, kind: "desktop"}
}

// clone gives a copy of the installation as it is now, as a restored image is.
func (i *installation) clone() *installation {
	c := *i
	return &c
}

// request drafts the next request of the installation.
func (i *installation) request(kind licensefile.Kind, alter ...func(*licensefile.Request)) licensefile.Request {
	r := licensefile.Request{
		Kind: kind, Method: licensefile.Online, Audience: i.p.id, IssuedAt: licensefile.At(i.p.clock.now()),
		Nonce: uuid.NewString(), Slot: licensefile.SlotRef{Site: i.site, LicenseType: i.kind},
		About:    licensefile.About{Product: productCode, Version: "8.7.0", HostName: "proxy-1", OperatingSystem: "linux"},
		Sequence: i.sequence + 1, Previous: i.serial,
	}
	if kind == licensefile.KindPreview {
		r.Sequence = 0
	}
	for _, a := range alter {
		a(&r)
	}
	return r
}

func withKey(key string) func(*licensefile.Request) {
	return func(r *licensefile.Request) { r.Key = key }
}

func offline(r *licensefile.Request) { r.Method = licensefile.Offline }

// using reports a count at the installation's clock.
func (i *installation) using(used int64) func(*licensefile.Request) {
	return func(r *licensefile.Request) {
		now := i.p.clock.now()
		r.Usage = append(r.Usage, licensefile.Usage{Metric: "devices", From: now.Add(-time.Hour), To: now, Used: used, Peak: used})
	}
}

// send signs a request, sends it and takes the answer as an installation does:
// a license or the end of the row only when it is newer.
func (i *installation) send(r licensefile.Request) (licensing.Signed, error) {
	i.p.t.Helper()
	return i.sendSealed(i.seal(r))
}

func (i *installation) seal(r licensefile.Request) string {
	i.p.t.Helper()
	compact, err := licensefile.SealRequest(r, i.key)
	if err != nil {
		i.p.t.Fatal(err)
	}
	if r.Sequence > 0 {
		i.sequence = r.Sequence
	}
	return compact
}

func (i *installation) sendSealed(compact string) (licensing.Signed, error) {
	i.p.t.Helper()
	signed, err := i.p.Exchange(context.WithoutCancel(i.p.t.Context()), compact)
	if err != nil {
		return signed, err
	}
	switch signed.Form {
	case licensefile.ArmorLicense:
		i.take(signed.Compact)
	default:
		i.serial = max(i.serial, i.receipt(signed).Serial)
	}
	return signed, nil
}

func (i *installation) expectation() licensefile.Expectation {
	return licensefile.Expectation{
		Publisher: i.p.id, Product: productCode, Serial: i.serial,
		Thumbprint: licensefile.Thumbprint(i.key.Public().(ed25519.PublicKey)),
	}
}

func (i *installation) take(compact string) {
	i.p.t.Helper()
	license, err := i.p.trust.OpenLicense(compact, i.expectation())
	if err != nil {
		i.p.t.Fatalf("the installation refuses the license: %v", err)
	}
	i.license, i.serial = license, license.Serial
}

func (i *installation) receipt(signed licensing.Signed) *licensefile.Receipt {
	i.p.t.Helper()
	want := i.expectation()
	want.Serial = 0
	receipt, err := i.p.trust.OpenReceipt(signed.Compact, want)
	if err != nil {
		i.p.t.Fatalf("the installation refuses the receipt: %v", err)
	}
	return receipt
}

// must sends a request that has to be answered.
func (i *installation) must(r licensefile.Request) licensing.Signed {
	i.p.t.Helper()
	signed, err := i.send(r)
	if err != nil {
		i.p.t.Fatalf("%s: %v", r.Kind, err)
	}
	return signed
}

// refused sends a request that has to be refused with a code, and gives the
// sentence that says why.
func (i *installation) refused(r licensefile.Request, code problem.Code) string {
	i.p.t.Helper()
	signed, err := i.send(r)
	if !problem.Is(err, code) {
		i.p.t.Fatalf("%s: got %q and %v, want the refusal %s", r.Kind, signed.Form, err, code)
	}
	return problem.From(err).Message
}

// activate activates a key that has to be accepted.
func (i *installation) activate(key string) *installation {
	i.p.t.Helper()
	i.must(i.request(licensefile.KindActivate, withKey(key)))
	return i
}

// rows gives the activations that a filter finds.
func (p *publisher) rows(f licensing.RowFilter) []licensing.Row {
	p.t.Helper()
	rows, err := p.Rows(p.t.Context(), p.actor, f, database.Listing{Limit: 1000})
	if err != nil {
		p.t.Fatal(err)
	}
	return rows.Items
}

// row gives the one live activation of a subscription.
func (p *publisher) row(s sold) licensing.Row {
	p.t.Helper()
	rows := p.rows(licensing.RowFilter{SubscriptionID: s.ID, State: "live"})
	if len(rows) != 1 {
		p.t.Fatalf("the subscription has %d live rows, want 1", len(rows))
	}
	return rows[0]
}

// count counts rows of a table that a condition holds for.
func (p *publisher) count(query string, args ...any) int64 {
	p.t.Helper()
	n, err := database.One(p.DB.Read(p.t.Context()), database.Value[int64], query, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *publisher) events(kind string) int64 {
	p.t.Helper()
	return p.count(`SELECT COUNT(*) FROM event WHERE kind = ?`, kind)
}

// databaseOf gives an embedded database, for what does not depend on the engine.
func databaseOf(t testing.TB) *database.DB {
	t.Helper()
	return databasetest.Open(t, database.ServerSchema())
}
