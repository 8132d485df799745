package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

func main() {
	failed, err := run(os.Args[1:], os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// run does what the package says and reports whether anything failed.
func run(args []string, in io.Reader, out io.Writer) (failed bool, err error) {
	var extra tally
	flags := flag.NewFlagSet("tally", flag.ContinueOnError)
	ledger := flags.String("add", "", "file that sums the counts of several runs")
	total := flags.Bool("total", false, "print the sum in the file and read no tests")
	flags.Func("passed", "a check that passed", func(string) error {
		extra.Passed++
		return nil
	})
	flags.Func("failed", "a check that failed", func(name string) error {
		extra.Failed = append(extra.Failed, name)
		return nil
	})
	flags.Func("skipped", "a check that was skipped, as NAME=REASON", func(s string) error {
		name, reason, _ := strings.Cut(s, "=")
		extra.Skipped = append(extra.Skipped, skip{Name: name, Reason: reason})
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return false, err
	}

	sum := extra
	if !*total {
		tests, err := read(in, out)
		if err != nil {
			return false, err
		}
		sum.add(tests)
	}
	if *ledger == "" {
		sum.print(out)
		return len(sum.Failed) > 0, nil
	}
	return sum.enter(*ledger, *total, out)
}

// enter adds the counts to the file and prints those of this run, or with total
// the whole sum.
func (t *tally) enter(file string, total bool, out io.Writer) (failed bool, err error) {
	var sum tally
	data, err := os.ReadFile(file)
	switch {
	case err == nil:
		if err := json.Unmarshal(data, &sum); err != nil {
			return false, fmt.Errorf("read %s: %w", file, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	sum.add(*t)
	if total {
		sum.print(out)
		return len(sum.Failed) > 0, nil
	}
	t.print(out)
	data, err = json.Marshal(sum)
	if err != nil {
		return false, err
	}
	return len(t.Failed) > 0, os.WriteFile(file, data, 0o600)
}
