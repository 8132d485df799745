package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	bad, err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "guards:", err)
		os.Exit(2)
	}
	if bad {
		os.Exit(1)
	}
}

// run does what the package says and reports whether a guard could be removed
// without being noticed.
func run(ctx context.Context, args []string, out io.Writer) (bad bool, err error) {
	flags := flag.NewFlagSet("guards", flag.ContinueOnError)
	root := flags.String("root", ".", "folder of the module")
	dir := flags.String("patches", "e2e/guards", "folder of the patches, in the module")
	only := flags.String("run", "", "regular expression of the names to try")
	workers := flags.Int("workers", max(2, runtime.NumCPU()), "copies of the tree to work in at once")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return false, err
	}
	absolute, err := filepath.Abs(filepath.Join(*root, *dir))
	if err != nil {
		return false, err
	}
	list, err := patches(absolute, pattern)
	if err != nil {
		return false, err
	}
	if len(list) == 0 {
		return false, fmt.Errorf("no patch in %s matches %q", *dir, *only)
	}
	temp, err := os.MkdirTemp("", "licet-guards")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(temp)
	j := &judgment{root: *root, temp: temp, out: out}
	if err := j.all(ctx, list, max(1, min(*workers, len(list)))); err != nil {
		return false, err
	}
	return j.close(len(list)), nil
}

// judgment tries patches in several copies and counts what came of them.
type judgment struct {
	root, temp string
	out        io.Writer

	mu                  sync.Mutex
	ok, missed, skipped int
	seen                map[string]*sighting // by package and test
}

// sighting is how a test ends with every guard in place; several patches may
// name the same test.
type sighting struct {
	once sync.Once
	end  outcome
	said string
}

// all tries the patches, each worker in a copy of its own.
func (j *judgment) all(ctx context.Context, list []patch, workers int) error {
	j.seen = map[string]*sighting{}
	next := make(chan patch)
	errs := make(chan error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			c, err := newCopy(ctx, j.root, filepath.Join(j.temp, fmt.Sprintf("tree%d", i)))
			if err != nil {
				errs <- err
			}
			for p := range next {
				if err == nil && ctx.Err() == nil {
					j.one(ctx, c, p)
				}
			}
		})
	}
	for _, p := range list {
		next <- p
	}
	close(next)
	wg.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	return ctx.Err()
}

// one tries a patch and says what came of it.
func (j *judgment) one(ctx context.Context, c workCopy, p patch) {
	j.mu.Lock()
	s := j.seen[p.pkg+" "+p.test]
	if s == nil {
		s = &sighting{}
		j.seen[p.pkg+" "+p.test] = s
	}
	j.mu.Unlock()
	s.once.Do(func() { s.end, s.said = c.runTest(ctx, p) })
	v := c.try(ctx, p, s.end, s.said)

	j.mu.Lock()
	defer j.mu.Unlock()
	word := "FAIL"
	switch {
	case v.ok:
		j.ok++
		word = "ok  "
	case v.skipped:
		j.skipped++
		word = "skip"
	default:
		j.missed++
	}
	fmt.Fprintf(j.out, "%s  %s: %s\n", word, p.name, v.text)
	if v.output != "" {
		fmt.Fprintf(j.out, "      %s\n", strings.Join(lastLines(v.output), "\n      "))
	}
}

// close prints the counts and reports whether any guard failed its trial.
func (j *judgment) close(total int) bool {
	fmt.Fprintf(j.out, "%d guards: %d noticed, %d failed, %d skipped\n", total, j.ok, j.missed, j.skipped)
	return j.missed > 0
}

// outputMost is how many lines of a test's output are shown.
const outputMost = 30

// lastLines gives the end of a test's output, where it says what went wrong.
func lastLines(output string) []string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if len(lines) <= outputMost {
		return lines
	}
	return append([]string{"…"}, lines[len(lines)-outputMost:]...)
}
