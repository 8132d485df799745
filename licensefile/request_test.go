package licensefile_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/licensefile"
)

func TestRequestArrivesAsItWasSealed(t *testing.T) {
	want := aRequest()
	want.OverSince = ptr(issued.Add(-time.Minute))
	compact := sealedRequest(t, want)
	got, err := licensefile.OpenRequest(compact, publisherA)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	if diff := cmp.Diff(want, got.Request); diff != "" {
		t.Errorf("request (-sealed +opened):\n%s", diff)
	}
	if got.Thumbprint != thumbprintOf(installationKey()) {
		t.Errorf("thumbprint: got %s, want that of the signing key", got.Thumbprint)
	}
	if want := sha256.Sum256([]byte(compact[:strings.LastIndex(compact, ".")])); got.Digest != want {
		t.Errorf("digest: got %x, want the SHA-256 of the signing input %x", got.Digest, want)
	}
}

func TestRequestKeyAndInstantsArriveInOneForm(t *testing.T) {
	r := aRequest()
	r.Key = "abcd-1234 efgh-5678"
	tokyo := time.FixedZone("JST", 9*3600)
	r.Usage[0].From, r.Usage[0].To = r.Usage[0].From.In(tokyo), r.Usage[0].To.In(tokyo)
	got, err := licensefile.OpenRequest(sealedRequest(t, r), publisherA)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	if got.Request.Key != "ABCD1234EFGH5678" {
		t.Errorf("key: got %q, want it normalized", got.Request.Key)
	}
	if zone := got.Request.Usage[0].To.Location(); zone != time.UTC {
		t.Errorf("usage instants: got zone %v, want UTC", zone)
	}
}

func TestThumbprintIsThatOfRFC8037(t *testing.T) {
	// RFC 8037, appendix A.2 and A.3.
	x, err := b64.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	const want = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
	if got := licensefile.Thumbprint(x); got != want {
		t.Errorf("thumbprint: got %s, want %s", got, want)
	}
}

func TestRequestIsAnOrdinaryJWS(t *testing.T) {
	compact := sealedRequest(t, aRequest())
	signed, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatalf("go-jose does not parse it: %v", err)
	}
	if _, err := signed.Verify(signed.Signatures[0].Protected.JSONWebKey); err != nil {
		t.Errorf("go-jose does not verify it: %v", err)
	}
}

func TestRequestMadeByAnotherLibraryIsTaken(t *testing.T) {
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("licet-request+jwt")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: installationKey()}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(jsonOf(t, aRequest())))
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := licensefile.OpenRequest(compact, publisherA); err != nil {
		t.Errorf("opening a request made by go-jose: %v", err)
	}
}

func TestRequestIgnoresMembersItDoesNotKnow(t *testing.T) {
	key := installationKey()
	payload := edited(t, aRequest(), map[string]string{
		"x_new": `{"deep":[{"a":1},{"a":2}]}`, "KIND": `"deactivate"`, "Sequence": `99`,
	})
	got, err := licensefile.OpenRequest(forge(requestHeader(key, `,"kid":"1","KTY":2`), payload, key), publisherA)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	if diff := cmp.Diff(aRequest(), got.Request); diff != "" {
		t.Errorf("unknown members had an effect (-want +got):\n%s", diff)
	}
}

func TestRequestWithAnyByteChangedIsRefused(t *testing.T) {
	compact := sealedRequest(t, aRequest())
	flips(compact, func(at int, changed string) {
		if _, err := licensefile.OpenRequest(changed, publisherA); licensefile.CodeOf(err) == "" {
			t.Fatalf("byte %d changed from %q to %q: got error %v, want a refusal", at, compact[at], changed[at], err)
		}
	})
}

