package licensefile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/licensefile"
)

// aList revokes certificates, by the publisher of the tests.
func aList(ders ...[]byte) licensefile.Revocations {
	r := licensefile.Revocations{Issuer: publisherA, IssuedAt: licensefile.At(issued), Number: 7}
	for _, der := range ders {
		r.Certificates = append(r.Certificates, licensefile.CertificateID(der))
	}
	return r
}

func TestRevokedCertificateSignsNothingMore(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	otherDER, other := p.certify(t, "second leaf", rootFrom, leafTo)
	compact, err := licensefile.SealRevocations(aList(p.leafDER), p.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.trust.OpenRevocations(compact)
	if err != nil {
		t.Fatalf("opening the list: %v", err)
	}
	if diff := cmp.Diff(ptr(aList(p.leafDER)), list); diff != "" {
		t.Errorf("list (-sealed +opened):\n%s", diff)
	}
	if list.Lists(otherDER) {
		t.Error("the list names a certificate that was not revoked")
	}
	want := expectation()
	want.Revocations = list
	bad, good := sealed(t, aLicense(publisherA), p.signer), sealed(t, aLicense(publisherA), other)
	wantCode(t, p.openLicense(bad, want), licensefile.CodeCertificateRevoked)
	wantCode(t, p.openLicense(good, want), "")
	_, err = p.trust.VerifyLicense(bad, product, issued, list)
	wantCode(t, err, licensefile.CodeCertificateRevoked)
	receipt, err := licensefile.SealReceipt(aReceipt(publisherA), p.signer)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.trust.OpenReceipt(receipt, want)
	wantCode(t, err, licensefile.CodeCertificateRevoked)
}

func TestListOfOnePublisherRevokesNothingOfAnother(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	list := aList(p.leafDER)
	list.Issuer = publisherB
	want := expectation()
	want.Revocations = &list
	wantCode(t, p.openLicense(sealed(t, aLicense(publisherA), p.signer), want), "")
}

func TestRevocationListIsRefused(t *testing.T) {
	a, b := newPublisher(t, publisherA, "Example Software"), newPublisher(t, publisherB, "Other Software")
	const head = `{"alg":"EdDSA","typ":"licet-revocations+jwt"}`
	good := jsonOf(t, aList(a.leafDER))
	list := func(members map[string]string) string {
		return forge(head, edited(t, aList(a.leafDER), members), a.rootKey)
	}
	for _, c := range []struct{ name, compact, want string }{
		{"sound", forge(head, good, a.rootKey), ""},
		{"signed by the signing key", forge(head, good, keyOf("Example Software leaf")), licensefile.CodeSignatureInvalid},
		{"signed under a certificate", forge(publisherHeader(licensefile.TypeRevocations, a.leafDER, ""), good, keyOf("Example Software leaf")), licensefile.CodeSignatureInvalid},
		{"signed by another root", forge(head, good, b.rootKey), licensefile.CodeSignatureInvalid},
		{"of a publisher that is not trusted", list(map[string]string{"iss": `"` + publisherB + `"`}), licensefile.CodeChainUntrusted},
		{"no number", list(map[string]string{"number": ""}), licensefile.CodeFileMalformed},
		{"number 2^53", list(map[string]string{"number": "9007199254740992"}), licensefile.CodeFileMalformed},
		{"names something else", list(map[string]string{"certificates": `["serial 5"]`}), licensefile.CodeFileMalformed},
		{"issued before the root", list(map[string]string{"iat": "1"}), licensefile.CodeCertificateExpired},
		{"a license", forge(`{"alg":"EdDSA","typ":"licet-license+jwt"}`, good, a.rootKey), licensefile.CodeWrongType},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := a.trust.OpenRevocations(c.compact)
			wantCode(t, err, c.want)
		})
	}
	compact := forge(head, good, a.rootKey)
	flips(compact, func(at int, changed string) {
		if _, err := a.trust.OpenRevocations(changed); licensefile.CodeOf(err) == "" {
			t.Fatalf("byte %d changed from %q to %q: got error %v, want a refusal", at, compact[at], changed[at], err)
		}
	})
}

func TestSealRevocationsRefusesWhatNobodyWouldAccept(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*licensefile.Revocations)
	}{
		{"no issuer", func(r *licensefile.Revocations) { r.Issuer = "" }},
		{"no number", func(r *licensefile.Revocations) { r.Number = 0 }},
		{"not a hash", func(r *licensefile.Revocations) { r.Certificates = []string{"x"} }},
		{"no date", func(r *licensefile.Revocations) { r.IssuedAt = licensefile.At(time.Unix(1<<40, 0)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := aList()
			c.edit(&r)
			if compact, err := licensefile.SealRevocations(r, keyOf("root")); err == nil {
				t.Errorf("sealed %s", compact)
			}
		})
	}
}
