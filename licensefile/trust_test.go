package licensefile_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/licensefile"
)

func TestTrustHoldsTheRootsOfItsFiles(t *testing.T) {
	a, b := newPublisher(t, publisherA, "Example Software"), newPublisher(t, publisherB, "Other Software")
	both := append(licensefile.TrustPEM(a.rootDER), licensefile.TrustPEM(b.rootDER)...)
	trust, err := licensefile.ParseTrust(both)
	if err != nil {
		t.Fatalf("parsing two roots: %v", err)
	}
	if diff := cmp.Diff([]string{publisherA, publisherB}, trust.Publishers()); diff != "" {
		t.Errorf("publishers (-want +got):\n%s", diff)
	}
	if err := a.trust.Add(licensefile.TrustPEM(b.rootDER)); err != nil {
		t.Fatalf("adding a root: %v", err)
	}
	want := expectation()
	want.Publisher = publisherB
	if err := a.openLicense(sealed(t, aLicense(publisherB), b.signer), want); err != nil {
		t.Errorf("a license of the added publisher: %v", err)
	}
}

func TestTrustTakesTwoRootsOfOnePublisher(t *testing.T) {
	before, after := newPublisher(t, publisherA, "Example Software"), newPublisher(t, publisherA, "Example Software, second root")
	if err := before.trust.Add(licensefile.TrustPEM(after.rootDER)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*publisher{before, after} {
		if err := before.openLicense(sealed(t, aLicense(publisherA), p.signer), expectation()); err != nil {
			t.Errorf("a license under either root: %v", err)
		}
	}
}

func TestRootOfOnePublisherSpeaksForNoOther(t *testing.T) {
	a, b := newPublisher(t, publisherA, "Example Software"), newPublisher(t, publisherB, "Other Software")
	if err := a.trust.Add(licensefile.TrustPEM(b.rootDER)); err != nil {
		t.Fatal(err)
	}
	// B is trusted, and certifies a key in A's name.
	leaf := b.certifyAs(t, leafTemplate(publisherA))
	compact := forge(publisherHeader(licensefile.TypeLicense, leaf, ""), jsonOf(t, aLicense(publisherA)), keyOf("forged leaf"))
	wantCode(t, a.openLicense(compact, expectation()), licensefile.CodeChainUntrusted)
}

func TestTrustFileIsRefused(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	root := licensefile.TrustPEM(p.rootDER)
	self := func(edit func(*x509.Certificate)) []byte {
		id, _ := url.Parse(publisherA)
		c := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: rootFrom, NotAfter: rootTo,
			BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign, URIs: []*url.URL{id},
		}
		edit(c)
		der, err := x509.CreateCertificate(randOf("self"), c, c, keyOf("self").Public(), keyOf("self"))
		if err != nil {
			t.Fatal(err)
		}
		return licensefile.TrustPEM(der)
	}
	damaged := bytes.Clone(root)
	damaged[len(damaged)/2] = '!'
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"sound", root, ""},
		{"sound, made by hand", self(func(*x509.Certificate) {}), ""},
		{"with a remark before it", append([]byte("Example Software\n"), root...), ""},
		{"empty", nil, licensefile.CodeTrustMalformed},
		{"a signing certificate", licensefile.TrustPEM(p.leafDER), licensefile.CodeTrustMalformed},
		{"a private key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p.rootDER}), licensefile.CodeTrustMalformed},
		{"one good, one damaged", append(bytes.Clone(root), damaged...), licensefile.CodeTrustMalformed},
		{"its own signature damaged", licensefile.TrustPEM(append(p.rootDER[:len(p.rootDER)-9:len(p.rootDER)-9], "123456789"...)), licensefile.CodeTrustMalformed},
		{"not DER", licensefile.TrustPEM([]byte("x")), licensefile.CodeTrustMalformed},
		{"no publisher id", self(func(c *x509.Certificate) { c.URIs = nil }), licensefile.CodeTrustMalformed},
		{"publisher id in upper case", self(func(c *x509.Certificate) { c.URIs[0].Opaque = strings.ToUpper(c.URIs[0].Opaque) }), licensefile.CodeTrustMalformed},
		{"two publisher ids", self(func(c *x509.Certificate) { c.URIs = append(c.URIs, c.URIs[0]) }), licensefile.CodeTrustMalformed},
		{"may not certify", self(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }), licensefile.CodeTrustMalformed},
		{"not an authority", self(func(c *x509.Certificate) { c.IsCA = false }), licensefile.CodeTrustMalformed},
		{"too large", make([]byte, licensefile.MaxSize+1), licensefile.CodeFileTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := licensefile.ParseTrust(c.file)
			wantCode(t, err, c.want)
		})
	}
}

