package licensefile_test

import (
	"crypto/x509"
	"net/url"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/licensefile"
)

func TestLicenseArrivesAsItWasSealed(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	want := aLicense(publisherA)
	got, err := p.trust.OpenLicense(sealed(t, want, p.signer), expectation())
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("license (-sealed +opened):\n%s", diff)
	}
}

func TestLicenseIsAnOrdinaryJWS(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	signed, err := jose.ParseSignedCompact(sealed(t, aLicense(publisherA), p.signer), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatalf("go-jose does not parse it: %v", err)
	}
	roots := x509.NewCertPool()
	root, err := x509.ParseCertificate(p.rootDER)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(root)
	chains, err := signed.Signatures[0].Protected.Certificates(x509.VerifyOptions{
		Roots: roots, CurrentTime: issued, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		t.Fatalf("crypto/x509 does not verify the chain: %v", err)
	}
	if _, err := signed.Verify(chains[0][0].PublicKey); err != nil {
		t.Errorf("go-jose does not verify it: %v", err)
	}
}

func TestLicenseWithAnyByteChangedIsRefused(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	compact := sealed(t, aLicense(publisherA), p.signer)
	flips(compact, func(at int, changed string) {
		if _, err := p.trust.OpenLicense(changed, expectation()); licensefile.CodeOf(err) == "" {
			t.Fatalf("byte %d changed from %q to %q: got error %v, want a refusal", at, compact[at], changed[at], err)
		}
	})
}

func TestLicenseIsRefusedForWhatItIsNot(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	compact := sealed(t, aLicense(publisherA), p.signer)
	for _, c := range []struct {
		name string
		want string
		edit func(*licensefile.Expectation)
	}{
		{"sound", "", func(*licensefile.Expectation) {}},
		{"first activation knows no slot", "", func(e *licensefile.Expectation) { e.Slot = "" }},
		{"any trusted publisher", "", func(e *licensefile.Expectation) { e.Publisher = "" }},
		{"issued at the greatest accepted iat", "", func(e *licensefile.Expectation) { e.NotBefore = issued }},
		{"another publisher", licensefile.CodeWrongPublisher, func(e *licensefile.Expectation) { e.Publisher = publisherB }},
		{"another product", licensefile.CodeWrongProduct, func(e *licensefile.Expectation) { e.Product = "other" }},
		{"no product expected", licensefile.CodeWrongProduct, func(e *licensefile.Expectation) { e.Product = "" }},
		{"another slot", licensefile.CodeWrongSlot, func(e *licensefile.Expectation) { e.Slot = siteID }},
		{"another installation", licensefile.CodeWrongInstallation, func(e *licensefile.Expectation) { e.Thumbprint = thumbprintOf(keyOf("other")) }},
		{"no installation expected", licensefile.CodeWrongInstallation, func(e *licensefile.Expectation) { e.Thumbprint = "" }},
		{"the serial that is held", licensefile.CodeLicenseNotNewer, func(e *licensefile.Expectation) { e.Serial = 3 }},
		{"a lower serial", licensefile.CodeLicenseNotNewer, func(e *licensefile.Expectation) { e.Serial = 9 }},
		{"issued a second too early", licensefile.CodeLicenseIssuedEarlier, func(e *licensefile.Expectation) { e.NotBefore = issued.Add(time.Second) }},

		// Wrong in two ways: the earlier check of EXCHANGE's order speaks.
		{"iss before aud", licensefile.CodeWrongPublisher, func(e *licensefile.Expectation) { e.Publisher, e.Product = publisherB, "other" }},
		{"aud before sub", licensefile.CodeWrongProduct, func(e *licensefile.Expectation) { e.Product, e.Slot = "other", siteID }},
		{"sub before cnf.jkt", licensefile.CodeWrongSlot, func(e *licensefile.Expectation) { e.Slot, e.Thumbprint = siteID, "x" }},
		{"cnf.jkt before serial", licensefile.CodeWrongInstallation, func(e *licensefile.Expectation) { e.Thumbprint, e.Serial = "x", 9 }},
		{"serial before iat", licensefile.CodeLicenseNotNewer, func(e *licensefile.Expectation) { e.Serial, e.NotBefore = 9, ends }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := expectation()
			c.edit(&want)
			wantCode(t, p.openLicense(compact, want), c.want)
		})
	}
}

