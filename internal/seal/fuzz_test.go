package seal_test

import (
	"bytes"
	"testing"

	"github.com/licethq/licet/internal/seal"
)

// FuzzKeyFile holds the reader of master key files to taking only what then
// seals and opens.
func FuzzKeyFile(f *testing.F) {
	for _, seed := range []string{
		"", "# a comment\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", "short\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keyring, err := seal.ParseKeyring(text)
		if err != nil {
			return
		}
		plain, context := []byte("secret"), []byte("context")
		opened, err := keyring.Open("fuzz", keyring.Seal("fuzz", plain, context), context)
		if err != nil || !bytes.Equal(opened, plain) {
			t.Errorf("the keys of %q do not open what they seal: %v", text, err)
		}
	})
}
