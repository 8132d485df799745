package licensefile_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/licethq/licet/licensefile"
)

// The publishers and instants that the tests use.
const (
	publisherA = "urn:uuid:0197a1b2-0000-7000-8000-00000000000a"
	publisherB = "urn:uuid:0197a1b2-0000-7000-8000-00000000000b"
	siteID     = "0197a1b2-1111-7111-8111-111111111111"
	slotID     = "0197a1b2-2222-7222-8222-222222222222"
	product    = "mac-management"
)

var (
	rootFrom = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rootTo   = time.Date(2056, 1, 1, 0, 0, 0, 0, time.UTC)
	leafTo   = time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC)
	issued   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ends     = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
)

// keyOf gives the same key pair for the same name, always.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// publicOf gives the public half of it.
func publicOf(name string) ed25519.PublicKey {
	public, _ := keyOf(name).Public().(ed25519.PublicKey)
	return public
}

// randOf gives a repeatable stream of bytes.
func randOf(name string) *rand.ChaCha8 {
	return rand.NewChaCha8(sha256.Sum256([]byte("rand " + name)))
}

// publisher is one publisher with a root, a signing certificate and a signer.
type publisher struct {
	id      string
	rootKey ed25519.PrivateKey
	rootDER []byte
	leafDER []byte
	signer  *licensefile.Signer
	trust   *licensefile.Trust
}

// newPublisher makes a publisher whose keys depend on its name only.
func newPublisher(t testing.TB, id, name string) *publisher {
	t.Helper()
	p := &publisher{id: id, rootKey: keyOf(name + " root")}
	var err error
	p.rootDER, err = licensefile.NewRoot(id, name, p.rootKey, rootFrom, rootTo, randOf(name+" root"))
	if err != nil {
		t.Fatalf("making the root of %s: %v", name, err)
	}
	p.leafDER, p.signer = p.certify(t, name+" leaf", rootFrom, leafTo)
	p.trust, err = licensefile.ParseTrust(licensefile.TrustPEM(p.rootDER))
	if err != nil {
		t.Fatalf("parsing the trust file of %s: %v", name, err)
	}
	return p
}

// certify makes another signing certificate of the publisher.
func (p *publisher) certify(t testing.TB, name string, from, to time.Time) ([]byte, *licensefile.Signer) {
	t.Helper()
	key := keyOf(name)
	public, _ := key.Public().(ed25519.PublicKey)
	der, err := licensefile.NewSigningCertificate(p.rootDER, p.rootKey, public, from, to, randOf(name))
	if err != nil {
		t.Fatalf("making the certificate %s: %v", name, err)
	}
	signer, err := licensefile.NewSigner(der, key)
	if err != nil {
		t.Fatalf("readying the signer %s: %v", name, err)
	}
	return der, signer
}

// installationKey is the key pair of the installation in the tests.
func installationKey() ed25519.PrivateKey { return keyOf("installation") }

// thumbprintOf gives the thumbprint of a key pair.
func thumbprintOf(key ed25519.PrivateKey) string {
	public, _ := key.Public().(ed25519.PublicKey)
	return licensefile.Thumbprint(public)
}

func ptr[T any](v T) *T { return &v }

// aLicense is a sound license of a publisher for the installation of the tests.
func aLicense(publisher string) licensefile.License {
	return licensefile.License{
		Issuer:   publisher,
		Subject:  slotID,
		Audience: product,
		IssuedAt: licensefile.At(issued),
		Expires:  licensefile.At(ends),
		ID:       "0197a1b2-3333-7333-8333-333333333333",
		Serial:   3,
		Confirm:  licensefile.Confirmation{Thumbprint: thumbprintOf(installationKey())},
		Grant: licensefile.Grant{
			Key: "••••-WXYZ", KeyKind: licensefile.KeyKindPrimary,
			Product: "Mac Management", Plan: "Desktop, yearly",
			LicenseType: "desktop", TypeName: "Mac computers", Metric: "devices", Model: "subscription",
			Site:   licensefile.Site{ID: siteID, Name: "Main office"},
			Method: licensefile.Online, IssueDate: "2026-03-01", EndDate: "2027-02-28", End: &ends,
			Maximum: ptr(int64(10)), Used: 4, Unused: ptr(int64(6)),
			Policy: licensefile.Policy{
				OverLimit: licensefile.OverLimitNotify, WarnPercent: 90,
				RefreshEvery: 86400, ReportEvery: 604800,
			},
			Entitlements: map[string]int64{"support": 1},
		},
	}
}

// aReceipt is a sound receipt for a report of the installation of the tests.
func aReceipt(publisher string) licensefile.Receipt {
	return licensefile.Receipt{
		Issuer: publisher, Subject: slotID, Audience: product,
		IssuedAt: licensefile.At(issued), ID: "0197a1b2-4444-7444-8444-444444444444", Serial: 4,
		Confirm: licensefile.Confirmation{Thumbprint: thumbprintOf(installationKey())},
		Body: licensefile.ReceiptBody{
			Kind: licensefile.KindReport, Nonce: "nonce-nonce-nonce-1",
			Slot:   licensefile.SlotRef{Site: licensefile.Site{ID: siteID}, LicenseType: "desktop"},
			Status: licensefile.StatusTaken,
		},
	}
}

// aRequest is a sound activation.
func aRequest() licensefile.Request {
	return licensefile.Request{
		Kind: licensefile.KindActivate, Method: licensefile.Online, Audience: publisherA,
		IssuedAt: licensefile.At(issued), Nonce: "0123456789abcdef",
		Key:  "ABCD1234EFGH5678",
		Slot: licensefile.SlotRef{Site: licensefile.Site{ID: siteID, Name: "Main office"}, LicenseType: "desktop"},
		About: licensefile.About{
			Product: product, Version: "9.1.0", HostName: "proxy.example.com", OperatingSystem: "Windows Server 2025",
			Fingerprint: map[string]string{"board": "aa11", "disk": "bb22"},
		},
		Usage: []licensefile.Usage{{
			Metric: "devices", From: issued.Add(-time.Hour), To: issued, Used: 4, Peak: 5,
		}},
		Sequence: 1,
	}
}

// expectation is what the installation of the tests expects of an answer.
func expectation() licensefile.Expectation {
	return licensefile.Expectation{
		Publisher: publisherA, Product: product, Slot: slotID,
		Thumbprint: thumbprintOf(installationKey()), Serial: 2, NotBefore: issued.Add(-time.Hour),
	}
}

// sealed seals a license or fails the test.
func sealed(t testing.TB, l licensefile.License, s *licensefile.Signer) string {
	t.Helper()
	compact, err := licensefile.SealLicense(l, s)
	if err != nil {
		t.Fatalf("sealing a license: %v", err)
	}
	return compact
}

// sealedRequest seals a request with the installation's key or fails the test.
func sealedRequest(t testing.TB, r licensefile.Request) string {
	t.Helper()
	compact, err := licensefile.SealRequest(r, installationKey())
	if err != nil {
		t.Fatalf("sealing a request: %v", err)
	}
	return compact
}

// wantCode fails the test unless err is a refusal of that code; "" is no error.
func wantCode(t testing.TB, err error, want string) {
	t.Helper()
	if got := licensefile.CodeOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("got error %v (code %q), want code %q", err, got, want)
	}
}