func TestTrustStaysAsItWasWhenAFileIsRefused(t *testing.T) {
	a, b := newPublisher(t, publisherA, "Example Software"), newPublisher(t, publisherB, "Other Software")
	mixed := append(licensefile.TrustPEM(b.rootDER), licensefile.TrustPEM(a.leafDER)...)
	wantCode(t, a.trust.Add(mixed), licensefile.CodeTrustMalformed)
	if diff := cmp.Diff([]string{publisherA}, a.trust.Publishers()); diff != "" {
		t.Errorf("publishers (-want +got):\n%s", diff)
	}
}

func TestCertificatesAreMadeForTheirPurposeOnly(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	root, err := x509.ParseCertificate(p.rootDER)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(p.leafDER)
	if err != nil {
		t.Fatal(err)
	}
	if !root.IsCA || !root.MaxPathLenZero || root.MaxPathLen != 0 || root.KeyUsage != x509.KeyUsageCertSign {
		t.Errorf("root: CA %v, path length %d, usage %b; want an authority of path length 0 that only certifies", root.IsCA, root.MaxPathLen, root.KeyUsage)
	}
	if leaf.IsCA || leaf.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("signing certificate: CA %v, usage %b; want one that only signs", leaf.IsCA, leaf.KeyUsage)
	}
	for _, c := range []*x509.Certificate{root, leaf} {
		if len(c.URIs) != 1 || c.URIs[0].String() != publisherA {
			t.Errorf("%s: got names %v, want %s alone", c.Subject, c.URIs, publisherA)
		}
		if bits := c.SerialNumber.BitLen(); bits != 127 {
			t.Errorf("%s: serial number of %d bits, want 127", c.Subject, bits)
		}
	}
}

func TestCertificatesAreRefusedBeforeTheyAreMade(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	for _, c := range []struct {
		name string
		make func() ([]byte, error)
	}{
		{"root without publisher id", func() ([]byte, error) {
			return licensefile.NewRoot("example", "x", p.rootKey, rootFrom, rootTo, randOf("x"))
		}},
		{"root that ends before it starts", func() ([]byte, error) {
			return licensefile.NewRoot(publisherA, "x", p.rootKey, rootTo, rootFrom, randOf("x"))
		}},
		{"root without randomness", func() ([]byte, error) {
			return licensefile.NewRoot(publisherA, "x", p.rootKey, rootFrom, rootTo, strings.NewReader("short"))
		}},
		{"signed by another root's key", func() ([]byte, error) {
			return licensefile.NewSigningCertificate(p.rootDER, keyOf("x"), publicOf("leaf"), rootFrom, leafTo, randOf("x"))
		}},
		{"starts before its root", func() ([]byte, error) {
			return licensefile.NewSigningCertificate(p.rootDER, p.rootKey, publicOf("leaf"), rootFrom.AddDate(0, 0, -1), leafTo, randOf("x"))
		}},
		{"outlives its root", func() ([]byte, error) {
			return licensefile.NewSigningCertificate(p.rootDER, p.rootKey, publicOf("leaf"), rootFrom, rootTo.AddDate(0, 0, 1), randOf("x"))
		}},
		{"certified by a signing certificate", func() ([]byte, error) {
			return licensefile.NewSigningCertificate(p.leafDER, keyOf("Example Software leaf"), publicOf("leaf"), rootFrom, leafTo, randOf("x"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if der, err := c.make(); err == nil {
				t.Errorf("made a certificate of %d bytes", len(der))
			}
		})
	}
	if _, err := licensefile.NewSigner(p.leafDER, keyOf("x")); err == nil {
		t.Error("a signer took a key that is not its certificate's")
	}
}