func TestRequestIsRefusedForItsEnvelope(t *testing.T) {
	key, other := installationKey(), keyOf("other")
	good := jsonOf(t, aRequest())
	compact := sealedRequest(t, aRequest())
	head, body, _ := strings.Cut(compact, ".")
	body, sign, _ := strings.Cut(body, ".")
	head2 := func(alg, typ, jwk string) string { return `{"alg":` + alg + `,"typ":` + typ + `,"jwk":` + jwk + `}` }
	const eddsa, typ = `"EdDSA"`, `"licet-request+jwt"`

	for _, c := range []struct{ name, compact, want string }{
		{"empty", "", licensefile.CodeFileMalformed},
		{"too large", strings.Repeat("A", licensefile.MaxSize+1), licensefile.CodeFileTooLarge},
		{"two parts", head + "." + body, licensefile.CodeFileMalformed},
		{"four parts", compact + ".AAAA", licensefile.CodeFileMalformed},
		{"JSON serialization", `{"payload":"` + body + `"}`, licensefile.CodeFileMalformed},
		{"padded", head + "." + body + "." + sign + "==", licensefile.CodeFileMalformed},
		{"line break inside", head + ".\n" + body + "." + sign, licensefile.CodeFileMalformed},
		{"line break after", compact + "\n", licensefile.CodeFileMalformed},
		{"stray bits at the end", head + "." + body + "." + sign[:len(sign)-1] + string(sign[len(sign)-1]+1), licensefile.CodeFileMalformed},
		{"short signature", head + "." + body + "." + sign[:40], licensefile.CodeSignatureInvalid},
		{"no signature", head + "." + body + ".", licensefile.CodeSignatureInvalid},
		{"header not JSON", forge(`nonsense`, good, key), licensefile.CodeFileMalformed},
		{"header an array", forge(`[]`, good, key), licensefile.CodeFileMalformed},
		{"header member twice", forge(requestHeader(key, `,"alg":"EdDSA"`), good, key), licensefile.CodeFileMalformed},
		{"license instead", forge(head2(eddsa, `"licet-license+jwt"`, jwkOf(key, "")), good, key), licensefile.CodeWrongType},
		{"typ in upper case", forge(head2(eddsa, `"LICET-REQUEST+JWT"`, jwkOf(key, "")), good, key), licensefile.CodeWrongType},
		{"no typ", forge(`{"alg":"EdDSA","jwk":`+jwkOf(key, "")+`}`, good, key), licensefile.CodeWrongType},
		{"alg none", forge(head2(`"none"`, typ, jwkOf(key, "")), good, key), licensefile.CodeAlgorithmNotAllowed},
		{"alg HS256", forge(head2(`"HS256"`, typ, jwkOf(key, "")), good, key), licensefile.CodeAlgorithmNotAllowed},
		{"alg Ed25519", forge(head2(`"Ed25519"`, typ, jwkOf(key, "")), good, key), licensefile.CodeAlgorithmNotAllowed},
		{"critical members", forge(requestHeader(key, `,"crit":["exp"],"exp":1`), good, key), licensefile.CodeAlgorithmNotAllowed},
		{"critical null", forge(requestHeader(key, `,"crit":null`), good, key), licensefile.CodeAlgorithmNotAllowed},
		{"no jwk", forge(`{"alg":"EdDSA","typ":"licet-request+jwt"}`, good, key), licensefile.CodeFileMalformed},
		{"jwk null", forge(head2(eddsa, typ, `null`), good, key), licensefile.CodeFileMalformed},
		{"jwk with private part", forge(head2(eddsa, typ, jwkOf(key, `,"d":"AAAA"`)), good, key), licensefile.CodeFileMalformed},
		{"jwk with private part null", forge(head2(eddsa, typ, jwkOf(key, `,"d":null`)), good, key), licensefile.CodeFileMalformed},
		{"jwk of another curve", forge(head2(eddsa, typ, strings.Replace(jwkOf(key, ""), "Ed25519", "X25519", 1)), good, key), licensefile.CodeFileMalformed},
		{"jwk of another type", forge(head2(eddsa, typ, strings.Replace(jwkOf(key, ""), "OKP", "EC", 1)), good, key), licensefile.CodeFileMalformed},
		{"jwk too short", forge(head2(eddsa, typ, `{"crv":"Ed25519","kty":"OKP","x":"AAAA"}`), good, key), licensefile.CodeFileMalformed},
		{"jwk member twice", forge(head2(eddsa, typ, jwkOf(key, `,"kty":"OKP"`)), good, key), licensefile.CodeFileMalformed},
		{"signed by another key", forge(requestHeader(key, ""), good, other), licensefile.CodeSignatureInvalid},
		{"payload not JSON", forge(requestHeader(key, ""), `{"kind":`, key), licensefile.CodeFileMalformed},
		{"payload null", forge(requestHeader(key, ""), `null`, key), licensefile.CodeWrongPublisher},
		{"text after the payload", forge(requestHeader(key, ""), good+`{}`, key), licensefile.CodeFileMalformed},
		{"member twice", forge(requestHeader(key, ""), `{"sequence":2,`+good[1:], key), licensefile.CodeFileMalformed},
		{"member twice, once escaped", forge(requestHeader(key, ""), `{"\u0073equence":2,`+good[1:], key), licensefile.CodeFileMalformed},
		{"unknown member twice", forge(requestHeader(key, ""), `{"x":1,"x":1,`+good[1:], key), licensefile.CodeFileMalformed},
		{"member twice inside an unknown one", forge(requestHeader(key, ""), `{"x":[{"y":1,"y":2}],`+good[1:], key), licensefile.CodeFileMalformed},
		{"nested too deep", forge(requestHeader(key, ""), `{"x":`+strings.Repeat("[", 99)+strings.Repeat("]", 99)+`,`+good[1:], key), licensefile.CodeFileMalformed},
		{"not UTF-8", forge(requestHeader(key, ""), `{"x":"`+"\xff"+`",`+good[1:], key), licensefile.CodeFileMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := licensefile.OpenRequest(c.compact, publisherA)
			wantCode(t, err, c.want)
		})
	}
}

