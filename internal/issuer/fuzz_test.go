package issuer

import (
	"crypto/rand"
	"testing"
	"time"
)

// FuzzRootKeyFile holds the reader of root key files to taking none but the
// root's own key.
func FuzzRootKeyFile(f *testing.F) {
	made, err := newRoot("urn:uuid:00000000-0000-4000-8000-000000000000", "Example Software", time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	own, err := rootKeyPEM(made.key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(own)
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if r, err := parseRootKey(file, made.der); err == nil && !r.key.Equal(made.key) {
			t.Errorf("another key is taken: %q", file)
		}
	})
}
