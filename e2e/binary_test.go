package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/licethq/licet/internal/bench"
)

// binaryVariable names the environment variable that holds the path of the
// binary under test.
const binaryVariable = "LICET_E2E_BINARY"

// TestMain builds the binary once for all tests of the package, unless one is
// given.
func TestMain(m *testing.M) {
	code, err := withBinary(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func withBinary(m *testing.M) (code int, err error) {
	if os.Getenv(binaryVariable) != "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "licet-e2e")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "licet")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "../cmd/licet")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	if err := os.Setenv(binaryVariable, binary); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// life is the context of a process that a test stops itself, at its cleanup.
func life(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }

// startServer starts a server on data of its own and fills it.
func startServer(t *testing.T, cfg bench.ServerConfig) (*bench.Server, *bench.Seed) {
	t.Helper()
	cfg.Binary, cfg.Folder = os.Getenv(binaryVariable), t.TempDir()
	s, err := bench.StartServer(life(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	seed, err := s.Seed(t.Context())
	if err != nil {
		t.Fatalf("fill the server: %v\n%s", err, s.Log())
	}
	return s, seed
}