func TestRequestChecksInTheOrderOfTheExchange(t *testing.T) {
	// Each of these is wrong in two ways; the earlier check must speak.
	key, other := installationKey(), keyOf("other")
	typed := `{"alg":"none","typ":"licet-license+jwt","jwk":` + jwkOf(key, "") + `}`
	elsewhere := edited(t, aRequest(), map[string]string{"aud": `"` + publisherB + `"`, "key": `"?"`})
	badKey := edited(t, aRequest(), map[string]string{"key": `"no key!"`})
	badMember := edited(t, aRequest(), map[string]string{"sequence": `0`})
	for _, c := range []struct{ name, compact, want string }{
		{"typ before alg", forge(typed, `{}`, key), licensefile.CodeWrongType},
		{"alg before aud", forge(`{"alg":"none","typ":"licet-request+jwt"}`, elsewhere, key), licensefile.CodeAlgorithmNotAllowed},
		{"aud before the key's form", forge(requestHeader(key, ""), elsewhere, key), licensefile.CodeWrongPublisher},
		{"aud before the signature", forge(requestHeader(key, ""), elsewhere, other), licensefile.CodeWrongPublisher},
		{"the key's form before the signature", forge(requestHeader(key, ""), badKey, other), licensefile.CodeKeyMalformed},
		{"the signature before the members", forge(requestHeader(key, ""), badMember, other), licensefile.CodeSignatureInvalid},
		{"the members last", forge(requestHeader(key, ""), badMember, key), licensefile.CodeRequestInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := licensefile.OpenRequest(c.compact, publisherA)
			wantCode(t, err, c.want)
		})
	}
}