func TestLicenseIsRefusedForItsChain(t *testing.T) {
	a, b := newPublisher(t, publisherA, "Example Software"), newPublisher(t, publisherB, "Other Software")
	good := jsonOf(t, aLicense(publisherA))
	forged := keyOf("forged leaf")
	under := func(edit func(*x509.Certificate), payload string) string {
		template := leafTemplate(publisherA)
		edit(template)
		return forge(publisherHeader(licensefile.TypeLicense, a.certifyAs(t, template), ""), payload, forged)
	}
	nothing := func(*x509.Certificate) {}
	selfMade := newPublisher(t, publisherA, "Impostor")
	header := publisherHeader(licensefile.TypeLicense, a.leafDER, "")
	for _, c := range []struct{ name, compact, want string }{
		{"certified by the root", under(nothing, good), ""},
		{"of a publisher that is not trusted", sealed(t, aLicense(publisherB), b.signer), licensefile.CodeChainUntrusted},
		{"of an impostor with the publisher's id", sealed(t, aLicense(publisherA), selfMade.signer), licensefile.CodeChainUntrusted},
		{"of an impostor under the root's own name", sealed(t, aLicense(publisherA), a.copycat(t).signer), licensefile.CodeChainUntrusted},
		{"certificate with a line break", forge(strings.Replace(header, `["`, `["\n`, 1), good, keyOf("Example Software leaf")), licensefile.CodeFileMalformed},
		{"certificate without padding", forge(strings.Replace(header, `="]`, `"]`, 1), good, keyOf("Example Software leaf")), licensefile.CodeFileMalformed},
		{"signed by the root itself", forge(publisherHeader(licensefile.TypeLicense, a.rootDER, ""), good, a.rootKey), licensefile.CodeChainUntrusted},
		{"signed by an authority", under(func(c *x509.Certificate) { c.IsCA = true }, good), licensefile.CodeChainUntrusted},
		{"certificate not for signatures", under(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, good), licensefile.CodeChainUntrusted},
		{"certificate names nobody", under(func(c *x509.Certificate) { c.URIs = nil }, good), licensefile.CodeChainUntrusted},
		{"certificate names two", under(func(c *x509.Certificate) { c.URIs = append(c.URIs, &url.URL{Scheme: "urn", Opaque: "x"}) }, good), licensefile.CodeChainUntrusted},
		{"certificate names another publisher", under(func(c *x509.Certificate) { c.URIs = leafTemplate(publisherB).URIs }, good), licensefile.CodeChainUntrusted},
		{"issued before the certificate", under(func(c *x509.Certificate) { c.NotBefore = issued.Add(time.Second) }, good), licensefile.CodeCertificateExpired},
		{"issued at the certificate's start", under(func(c *x509.Certificate) { c.NotBefore = issued }, good), ""},
		{"issued after the certificate", under(func(c *x509.Certificate) { c.NotAfter = issued.Add(-time.Second) }, good), licensefile.CodeCertificateExpired},
		{"outlives the certificate", under(func(c *x509.Certificate) { c.NotAfter = ends.Add(-time.Second) }, good), licensefile.CodeCertificateExpired},
		{"ends with the certificate", under(func(c *x509.Certificate) { c.NotAfter = ends }, good), ""},
		{"issued before the root", under(func(c *x509.Certificate) { c.NotBefore = rootFrom.AddDate(-9, 0, 0) }, edited(t, aLicense(publisherA), map[string]string{"iat": "1700000000"})), licensefile.CodeCertificateExpired},
		{"iss of another publisher", under(nothing, edited(t, aLicense(publisherA), map[string]string{"iss": `"` + publisherB + `"`})), licensefile.CodeWrongPublisher},
		{"no iss", under(nothing, edited(t, aLicense(publisherA), map[string]string{"iss": ""})), licensefile.CodeWrongPublisher},
		{"signed by another key", forge(publisherHeader(licensefile.TypeLicense, a.leafDER, ""), good, forged), licensefile.CodeSignatureInvalid},
		{"no certificate", forge(`{"alg":"EdDSA","typ":"licet-license+jwt","x5c":[]}`, good, forged), licensefile.CodeChainUntrusted},
		{"certificate damaged", forge(publisherHeader(licensefile.TypeLicense, a.leafDER[:99], ""), good, forged), licensefile.CodeFileMalformed},
		{"bytes after the certificate", forge(publisherHeader(licensefile.TypeLicense, append(a.leafDER[:len(a.leafDER):len(a.leafDER)], 0), ""), good, forged), licensefile.CodeFileMalformed},
		{"signed as an installation signs", forge(`{"alg":"EdDSA","typ":"licet-license+jwt","jwk":`+jwkOf(forged, "")+`}`, good, forged), licensefile.CodeChainUntrusted},
		{"critical members", forge(publisherHeader(licensefile.TypeLicense, a.leafDER, `,"crit":["b64"],"b64":false`), good, keyOf("Example Software leaf")), licensefile.CodeAlgorithmNotAllowed},
		{"a receipt", forge(publisherHeader(licensefile.TypeReceipt, a.leafDER, ""), good, keyOf("Example Software leaf")), licensefile.CodeWrongType},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := expectation()
			want.Publisher = ""
			wantCode(t, a.openLicense(c.compact, want), c.want)
		})
	}
}

