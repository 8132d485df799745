package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestEveryGuardPatchStillApplies is the quick half of `make guards`: it runs
// with all other tests, so that whoever moves a guard learns it at once.
func TestEveryGuardPatchStillApplies(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	list, err := patches(here, regexp.MustCompile(""))
	if err != nil {
		t.Error(err)
	}
	for _, p := range list {
		t.Run(p.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "git", "apply", "--check", p.file)
			cmd.Dir = "../.."
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("git apply --check %s.patch: %v\n%s", p.name, err, out)
			}
		})
	}
}

// trial is a module with a guard, and patches that end in every way.
const trial = `
-- go.mod --
module example.com/trial

go 1.26
-- door/door.go --
package door

func Open(key string) bool {
	if key == "" {
		return false
	}
	return key == "right"
}

func Sell(left int) bool {
	return left > 0
}
-- door/door_test.go --
package door

import "testing"

func TestOnlyTheRightKeyOpens(t *testing.T) {
	for _, key := range []string{"", "wrong"} {
		t.Run("key "+key, func(t *testing.T) {
			if Open(key) {
				t.Errorf("Open(%q) = true, want false", key)
			}
		})
	}
}

func TestRightKeyOpens(t *testing.T) {
	if !Open("right") {
		t.Error("Open(right) = false, want true")
	}
}

func TestNeverPasses(t *testing.T) { t.Error("broken") }

func TestNeedsAMoon(t *testing.T) { t.Skip("there is no moon") }
-- patches/caught.patch --
guard: Only the right key opens.
package: ./door
test: TestOnlyTheRightKeyOpens

diff --git a/door/door.go b/door/door.go
--- a/door/door.go
+++ b/door/door.go
@@ -4,5 +4,5 @@
 	if key == "" {
 		return false
 	}
-	return key == "right"
+	return true
 }
-- patches/caught-by-a-case.patch --
guard: Only the right key opens.
package: ./door
test: TestOnlyTheRightKeyOpens/key_wrong

diff --git a/door/door.go b/door/door.go
--- a/door/door.go
+++ b/door/door.go
@@ -4,5 +4,5 @@
 	if key == "" {
 		return false
 	}
-	return key == "right"
+	return true
 }
-- patches/missed.patch --
guard: Nothing is sold that is not left.
package: ./door
test: TestRightKeyOpens

diff --git a/door/door.go b/door/door.go
--- a/door/door.go
+++ b/door/door.go
@@ -8,5 +8,5 @@
 }
 
 func Sell(left int) bool {
-	return left > 0
+	return true
 }
-- patches/moved.patch --
guard: Only the right key opens.
package: ./door
test: TestOnlyTheRightKeyOpens

diff --git a/door/door.go b/door/door.go
--- a/door/door.go
+++ b/door/door.go
@@ -4,5 +4,5 @@
 	if key == "" {
 		return false
 	}
-	return key == "correct"
+	return true
 }
-- patches/uncompiled.patch --
guard: Only the right key opens.
package: ./door
test: TestOnlyTheRightKeyOpens

diff --git a/door/door.go b/door/door.go
--- a/door/door.go
+++ b/door/door.go
@@ -4,5 +4,5 @@
 	if key == "" {
 		return false
 	}
-	return key == "right"
+	return "true"
 }
-- patches/untested.patch --
guard: Only the right key opens.
package: ./door
test: TestThatNobodyWrote

diff --git a/door/door.go b/door/door.go
--- a/door/door.go
+++ b/door/door.go
@@ -4,5 +4,5 @@
 	if key == "" {
 		return false
 	}
-	return key == "right"
+	return true
 }
-- patches/broken-before.patch --
guard: Only the right key opens.
package: ./door
test: TestNeverPasses

diff --git a/door/door.go b/door/door.go
--- a/door/door.go
+++ b/door/door.go
@@ -4,5 +4,5 @@
 	if key == "" {
 		return false
 	}
-	return key == "right"
+	return true
 }
-- patches/skipped.patch --
guard: Only the right key opens.
package: ./door
test: TestNeedsAMoon

diff --git a/door/door.go b/door/door.go
--- a/door/door.go
+++ b/door/door.go
@@ -4,5 +4,5 @@
 	if key == "" {
 		return false
 	}
-	return key == "right"
+	return true
 }
`

// newTrial writes the trial module, in a git repository, and gives its folder.
func newTrial(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(trial)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "git", "init", "-q")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	return dir
}

// sortedLines gives the lines that do not belong to a test's own output.
func sortedLines(s string) []string {
	var lines []string
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, " ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	sort.Strings(lines)
	return lines
}

func TestAGuardPassesOnlyWhenItsOwnTestFailsWithoutIt(t *testing.T) {
	t.Setenv("GOWORK", "off")
	root := newTrial(t)
	before, err := os.ReadFile(filepath.Join(root, "door/door.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	bad, err := run(t.Context(), []string{"-root", root, "-patches", "patches"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if !bad {
		t.Error("run reports that every guard is noticed, want not")
	}
	want := []string{
		"8 guards: 2 noticed, 5 failed, 1 skipped",
		"FAIL  broken-before: TestNeverPasses does not pass with the guard in place either",
		"FAIL  missed: NOT NOTICED: TestRightKeyOpens passes without it",
		"FAIL  moved: the patch no longer applies",
		"FAIL  uncompiled: does not compile without the guard",
		"FAIL  untested: there is no test TestThatNobodyWrote in ./door",
		"ok    caught-by-a-case: TestOnlyTheRightKeyOpens/key_wrong fails without it",
		"ok    caught: TestOnlyTheRightKeyOpens fails without it",
		"skip  skipped: TestNeedsAMoon is skipped here: there is no moon",
	}
	if diff := cmp.Diff(want, sortedLines(out.String())); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s\n%s", diff, out.String())
	}
	after, err := os.ReadFile(filepath.Join(root, "door/door.go"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("the tree itself was changed (-before +after):\n%s", diff)
	}
}

func TestOnlyMatchingGuardsAreTried(t *testing.T) {
	t.Setenv("GOWORK", "off")
	var out strings.Builder
	bad, err := run(t.Context(), []string{"-root", newTrial(t), "-patches", "patches", "-run", "^caught"}, &out)
	if err != nil || bad {
		t.Fatalf("run: bad %v, error %v, want neither\n%s", bad, err, out.String())
	}
	if want := "2 guards: 2 noticed, 0 failed, 0 skipped\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("run ends with %q, want %q", out.String(), want)
	}
}

func TestAHeaderThatNamesNoTestIsRefused(t *testing.T) {
	const diff = "diff --git a/a.go b/a.go\n"
	cases := []struct{ name, text, want string }{
		{"no diff", "guard: g\npackage: ./p\ntest: TestT\n", "p: holds no diff made by git"},
		{"no guard", "package: ./p\ntest: TestT\n" + diff, "p: the header does not say `guard: …`"},
		{"no package", "guard: g\ntest: TestT\n" + diff, "p: the header does not say `package: ./…`"},
		{"no test", "guard: g\npackage: ./p\n" + diff, "p: the header does not say `test: Test…`"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "p.patch")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readPatch(file)
			if err == nil || err.Error() != c.want {
				t.Errorf("readPatch = %v, want %q", err, c.want)
			}
		})
	}
}
