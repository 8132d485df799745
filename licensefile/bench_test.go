package licensefile_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/licethq/licet/licensefile"
)

// The hot path of a server: open a request, seal a license. The bare Ed25519
// operations are the floor below which neither can go.

func BenchmarkOpenRequest(b *testing.B) {
	compact := sealedRequest(b, aRequest())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := licensefile.OpenRequest(compact, publisherA); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenRequestByGoJOSE does with go-jose what OpenRequest does, as far as
// go-jose can: it finds no duplicate members inside ignored ones.
func BenchmarkOpenRequestByGoJOSE(b *testing.B) {
	compact := sealedRequest(b, aRequest())
	b.ReportAllocs()
	for b.Loop() {
		signed, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.EdDSA})
		if err != nil {
			b.Fatal(err)
		}
		payload, err := signed.Verify(signed.Signatures[0].Protected.JSONWebKey)
		if err != nil {
			b.Fatal(err)
		}
		var r licensefile.Request
		if err := json.Unmarshal(payload, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEd25519VerifyAlone(b *testing.B) {
	key := installationKey()
	public, _ := key.Public().(ed25519.PublicKey)
	message := []byte(sealedRequest(b, aRequest()))
	signature := ed25519.Sign(key, message)
	for b.Loop() {
		if !ed25519.Verify(public, message, signature) {
			b.Fatal("not verified")
		}
	}
}

func BenchmarkSealLicense(b *testing.B) {
	p := newPublisher(b, publisherA, "Example Software")
	l := aLicense(publisherA)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := licensefile.SealLicense(l, p.signer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealReceipt(b *testing.B) {
	p := newPublisher(b, publisherA, "Example Software")
	r := aReceipt(publisherA)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := licensefile.SealReceipt(r, p.signer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenLicense(b *testing.B) {
	p := newPublisher(b, publisherA, "Example Software")
	compact := sealed(b, aLicense(publisherA), p.signer)
	want := expectation()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.trust.OpenLicense(compact, want); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMay(b *testing.B) {
	row := licensefile.RowOf(aLicense(publisherA), 11, time.Time{}, nil)
	b.ReportAllocs()
	for b.Loop() {
		licensefile.May(licensefile.Enroll, row, issued)
	}
}