func TestLicenseIsRefusedForItsForm(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	for _, c := range []struct {
		name    string
		members map[string]string
		want    string
	}{
		{"sound", nil, ""},
		{"unknown members", map[string]string{"x": `{}`, "ISS": `"x"`}, ""},
		{"no serial", map[string]string{"serial": ""}, licensefile.CodeFileMalformed},
		{"serial 0", map[string]string{"serial": "0"}, licensefile.CodeFileMalformed},
		{"serial 2^53", map[string]string{"serial": "9007199254740992"}, licensefile.CodeFileMalformed},
		{"iat out of range", map[string]string{"iat": "253402300800"}, licensefile.CodeFileMalformed},
		{"exp out of range", map[string]string{"exp": "253402300800"}, licensefile.CodeFileMalformed},
		{"iat a text", map[string]string{"iat": `"now"`}, licensefile.CodeFileMalformed},
		{"no sub", map[string]string{"sub": ""}, licensefile.CodeFileMalformed},
		{"no aud", map[string]string{"aud": ""}, licensefile.CodeFileMalformed},
		{"no cnf", map[string]string{"cnf": ""}, licensefile.CodeFileMalformed},
		{"license a text", map[string]string{"license": `"x"`}, licensefile.CodeFileMalformed},
		{"negative maximum", map[string]string{"license": `{"maximum":-1}`}, licensefile.CodeFileMalformed},
		{"end date not a day", map[string]string{"license": `{"end_date":"2026-02-30"}`}, licensefile.CodeFileMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			compact, err := p.signer.Seal(licensefile.TypeLicense, []byte(edited(t, aLicense(publisherA), c.members)))
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, p.openLicense(compact, expectation()), c.want)
		})
	}
}

func TestInstallationTakesALicensePastItsEndAsNews(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	l := aLicense(publisherA)
	l.Expires = licensefile.At(issued.AddDate(0, -1, 0))
	compact := sealed(t, l, p.signer)
	if err := p.openLicense(compact, expectation()); err != nil {
		t.Errorf("the bound installation: got %v, want the news accepted", err)
	}
	_, err := p.trust.VerifyLicense(compact, product, issued, nil)
	wantCode(t, err, licensefile.CodeLicenseExpired)
}

func TestAnybodyVerifiesALicenseWithinItsLifeOnly(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	compact := sealed(t, aLicense(publisherA), p.signer)
	for _, c := range []struct {
		name    string
		now     time.Time
		product string
		want    string
	}{
		{"a second before iat", issued.Add(-time.Second), product, licensefile.CodeLicenseNotYetValid},
		{"at iat", issued, product, ""},
		{"just before exp", ends.Add(-time.Nanosecond), product, ""},
		{"at exp", ends, product, licensefile.CodeLicenseExpired},
		{"another product", issued, "other", licensefile.CodeWrongProduct},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := p.trust.VerifyLicense(compact, c.product, c.now, nil)
			wantCode(t, err, c.want)
		})
	}
}

func TestSealLicenseRefusesWhatNobodyWouldAccept(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	for _, c := range []struct {
		name string
		edit func(*licensefile.License)
	}{
		{"another issuer", func(l *licensefile.License) { l.Issuer = publisherB }},
		{"no serial", func(l *licensefile.License) { l.Serial = 0 }},
		{"no installation", func(l *licensefile.License) { l.Confirm.Thumbprint = "" }},
		{"issued before the certificate", func(l *licensefile.License) { l.IssuedAt = licensefile.At(rootFrom) - 1 }},
		{"issued after the certificate", func(l *licensefile.License) { l.IssuedAt = licensefile.At(leafTo) + 1 }},
		{"outlives the certificate", func(l *licensefile.License) { l.Expires = licensefile.At(leafTo) + 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := aLicense(publisherA)
			c.edit(&l)
			if compact, err := licensefile.SealLicense(l, p.signer); err == nil {
				t.Errorf("sealed %s", compact)
			}
		})
	}
}

