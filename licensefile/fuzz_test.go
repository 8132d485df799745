package licensefile_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/licensefile"
)

// Whatever a parser is given, it ends, does not panic, and refuses with a code.
// What it accepts was signed by the key in the test, byte for byte.

func FuzzOpenRequest(f *testing.F) {
	key := installationKey()
	f.Add(jsonOf(f, aRequest()))
	f.Add(`{"kind":"preview"}`)
	// The payload, soundly signed, gets past the signature to the members.
	f.Fuzz(func(t *testing.T, payload string) {
		signed, err := licensefile.OpenRequest(forge(requestHeader(key, ""), payload, key), publisherA)
		if err != nil {
			if licensefile.CodeOf(err) == "" {
				t.Errorf("refused without a code: %v", err)
			}
			return
		}
		again, err := licensefile.OpenRequest(sealedRequest(t, signed.Request), publisherA)
		if err != nil {
			t.Fatalf("accepted once, but not when sealed again: %v", err)
		}
		if diff := cmp.Diff(signed.Request, again.Request); diff != "" {
			t.Errorf("sealed and opened again (-first +second):\n%s", diff)
		}
	})
}

func FuzzOpenRequestEnvelope(f *testing.F) {
	key := installationKey()
	f.Add(requestHeader(key, ""), `{}`)
	f.Add(requestHeader(key, `,"crit":[]`), `[]`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		for _, compact := range []string{header, header + "." + payload + ".", forge(header, payload, key)} {
			if _, err := licensefile.OpenRequest(compact, publisherA); err != nil && licensefile.CodeOf(err) == "" {
				t.Errorf("refused without a code: %v", err)
			}
		}
	})
}

func FuzzOpenRequestWithAByteChanged(f *testing.F) {
	compact := sealedRequest(f, aRequest())
	f.Add(0, byte(1))
	f.Add(len(compact)-1, byte('Q'))
	f.Fuzz(func(t *testing.T, at int, to byte) {
		at = int(uint(at) % uint(len(compact)))
		changed := []byte(compact)
		changed[at] = to
		_, err := licensefile.OpenRequest(string(changed), publisherA)
		if same := to == compact[at]; same != (err == nil) {
			t.Errorf("byte %d to %q: got error %v", at, to, err)
		}
	})
}

func FuzzOpenLicense(f *testing.F) {
	p := newPublisher(f, publisherA, "Example Software")
	f.Add(jsonOf(f, aLicense(publisherA)))
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, payload string) {
		signed, err := p.signer.Seal(licensefile.TypeLicense, []byte(payload))
		if err != nil {
			return
		}
		l, err := p.trust.OpenLicense(signed, expectation())
		if err != nil {
			if licensefile.CodeOf(err) == "" {
				t.Errorf("refused without a code: %v", err)
			}
			return
		}
		again, err := p.trust.OpenLicense(sealed(t, *l, p.signer), expectation())
		if err != nil {
			t.Fatalf("accepted once, but not when sealed again: %v", err)
		}
		if diff := cmp.Diff(l, again); diff != "" {
			t.Errorf("sealed and opened again (-first +second):\n%s", diff)
		}
		row := licensefile.RowOf(*l, 5, issued, nil)
		licensefile.Standing(row, issued)
		licensefile.May(licensefile.Enroll, row, issued)
	})
}

func FuzzOpenReceipt(f *testing.F) {
	p := newPublisher(f, publisherA, "Example Software")
	f.Add(jsonOf(f, aReceipt(publisherA)))
	f.Fuzz(func(t *testing.T, payload string) {
		signed, err := p.signer.Seal(licensefile.TypeReceipt, []byte(payload))
		if err != nil {
			return
		}
		r, err := p.trust.OpenReceipt(signed, expectation())
		if err != nil {
			if licensefile.CodeOf(err) == "" {
				t.Errorf("refused without a code: %v", err)
			}
			return
		}
		if _, err := licensefile.SealReceipt(*r, p.signer); err != nil {
			t.Errorf("accepted, but cannot be sealed: %v", err)
		}
	})
}

func FuzzOpenRevocations(f *testing.F) {
	p := newPublisher(f, publisherA, "Example Software")
	f.Add(jsonOf(f, aList(p.leafDER)))
	f.Fuzz(func(t *testing.T, payload string) {
		list, err := p.trust.OpenRevocations(forge(`{"alg":"EdDSA","typ":"licet-revocations+jwt"}`, payload, p.rootKey))
		if err != nil {
			if licensefile.CodeOf(err) == "" {
				t.Errorf("refused without a code: %v", err)
			}
			return
		}
		if _, err := licensefile.SealRevocations(*list, p.rootKey); err != nil {
			t.Errorf("accepted, but cannot be sealed: %v", err)
		}
	})
}

func FuzzPeek(f *testing.F) {
	f.Add(sealedRequest(f, aRequest()))
	f.Fuzz(func(t *testing.T, compact string) {
		if _, err := licensefile.Peek(compact); err != nil && licensefile.CodeOf(err) == "" {
			t.Errorf("refused without a code: %v", err)
		}
	})
}

func FuzzDearmor(f *testing.F) {
	compact := sealedRequest(f, aRequest())
	f.Add(licensefile.Armor(licensefile.ArmorRequest, compact))
	f.Add([]byte("\ufeff-----BEGIN LICET LICENSE-----\r\nYS5iLmM=\r\n-----END LICET LICENSE-----"))
	f.Fuzz(func(t *testing.T, file []byte) {
		label, compact, err := licensefile.Dearmor(file)
		if err != nil {
			if licensefile.CodeOf(err) == "" {
				t.Errorf("refused without a code: %v", err)
			}
			return
		}
		label2, compact2, err := licensefile.Dearmor(licensefile.Armor(label, compact))
		if err != nil || label2 != label || compact2 != compact {
			t.Errorf("armored again: got %q, %q, %v, want %q, %q", label2, compact2, err, label, compact)
		}
	})
}

func FuzzParseTrust(f *testing.F) {
	p := newPublisher(f, publisherA, "Example Software")
	f.Add(licensefile.TrustPEM(p.rootDER))
	f.Add(bytes.Repeat(licensefile.TrustPEM(p.leafDER), 2))
	f.Fuzz(func(t *testing.T, file []byte) {
		trust, err := licensefile.ParseTrust(file)
		if err != nil {
			if licensefile.CodeOf(err) == "" {
				t.Errorf("refused without a code: %v", err)
			}
			return
		}
		if len(trust.Publishers()) == 0 {
			t.Error("accepted a file that trusts nobody")
		}
	})
}

func FuzzNormalizeKey(f *testing.F) {
	f.Add("abcd-1234 ＥＦＧＨ")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, typed string) {
		key := licensefile.NormalizeKey(typed)
		if again := licensefile.NormalizeKey(key); again != key {
			t.Errorf("got %q, then %q", key, again)
		}
		masked := licensefile.MaskKey(key)
		if licensefile.ValidKeyForm(key) && len(key) >= 8 && masked != "••••-"+key[len(key)-4:] {
			t.Errorf("mask of %q: got %q", key, masked)
		}
		if len(masked) > len("••••-WXYZ") {
			t.Errorf("the mask %q shows too much", masked)
		}
	})
}
