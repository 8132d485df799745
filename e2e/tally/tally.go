package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// tally is what came of a run.
type tally struct {
	Passed  int
	Failed  []string
	Skipped []skip
}

// skip is a test that did not run, and why.
type skip struct {
	Name, Reason string
}

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
	ImportPath                    string // of a build, instead of Package
}

// test is a test that runs, and its output so far.
type test struct {
	output   strings.Builder
	children bool
}

// read follows a run, prints packages and failures as they come, and counts the
// tests. A test with subtests is not counted itself unless it failed or was
// skipped on its own: its cases are.
func read(in io.Reader, out io.Writer) (tally, error) {
	var sum tally
	running := map[string]*test{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			fmt.Fprintln(out, lines.Text()) // not from a test: the go command itself speaks
			continue
		}
		sum.take(e, running, out)
	}
	return sum, lines.Err()
}

// take counts one event.
func (t *tally) take(e event, running map[string]*test, out io.Writer) {
	name := e.Package + " " + e.Test
	if e.Test == "" {
		t.takePackage(e, running, out)
		return
	}
	now := running[name]
	if now == nil {
		now = &test{}
		running[name] = now
	}
	switch e.Action {
	case "output":
		now.output.WriteString(e.Output)
		return
	case "run":
		if i := strings.LastIndex(e.Test, "/"); i >= 0 {
			if parent := running[e.Package+" "+e.Test[:i]]; parent != nil {
				parent.children = true
			}
		}
		return
	case "pass":
		if !now.children {
			t.Passed++
		}
	case "fail":
		fmt.Fprint(out, now.output.String())
		if !now.children || !t.failedBelow(name) {
			t.Failed = append(t.Failed, name)
		}
	case "skip":
		t.Skipped = append(t.Skipped, skip{Name: name, Reason: reason(now.output.String())})
	default:
		return
	}
	delete(running, name)
}

// failedBelow reports whether a subtest of a test has been counted as failed.
func (t *tally) failedBelow(name string) bool {
	for _, f := range t.Failed {
		if strings.HasPrefix(f, name+"/") {
			return true
		}
	}
	return false
}

// takePackage counts an event that belongs to no single test. A package that
// cannot be built, or that dies between tests, is a failure of its own.
func (t *tally) takePackage(e event, running map[string]*test, out io.Writer) {
	own := running[e.Package]
	if own == nil {
		own = &test{}
		running[e.Package] = own
	}
	switch e.Action {
	case "build-output":
		fmt.Fprint(out, e.Output)
	case "output":
		own.output.WriteString(e.Output)
	case "pass":
		fmt.Fprintf(out, "ok  \t%s\t%.3fs\n", e.Package, e.Elapsed)
	case "fail":
		t.failPackage(e, own, running, out)
	}
}

func (t *tally) failPackage(e event, own *test, running map[string]*test, out io.Writer) {
	fmt.Fprintf(out, "FAIL\t%s\t%.3fs\n", e.Package, e.Elapsed)
	for name, left := range running { // tests that never ended: the process died in them
		if strings.HasPrefix(name, e.Package+" ") {
			fmt.Fprint(out, left.output.String())
			t.Failed = append(t.Failed, name)
			delete(running, name)
		}
	}
	for _, f := range t.Failed {
		if strings.HasPrefix(f, e.Package+" ") {
			return
		}
	}
	fmt.Fprint(out, own.output.String())
	t.Failed = append(t.Failed, e.Package)
}

// place matches the file and line that t.Skip puts before its reason.
var place = regexp.MustCompile(`^\s*[\w.-]+\.go:\d+: `)

// reason gives why a test was skipped, out of its output.
func reason(output string) string {
	var said []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "=== ") || strings.HasPrefix(strings.TrimSpace(line), "--- ") {
			continue
		}
		if s := strings.TrimSpace(place.ReplaceAllString(line, "")); s != "" {
			said = append(said, s)
		}
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}

// add puts the counts of another run on top.
func (t *tally) add(other tally) {
	t.Passed += other.Passed
	t.Failed = append(t.Failed, other.Failed...)
	t.Skipped = append(t.Skipped, other.Skipped...)
}

// namesMost is how many skipped tests are named for a reason; the rest is counted.
const namesMost = 12

// print closes a run. Skipped tests come together by their reason.
func (t *tally) print(out io.Writer) {
	if len(t.Skipped) > 0 {
		fmt.Fprintf(out, "\nskipped:\n")
	}
	var reasons []string
	names := map[string][]string{}
	for _, s := range t.Skipped {
		if names[s.Reason] == nil {
			reasons = append(reasons, s.Reason)
		}
		names[s.Reason] = append(names[s.Reason], s.Name)
	}
	for _, r := range reasons {
		fmt.Fprintf(out, "  %d: %s\n", len(names[r]), r)
		for _, n := range names[r][:min(namesMost, len(names[r]))] {
			fmt.Fprintf(out, "    %s\n", n)
		}
		if more := len(names[r]) - namesMost; more > 0 {
			fmt.Fprintf(out, "    and %d more\n", more)
		}
	}
	if len(t.Failed) > 0 {
		fmt.Fprintf(out, "\nfailed:\n")
	}
	for _, f := range t.Failed {
		fmt.Fprintf(out, "  %s\n", f)
	}
	fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", t.Passed, len(t.Failed), len(t.Skipped))
}