func TestReceiptArrivesAsItWasSealed(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	want := aReceipt(publisherA)
	compact, err := licensefile.SealReceipt(want, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.trust.OpenReceipt(compact, expectation())
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("receipt (-sealed +opened):\n%s", diff)
	}
	_, err = p.trust.OpenLicense(compact, expectation())
	wantCode(t, err, licensefile.CodeWrongType)
	flips(compact, func(at int, changed string) {
		if _, err := p.trust.OpenReceipt(changed, expectation()); licensefile.CodeOf(err) == "" {
			t.Fatalf("byte %d changed from %q to %q: got error %v, want a refusal", at, compact[at], changed[at], err)
		}
	})
}

func TestReceiptIsRefusedForWhatItIsNot(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	ended := func(r *licensefile.Receipt) { r.Body.Status = licensefile.StatusDeactivated }
	for _, c := range []struct {
		name   string
		want   string
		edit   func(*licensefile.Receipt)
		expect func(*licensefile.Expectation)
	}{
		{"sound", "", func(*licensefile.Receipt) {}, func(*licensefile.Expectation) {}},
		{"taken needs no higher serial", "", func(r *licensefile.Receipt) { r.Serial = 0 }, func(*licensefile.Expectation) {}},
		{"ends the row", "", ended, func(*licensefile.Expectation) {}},
		{"ends the row with the serial held", licensefile.CodeLicenseNotNewer, ended, func(e *licensefile.Expectation) { e.Serial = 4 }},
		{"another publisher", licensefile.CodeWrongPublisher, func(*licensefile.Receipt) {}, func(e *licensefile.Expectation) { e.Publisher = publisherB }},
		{"another product", licensefile.CodeWrongProduct, func(*licensefile.Receipt) {}, func(e *licensefile.Expectation) { e.Product = "other" }},
		{"another slot", licensefile.CodeWrongSlot, func(*licensefile.Receipt) {}, func(e *licensefile.Expectation) { e.Slot = siteID }},
		{"another installation", licensefile.CodeWrongInstallation, func(*licensefile.Receipt) {}, func(e *licensefile.Expectation) { e.Thumbprint = "" }},
		{"issued earlier", licensefile.CodeLicenseIssuedEarlier, func(*licensefile.Receipt) {}, func(e *licensefile.Expectation) { e.NotBefore = ends }},
		{"preview has no slot", "", func(r *licensefile.Receipt) {
			r.Subject, r.Body.Status, r.Body.Preview = "", licensefile.StatusPreview, &licensefile.Preview{}
		}, func(*licensefile.Expectation) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, want := aReceipt(publisherA), expectation()
			c.edit(&r)
			c.expect(&want)
			compact, err := licensefile.SealReceipt(r, p.signer)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.trust.OpenReceipt(compact, want)
			wantCode(t, err, c.want)
		})
	}
}

func TestReceiptIsRefusedForItsForm(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	for _, c := range []struct{ name, receipt string }{
		{"unknown status", `{"status":"maybe"}`},
		{"a preview that shows nothing", `{"status":"preview"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			compact, err := p.signer.Seal(licensefile.TypeReceipt, []byte(edited(t, aReceipt(publisherA), map[string]string{"receipt": c.receipt})))
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.trust.OpenReceipt(compact, expectation())
			wantCode(t, err, licensefile.CodeFileMalformed)
		})
	}
}

func TestStatementOfAnyTypeIsVerifiedByItsType(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	payload := `{"iss":"` + publisherA + `","iat":1772366400,"position":12}`
	for _, typ := range []string{licensefile.TypeCheckpoint, "licet-other+jwt"} {
		compact, err := p.signer.Seal(typ, []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.trust.Open(typ, compact)
		if err != nil || string(got) != payload {
			t.Errorf("opening %s: got %q, %v, want %q", typ, got, err, payload)
		}
		_, err = p.trust.Open(licensefile.TypeLicense, compact)
		wantCode(t, err, licensefile.CodeWrongType)
	}
}

func TestSealRefusesWhatIsLargerThanAnybodyReads(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	l := aLicense(publisherA)
	l.Grant.Organization = strings.Repeat("x", licensefile.MaxSize)
	_, err := licensefile.SealLicense(l, p.signer)
	wantCode(t, err, licensefile.CodeFileTooLarge)
}
