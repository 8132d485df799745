package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/seal"
)

var (
	oldKey = [32]byte{1, 2, 3}
	newKey = [32]byte{4, 5, 6}
)

func TestSealedSecretOpensForTheSamePurposeAndContext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		context := rapid.SliceOf(rapid.Byte()).Draw(t, "context")
		purpose := rapid.String().Draw(t, "purpose")
		k := seal.NewKeyring(newKey, oldKey)
		opened, err := k.Open(purpose, k.Seal(purpose, plain, context), context)
		if err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("Open = %x, %v; want %x", opened, err, plain)
		}
	})
}

func TestEqualSecretsLookDifferent(t *testing.T) {
	k := seal.NewKeyring(newKey)
	a, b := k.Seal("p", []byte("secret"), nil), k.Seal("p", []byte("secret"), nil)
	if bytes.Equal(a, b) {
		t.Errorf("both are %x", a)
	}
}

func TestAnyChangeOfSealedBytesIsRefused(t *testing.T) {
	k := seal.NewKeyring(newKey, oldKey)
	sealed := k.Seal("p", []byte("a secret"), []byte("row"))
	for bit := range 8 * len(sealed) {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		if opened, err := k.Open("p", changed, []byte("row")); err == nil {
			t.Errorf("with bit %d changed it opened to %q", bit, opened)
		}
	}
	for n := range sealed {
		if _, err := k.Open("p", sealed[:n], []byte("row")); !seal.Is(err, seal.SealedTampered) {
			t.Errorf("cut to %d bytes: %v, want sealed_tampered", n, err)
		}
	}
}

func TestSecretOfAnotherPurposeContextOrKeyIsRefused(t *testing.T) {
	k := seal.NewKeyring(newKey)
	sealed := k.Seal("p", []byte("a secret"), []byte("row 1"))
	for name, c := range map[string]struct {
		k       *seal.Keyring
		purpose string
		context string
		want    seal.Code
	}{
		"another purpose":         {k, "q", "row 1", seal.SealedTampered},
		"another context":         {k, "p", "row 2", seal.SealedTampered},
		"no context":              {k, "p", "", seal.SealedTampered},
		"another master key":      {seal.NewKeyring(oldKey), "p", "row 1", seal.MasterKeyUnknown},
		"purpose and MAC purpose": {k, "mac p", "row 1", seal.SealedTampered},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.k.Open(c.purpose, sealed, []byte(c.context))
			if !seal.Is(err, c.want) {
				t.Errorf("error = %v, want %s", err, c.want)
			}
		})
	}
}

func TestOlderMasterKeyStillOpensAndNewOneSeals(t *testing.T) {
	before := seal.NewKeyring(oldKey)
	after := seal.NewKeyring(newKey, oldKey)
	opened, err := after.Open("p", before.Seal("p", []byte("a secret"), nil), nil)
	if err != nil || string(opened) != "a secret" {
		t.Errorf("Open = %q, %v", opened, err)
	}
	if _, err := before.Open("p", after.Seal("p", []byte("a secret"), nil), nil); !seal.Is(err, seal.MasterKeyUnknown) {
		t.Errorf("error = %v, want master_key_unknown: the new key must seal", err)
	}
	if before.KeyID() == after.KeyID() {
		t.Errorf("both keys are called %s", before.KeyID())
	}
}

func TestMACStaysWhenANewerKeyIsAdded(t *testing.T) {
	before := seal.NewKeyring(oldKey)
	after := seal.NewKeyring(newKey, oldKey)
	if diff := cmp.Diff(before.MAC("look-up", []byte("x")), after.MAC("look-up", []byte("x"))); diff != "" {
		t.Errorf("MAC changed (-before +after):\n%s", diff)
	}
	if bytes.Equal(before.MAC("look-up", []byte("x")), before.MAC("other", []byte("x"))) {
		t.Error("two purposes share a MAC")
	}
}

