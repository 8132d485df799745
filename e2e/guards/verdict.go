package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// outcome is how a test ended.
type outcome int

const (
	absent   outcome = iota // it did not run at all
	passed                  // it passed
	skipped                 // it was skipped
	failed                  // it failed, as it should without its guard
	hung                    // it ran out of time
	unbuilt                 // the package or its test does not compile
	breakage                // the process ended in another way
)

// limit is how long a test may take. Removing a guard may make it wait forever.
const limit = 2 * time.Minute

// runTest runs one test of a copy and gives how it ended and what was said.
func (c workCopy) runTest(ctx context.Context, p patch) (outcome, string) {
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-vet=off", "-count=1",
		"-timeout", limit.String(), "-run", p.pattern(), p.pkg)
	cmd.Dir = c.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return breakage, ctx.Err().Error()
	}
	return judge(&out, p.test, err)
}

// judge reads the output of `go test -json`.
func judge(out *bytes.Buffer, test string, exit error) (outcome, string) {
	var said strings.Builder
	end := absent
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(&said, lines.Text())
			continue
		}
		said.WriteString(e.Output)
		switch {
		case e.Action == "build-fail":
			end = unbuilt
		case e.Test != test:
		case e.Action == "pass":
			end = passed
		case e.Action == "skip":
			end = skipped
		case e.Action == "fail":
			end = failed
		}
	}
	text := said.String()
	if strings.Contains(text, "panic: test timed out after") {
		end = hung
	}
	if end == absent && exit != nil {
		end = breakage
	}
	return end, text
}

// verdict is what Guards says of a patch.
type verdict struct {
	ok, skipped bool
	text        string // one line
	output      string // what the test said, when it is no pass
}

// try applies a patch to a copy, runs its test and takes the patch away.
// without tells how the test ends when the guard stands.
func (c workCopy) try(ctx context.Context, p patch, without outcome, said string) verdict {
	switch without {
	case passed:
	case skipped:
		return verdict{skipped: true, text: p.test + " is skipped here: " + reason(said)}
	case absent:
		return verdict{text: "there is no test " + p.test + " in " + p.pkg}
	default:
		return verdict{text: p.test + " does not pass with the guard in place either", output: said}
	}
	if err := c.apply(ctx, p, false); err != nil {
		return verdict{text: "the patch no longer applies", output: err.Error()}
	}
	end, said := c.runTest(ctx, p)
	if err := c.apply(ctx, p, true); err != nil {
		return verdict{text: "the patch could not be taken back", output: err.Error()}
	}
	switch end {
	case failed:
		return verdict{ok: true, text: p.test + " fails without it"}
	case unbuilt:
		return verdict{text: "does not compile without the guard", output: said}
	case hung:
		return verdict{text: p.test + " hangs instead of failing", output: said}
	case passed:
		return verdict{text: "NOT NOTICED: " + p.test + " passes without it"}
	default:
		return verdict{text: p.test + " ends in another way than failing", output: said}
	}
}

// reason gives the line in which a skipped test says why.
func reason(said string) string {
	for line := range strings.Lines(said) {
		if _, why, ok := strings.Cut(line, ".go:"); ok {
			if _, why, ok = strings.Cut(why, ": "); ok {
				return strings.TrimSpace(why)
			}
		}
	}
	return "no reason given"
}