func TestRequestIsRefusedForItsMembers(t *testing.T) {
	long := strings.Repeat("ä", 256)
	usage := func(raw string) map[string]string { return map[string]string{"usage": "[" + raw + "]"} }
	about := func(raw string) map[string]string { return map[string]string{"about": `{"product":"p",` + raw + `}`} }
	slot := func(raw string) map[string]string { return map[string]string{"slot": raw} }
	for _, c := range []struct {
		name    string
		members map[string]string
		want    string
	}{
		{"sound", nil, ""},
		{"unknown kind", map[string]string{"kind": `"transfer"`}, licensefile.CodeRequestInvalid},
		{"no kind", map[string]string{"kind": ""}, licensefile.CodeRequestInvalid},
		{"unknown method", map[string]string{"method": `"mail"`}, licensefile.CodeRequestInvalid},
		{"no method", map[string]string{"method": ""}, licensefile.CodeRequestInvalid},
		{"no key to activate", map[string]string{"key": ""}, licensefile.CodeKeyMalformed},
		{"key of letters that only look right", map[string]string{"key": `"ÀBCD1234"`}, licensefile.CodeKeyMalformed},
		{"key in a refresh", map[string]string{"kind": `"refresh"`}, licensefile.CodeRequestInvalid},
		{"no aud", map[string]string{"aud": ""}, licensefile.CodeWrongPublisher},
		{"short nonce", map[string]string{"nonce": `"123456789012345"`}, licensefile.CodeRequestInvalid},
		{"long nonce", map[string]string{"nonce": `"` + strings.Repeat("n", 129) + `"`}, licensefile.CodeRequestInvalid},
		{"nonce with a space", map[string]string{"nonce": `"1234567890 1234567"`}, licensefile.CodeRequestInvalid},
		{"sequence 0", map[string]string{"sequence": `0`}, licensefile.CodeRequestInvalid},
		{"sequence negative", map[string]string{"sequence": `-1`}, licensefile.CodeRequestInvalid},
		{"greatest sequence", map[string]string{"sequence": `9007199254740991`}, ""},
		{"sequence 2^53", map[string]string{"sequence": `9007199254740992`}, licensefile.CodeRequestInvalid},
		{"sequence beyond 64 bits", map[string]string{"sequence": `99999999999999999999`}, licensefile.CodeFileMalformed},
		{"sequence a fraction", map[string]string{"sequence": `1.5`}, licensefile.CodeFileMalformed},
		{"sequence a text", map[string]string{"sequence": `"1"`}, licensefile.CodeFileMalformed},
		{"preview without sequence", map[string]string{"kind": `"preview"`, "sequence": ""}, ""},
		{"preview with sequence", map[string]string{"kind": `"preview"`, "sequence": `1`}, licensefile.CodeRequestInvalid},
		{"previous negative", map[string]string{"previous": `-1`}, licensefile.CodeRequestInvalid},
		{"previous 2^53", map[string]string{"previous": `9007199254740992`}, licensefile.CodeRequestInvalid},
		{"revocations negative", map[string]string{"revocations": `-1`}, licensefile.CodeRequestInvalid},
		{"iat before the year 1", map[string]string{"iat": `-62135596801`}, licensefile.CodeRequestInvalid},
		{"iat long ago", map[string]string{"iat": `0`}, ""},
		{"iat after the year 9999", map[string]string{"iat": `253402300800`}, licensefile.CodeRequestInvalid},
		{"site id not a UUID", slot(`{"site":{"id":"main","name":""},"license_type":"desktop"}`), licensefile.CodeRequestInvalid},
		{"site id in upper case", slot(`{"site":{"id":"0197A1B2-1111-7111-8111-111111111111"},"license_type":"desktop"}`), licensefile.CodeRequestInvalid},
		{"site name too long", slot(`{"site":{"id":"` + siteID + `","name":"` + long + `"},"license_type":"desktop"}`), licensefile.CodeRequestInvalid},
		{"site name with a line feed", slot(`{"site":{"id":"` + siteID + `","name":"a\nb"},"license_type":"desktop"}`), licensefile.CodeRequestInvalid},
		{"site name that turns around", slot(`{"site":{"id":"` + siteID + `","name":"a\u202eb"},"license_type":"desktop"}`), licensefile.CodeRequestInvalid},
		{"site name in Japanese", slot(`{"site":{"id":"` + siteID + `","name":"東京支店"},"license_type":"desktop"}`), ""},
		{"no license type", slot(`{"site":{"id":"` + siteID + `","name":"a"}}`), licensefile.CodeRequestInvalid},
		{"license type with NUL", slot(`{"site":{"id":"` + siteID + `"},"license_type":"a\u0000"}`), licensefile.CodeRequestInvalid},
		{"no product", map[string]string{"about": `{}`}, licensefile.CodeRequestInvalid},
		{"host name too long", about(`"host_name":"` + long + `"`), licensefile.CodeRequestInvalid},
		{"version with an escape", about(`"version":"\u001b[31m"`), licensefile.CodeRequestInvalid},
		{"fingerprint part too long", about(`"fingerprint":{"` + long + `":"x"}`), licensefile.CodeRequestInvalid},
		{"fingerprint of many parts", about(`"fingerprint":{` + manyMembers(33) + `}`), licensefile.CodeRequestInvalid},
		{"fingerprint of few parts", about(`"fingerprint":{` + manyMembers(32) + `}`), ""},
		{"400 usage periods", usage(manyPeriods(400)), ""},
		{"401 usage periods", usage(manyPeriods(401)), licensefile.CodeRequestInvalid},
		{"usage without metric", usage(`{"from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z","used":0,"peak":0}`), licensefile.CodeRequestInvalid},
		{"usage from after to", usage(`{"metric":"d","from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z","used":0,"peak":0}`), licensefile.CodeRequestInvalid},
		{"usage without dates", usage(`{"metric":"d","used":0,"peak":0}`), licensefile.CodeRequestInvalid},
		{"usage negative", usage(`{"metric":"d","from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z","used":-1,"peak":0}`), licensefile.CodeRequestInvalid},
		{"peak negative", usage(`{"metric":"d","from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z","used":0,"peak":-1}`), licensefile.CodeRequestInvalid},
		{"usage 2^53", usage(`{"metric":"d","from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z","used":9007199254740992,"peak":0}`), licensefile.CodeRequestInvalid},
		{"usage date not RFC 3339", usage(`{"metric":"d","from":"yesterday","to":"2026-01-01T00:00:00Z","used":0,"peak":0}`), licensefile.CodeFileMalformed},
		{"over_since not a date", map[string]string{"over_since": `"0001-01-01T00:00:00Z"`}, licensefile.CodeRequestInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := installationKey()
			compact := forge(requestHeader(key, ""), edited(t, aRequest(), c.members), key)
			_, err := licensefile.OpenRequest(compact, publisherA)
			wantCode(t, err, c.want)
		})
	}
}

