package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// sample is a module whose tests end in every way a test can.
const sample = `
-- go.mod --
module example.com/sample

go 1.26
-- good/good_test.go --
package good

import "testing"

func TestPasses(t *testing.T) {}

func TestHasCases(t *testing.T) {
	t.Run("one", func(t *testing.T) {})
	t.Run("two", func(t *testing.T) {})
	t.Run("needs a moon", func(t *testing.T) { t.Skip("there is no moon") })
}

func TestAlsoNeedsAMoon(t *testing.T) { t.Skip("there is no moon") }

func TestSkipsSilently(t *testing.T) { t.SkipNow() }
-- bad/bad_test.go --
package bad

import "testing"

func TestFails(t *testing.T) { t.Error("it is broken") }

func TestFailsInACase(t *testing.T) {
	t.Run("fine", func(t *testing.T) {})
	t.Run("broken", func(t *testing.T) { t.Error("the case is broken") })
}
-- dies/dies_test.go --
package dies

import (
	"os"
	"testing"
)

func TestEndsTheProcess(t *testing.T) { os.Exit(3) }
-- wrong/wrong_test.go --
package wrong

import "testing"

func TestDoesNotCompile(t *testing.T) { undefined() }
`

// runSample gives what `go test -json` says of the sample's packages.
func runSample(t *testing.T, packages ...string) *bytes.Reader {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(sample)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-json"}, packages...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.Output()
	if len(out) == 0 {
		t.Fatalf("go test said nothing: %v", err)
	}
	return bytes.NewReader(out)
}

func TestEveryWayATestEndsIsCountedOnce(t *testing.T) {
	var out strings.Builder
	got, err := read(runSample(t, "./..."), &out)
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(got.Failed)
	want := tally{
		Passed: 4, // TestPasses, two cases of TestHasCases, one of TestFailsInACase
		Failed: []string{
			"example.com/sample/bad TestFails",
			"example.com/sample/bad TestFailsInACase/broken",
			"example.com/sample/dies TestEndsTheProcess",
			"example.com/sample/wrong",
		},
		Skipped: []skip{
			{"example.com/sample/good TestHasCases/needs_a_moon", "there is no moon"},
			{"example.com/sample/good TestAlsoNeedsAMoon", "there is no moon"},
			{"example.com/sample/good TestSkipsSilently", "no reason given"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tally (-want +got):\n%s\noutput:\n%s", diff, out.String())
	}
	for _, said := range []string{"it is broken", "the case is broken", "undefined: undefined", "ok  \texample.com/sample/good"} {
		if !strings.Contains(out.String(), said) {
			t.Errorf("output does not say %q:\n%s", said, out.String())
		}
	}
}

func TestSkippedTestsAreListedByReasonAboveTheCounts(t *testing.T) {
	var out strings.Builder
	failed, err := run([]string{"-skipped", "govulncheck=no database"}, runSample(t, "./good"), &out)
	if err != nil || failed {
		t.Fatalf("run: failed %v, error %v, want neither", failed, err)
	}
	_, got, _ := strings.Cut(out.String(), "\n\n")
	want := `skipped:
  1: no database
    govulncheck
  2: there is no moon
    example.com/sample/good TestHasCases/needs_a_moon
    example.com/sample/good TestAlsoNeedsAMoon
  1: no reason given
    example.com/sample/good TestSkipsSilently

3 passed, 0 failed, 4 skipped
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("closing (-want +got):\n%s", diff)
	}
}

func TestManySkippedTestsOfOneReasonAreCounted(t *testing.T) {
	var many tally
	for i := range 14 {
		many.Skipped = append(many.Skipped, skip{Name: fmt.Sprintf("test%d", i), Reason: "there is no moon"})
	}
	var out strings.Builder
	many.print(&out)
	if !strings.Contains(out.String(), "14: there is no moon") || !strings.Contains(out.String(), "test11\n    and 2 more\n") {
		t.Errorf("print = %q, want a count, 12 names and the rest counted", out.String())
	}
}

func TestSeveralRunsSumUpInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger")
	var out strings.Builder
	for _, args := range [][]string{{"-passed", "lint"}, {"-passed", "vet", "-skipped", "moon=none"}} {
		if failed, err := run(append(args, "-add", file), strings.NewReader(""), &out); err != nil || failed {
			t.Fatalf("run %q: failed %v, error %v, want neither", args, failed, err)
		}
	}
	failed, err := run([]string{"-failed", "demo", "-add", file}, strings.NewReader(""), &out)
	if err != nil || !failed {
		t.Fatalf("run with a failed check: failed %v, error %v, want failed", failed, err)
	}
	out.Reset()
	failed, err = run([]string{"-total", "-add", file}, strings.NewReader(""), &out)
	if err != nil || !failed {
		t.Fatalf("total: failed %v, error %v, want failed", failed, err)
	}
	if want := "\n2 passed, 1 failed, 1 skipped\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("total ends with %q, want %q", out.String(), want)
	}
}
