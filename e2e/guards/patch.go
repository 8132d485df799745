package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// patch removes one guard.
type patch struct {
	name string // of the file, without .patch
	file string // absolute
	says string // what would no longer be refused

	pkg  string // ./licensefile
	test string // TestName or TestName/sub_test
}

// patches reads the patches in dir whose name matches only, in order.
func patches(dir string, only *regexp.Regexp) ([]patch, error) {
	files, err := fs.Glob(os.DirFS(dir), "*.patch")
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var found []patch
	var faults []error
	for _, f := range files {
		name := strings.TrimSuffix(f, ".patch")
		if !only.MatchString(name) {
			continue
		}
		p, err := readPatch(filepath.Join(dir, f))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		found = append(found, p)
	}
	return found, errors.Join(faults...)
}

// readPatch reads the header of a patch file.
func readPatch(file string) (patch, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return patch{}, err
	}
	p := patch{name: strings.TrimSuffix(filepath.Base(file), ".patch"), file: file}
	head, _, isDiff := strings.Cut("\n"+string(data), "\ndiff --git ")
	if !isDiff {
		return p, fmt.Errorf("%s: holds no diff made by git", p.name)
	}
	for line := range strings.Lines(head) {
		member, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch member {
		case "guard":
			p.says = value
		case "package":
			p.pkg = value
		case "test":
			p.test = value
		}
	}
	switch {
	case p.says == "":
		return p, fmt.Errorf("%s: the header does not say `guard: …`", p.name)
	case !strings.HasPrefix(p.pkg, "./"):
		return p, fmt.Errorf("%s: the header does not say `package: ./…`", p.name)
	case !strings.HasPrefix(p.test, "Test"):
		return p, fmt.Errorf("%s: the header does not say `test: Test…`", p.name)
	}
	return p, nil
}

// pattern gives what `go test -run` needs to run exactly the patch's test.
func (p patch) pattern() string {
	parts := strings.Split(p.test, "/")
	for i, s := range parts {
		parts[i] = "^" + regexp.QuoteMeta(s) + "$"
	}
	return strings.Join(parts, "/")
}
