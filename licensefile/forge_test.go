package licensefile_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"testing"

	"github.com/licethq/licet/licensefile"
)

var b64 = base64.RawURLEncoding

// forge signs any header and payload as a compact message: what an attacker, or
// another program, could make.
func forge(header, payload string, key ed25519.PrivateKey) string {
	input := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	return input + "." + b64.EncodeToString(ed25519.Sign(key, []byte(input)))
}

// requestHeader is the header of a request, with more members if wanted.
func requestHeader(key ed25519.PrivateKey, more string) string {
	return `{"alg":"EdDSA","jwk":` + jwkOf(key, "") + `,"typ":"licet-request+jwt"` + more + `}`
}

// jwkOf is the public key as a JSON Web Key, with more members if wanted.
func jwkOf(key ed25519.PrivateKey, more string) string {
	public, _ := key.Public().(ed25519.PublicKey)
	return `{"crv":"Ed25519","kty":"OKP","x":"` + b64.EncodeToString(public) + `"` + more + `}`
}

// publisherHeader is the header of an answer signed under a certificate.
func publisherHeader(typ string, leafDER []byte, more string) string {
	return fmt.Sprintf(`{"alg":"EdDSA","typ":%q,"x5c":[%q]%s}`, typ, base64.StdEncoding.EncodeToString(leafDER), more)
}

// jsonOf gives the JSON text of a value.
func jsonOf(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encoding %T: %v", v, err)
	}
	return string(data)
}

// edited gives the JSON text of a value with top-level members replaced by raw
// JSON; "" removes the member.
func edited(t testing.TB, v any, members map[string]string) string {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(jsonOf(t, v)), &object); err != nil {
		t.Fatalf("decoding %T: %v", v, err)
	}
	for name, raw := range members {
		if raw == "" {
			delete(object, name)
			continue
		}
		object[name] = json.RawMessage(raw)
	}
	return jsonOf(t, object)
}

// leafTemplate is what a signing certificate of a publisher looks like.
func leafTemplate(publisher string) *x509.Certificate {
	id, _ := url.Parse(publisher)
	return &x509.Certificate{
		SerialNumber: big.NewInt(77), NotBefore: rootFrom, NotAfter: leafTo,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{id},
	}
}

// certifyAs has the publisher's root certify the key named "forged leaf" with any template.
func (p *publisher) certifyAs(t testing.TB, template *x509.Certificate) []byte {
	t.Helper()
	root, err := x509.ParseCertificate(p.rootDER)
	if err != nil {
		t.Fatalf("parsing a root: %v", err)
	}
	der, err := x509.CreateCertificate(randOf("forged"), template, root, keyOf("forged leaf").Public(), p.rootKey)
	if err != nil {
		t.Fatalf("making a certificate: %v", err)
	}
	return der
}

// copycat gives an impostor whose root has the same names as the publisher's,
// and another key.
func (p *publisher) copycat(t testing.TB) *publisher {
	t.Helper()
	root, err := x509.ParseCertificate(p.rootDER)
	if err != nil {
		t.Fatalf("parsing a root: %v", err)
	}
	c := &publisher{id: p.id, rootKey: keyOf("copycat root")}
	c.rootDER, err = licensefile.NewRoot(p.id, root.Subject.CommonName, c.rootKey, rootFrom, rootTo, randOf("copycat"))
	if err != nil {
		t.Fatalf("making a root: %v", err)
	}
	c.leafDER, c.signer = c.certify(t, "copycat leaf", rootFrom, leafTo)
	return c
}

// flips calls try with compact once for each of its bytes, changed.
func flips(compact string, try func(at int, changed string)) {
	for i := range len(compact) {
		for _, c := range []byte{compact[i] ^ 1, compact[i] ^ 0x20, 'A', '.', '='} {
			if c == compact[i] {
				continue
			}
			changed := []byte(compact)
			changed[i] = c
			try(i, string(changed))
		}
	}
}

// openLicense opens a license as the installation of the tests.
func (p *publisher) openLicense(compact string, want licensefile.Expectation) error {
	_, err := p.trust.OpenLicense(compact, want)
	return err
}
