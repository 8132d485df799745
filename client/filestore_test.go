package client_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/client"
)

func TestFileStoreKeepsTheInstallationForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "licet")
	store := must(client.OpenFileStore(dir))
	if in, err := store.Load(t.Context()); in != nil || err != nil {
		t.Errorf("a new folder: got %v, %v, want nothing", in, err)
	}
	w := newWorld(t)
	w.activate()
	want := must(w.store.Load(t.Context()))
	// What a crash left behind is in nobody's way, and its mode is not inherited.
	if err := os.WriteFile(filepath.Join(dir, "installation.json.new"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := store.Save(t.Context(), want); err != nil {
			t.Fatalf("saving: %v", err)
		}
	}
	got, err := store.Load(t.Context())
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
	info := must(os.Stat(filepath.Join(dir, "installation.json")))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, want 0600", info.Mode().Perm())
	}
	if info := must(os.Stat(dir)); info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the folder: got %v, want 0700", info.Mode().Perm())
	}
}

func TestFileStoreIsForOneProgramAtATime(t *testing.T) {
	dir := t.TempDir()
	first := must(client.OpenFileStore(dir))
	if _, err := client.OpenFileStore(dir); err == nil {
		t.Fatal("a second program opened the installation")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := client.OpenFileStore(dir)
	if err != nil {
		t.Fatalf("after the first has closed: %v", err)
	}
	must(0, second.Close())
}

func TestDamagedFileIsNeverReplacedByANewInstallation(t *testing.T) {
	dir := t.TempDir()
	store := must(client.OpenFileStore(dir))
	name := filepath.Join(dir, "installation.json")
	w := newWorld(t)
	for _, text := range []string{"", "{", `{"seed":"AAAA"}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := must(client.Open(client.Config{Trust: w.publisher.trust, Product: product, Store: store}))
		if id, err := c.Thumbprint(t.Context()); err == nil {
			t.Errorf("file %q: got installation %s, want an error", text, id)
		}
		if got := string(must(os.ReadFile(name))); got != text {
			t.Errorf("file %q was overwritten with %q", text, got)
		}
	}
}