// manyMembers gives n members of an object, manyPeriods n usage periods.
func manyMembers(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = `"` + strings.Repeat("p", i+1) + `":"x"`
	}
	return strings.Join(parts, ",")
}

func manyPeriods(n int) string {
	const one = `{"metric":"d","from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z","used":1,"peak":1},`
	return strings.TrimSuffix(strings.Repeat(one, n), ",")
}

func TestSealRequestRefusesWhatNobodyWouldOpen(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*licensefile.Request)
		want string
	}{
		{"no publisher", func(r *licensefile.Request) { r.Audience = "" }, licensefile.CodeWrongPublisher},
		{"publisher not a URN", func(r *licensefile.Request) { r.Audience = "example.com" }, licensefile.CodeWrongPublisher},
		{"no key", func(r *licensefile.Request) { r.Key = "" }, licensefile.CodeKeyMalformed},
		{"no sequence", func(r *licensefile.Request) { r.Sequence = 0 }, licensefile.CodeRequestInvalid},
		{"text not UTF-8", func(r *licensefile.Request) { r.About.HostName = "\xff" }, licensefile.CodeRequestInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := aRequest()
			c.edit(&r)
			_, err := licensefile.SealRequest(r, installationKey())
			wantCode(t, err, c.want)
		})
	}
}

func TestSealRequestTakesEd25519KeysOnly(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if compact, err := licensefile.SealRequest(aRequest(), key); err == nil {
		t.Errorf("sealed with a P-256 key: %s", compact)
	}
}

func TestPeekTellsWhatAFileSaysOfItself(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	receipt, err := licensefile.SealReceipt(aReceipt(publisherA), p.signer)
	if err != nil {
		t.Fatal(err)
	}
	slot := aRequest().Slot
	for _, c := range []struct {
		name, compact string
		want          licensefile.Peeked
	}{
		{"request", sealedRequest(t, aRequest()), licensefile.Peeked{Type: licensefile.TypeRequest, Kind: licensefile.KindActivate, Slot: slot}},
		{"license", sealed(t, aLicense(publisherA), p.signer), licensefile.Peeked{Type: licensefile.TypeLicense, Slot: slot}},
		{"receipt", receipt, licensefile.Peeked{Type: licensefile.TypeReceipt, Kind: licensefile.KindReport, Slot: aReceipt(publisherA).Body.Slot}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := licensefile.Peek(c.compact)
			if err != nil {
				t.Fatalf("peeking: %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	_, err = licensefile.Peek("a.b")
	wantCode(t, err, licensefile.CodeFileMalformed)
}