// What a keyring made of oldKey once gave.
const (
	goldenKeyID  = "dc137d7c"
	goldenMAC    = "26a91310db8cbfb3336e5e3f21cc6eea4b1ea5d70fcd5cf3ab26cae66f1529b8"
	goldenSealed = "01dc137d7c88133135beee818c7dc9288b176cb04780e92e14089e76a8e3f2ecc7265476d8379ba8e6"
)

// The values stand in databases, so no release may compute others.
func TestDerivedValuesNeverChange(t *testing.T) {
	k := seal.NewKeyring(oldKey)
	got := []string{k.KeyID(), hex.EncodeToString(k.MAC("look-up", []byte("x")))}
	if diff := cmp.Diff([]string{goldenKeyID, goldenMAC}, got); diff != "" {
		t.Errorf("key id and MAC (-want +got):\n%s", diff)
	}
	sealed, err := hex.DecodeString(goldenSealed)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := k.Open("p", sealed, []byte("row"))
	if err != nil || string(opened) != "a secret" {
		t.Errorf("Open = %q, %v", opened, err)
	}
}

func TestKeyringServesManyAtOnce(t *testing.T) {
	k := seal.NewKeyring(newKey)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			purpose := string(rune('a' + i%4))
			opened, err := k.Open(purpose, k.Seal(purpose, []byte{byte(i)}, nil), nil)
			if err != nil || opened[0] != byte(i) {
				t.Errorf("Open = %v, %v", opened, err)
			}
			k.MAC(purpose, opened)
		})
	}
	wg.Wait()
}

func TestCreatedKeyFileLoads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if err := seal.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	first, err := seal.LoadKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
	if err := seal.CreateKeyFile(path); err == nil {
		t.Error("a key file was overwritten")
	}
	second, err := seal.LoadKeyring(path)
	if err != nil || first.KeyID() != second.KeyID() {
		t.Errorf("the key changed: %v", err)
	}
}

func TestKeyFileThatOthersCanReadIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644, 0o602} {
		t.Run(mode.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "master.key")
			if err := seal.CreateKeyFile(path); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := seal.LoadKeyring(path); !seal.Is(err, seal.KeyFileInvalid) {
				t.Errorf("error = %v, want key_file_invalid", err)
			}
		})
	}
}

func TestUnusableKeyTextIsRefusedWithoutRepeatingIt(t *testing.T) {
	line := base64.StdEncoding.EncodeToString(newKey[:])
	for name, text := range map[string]string{
		"empty":          "",
		"comment only":   "# nothing\n",
		"short":          base64.StdEncoding.EncodeToString(newKey[:31]),
		"long":           base64.StdEncoding.EncodeToString(append(newKey[:], 1)),
		"not base64":     "SECRETSECRETSECRET!",
		"twice the same": line + "\n" + line,
		"good and bad":   line + "\nSECRETSECRET",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := seal.ParseKeyring(text)
			if !seal.Is(err, seal.KeyFileInvalid) {
				t.Fatalf("error = %v, want key_file_invalid", err)
			}
			if strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), line) {
				t.Errorf("the error repeats the key: %v", err)
			}
		})
	}
}

func TestKeyTextMayHaveCommentsAndWindowsLineEnds(t *testing.T) {
	text := "# current\r\n" + base64.StdEncoding.EncodeToString(newKey[:]) + "\r\n\r\n  " + base64.StdEncoding.EncodeToString(oldKey[:])
	k, err := seal.ParseKeyring(text)
	if err != nil {
		t.Fatal(err)
	}
	if k.KeyID() != seal.NewKeyring(newKey).KeyID() {
		t.Errorf("current key = %s, want the first", k.KeyID())
	}
	if _, err := k.Open("p", seal.NewKeyring(oldKey).Seal("p", nil, nil), nil); err != nil {
		t.Errorf("the older key does not open: %v", err)
	}
}

func FuzzOpenRefusesWhatItDidNotSeal(f *testing.F) {
	k := seal.NewKeyring(newKey, oldKey)
	f.Add(k.Seal("other", []byte("x"), nil))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if opened, err := k.Open("p", sealed, nil); err == nil {
			t.Errorf("%x opened to %x", sealed, opened)
		}
	})
}
