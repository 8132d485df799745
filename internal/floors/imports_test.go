package floors

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
)

// arrow is one import of a package of the module by another.
type arrow struct {
	from, to string // folders, relative to the module
	file     string
	test     bool // from a test file, or from a package that only tests import
}

// check walks the module in tree and says, one sentence each, which imports
// break the rules.
func check(tree fs.FS, module string) ([]string, error) {
	arrows, folders, err := imports(tree, module)
	if err != nil {
		return nil, err
	}
	var faults []string
	for _, folder := range folders {
		if home(folder) == "" {
			faults = append(faults, fmt.Sprintf("%s stands on no floor: give it a place in internal/floors/building_test.go", folder))
		}
	}
	for _, a := range arrows {
		if fault := judge(a); fault != "" {
			faults = append(faults, fmt.Sprintf("%s → %s: %s (%s)", a.from, a.to, fault, a.file))
		}
	}
	sort.Strings(faults)
	return faults, nil
}

// judge says what is wrong with an arrow, or nothing.
func judge(a arrow) string {
	if a.test {
		return ""
	}
	if strings.HasSuffix(a.to, "test") {
		return "only tests may import it"
	}
	from, to := home(a.from), home(a.to)
	if from == to || from == "" || to == "" {
		return ""
	}
	if allowed, ok := apart()[from]; ok {
		if contains(allowed, to) {
			return ""
		}
		return "not among what " + from + " may import"
	}
	if lowest, ok := public()[to]; ok {
		if floorOf(from) >= floorOf(lowest) {
			return ""
		}
		return "points up: only " + lowest + " and the floors above it may import it"
	}
	switch f, t := floorOf(from), floorOf(to); {
	case t < 0:
		return "nothing may import it"
	case t > f:
		return "points up"
	case t == f:
		return "imports a sibling on its own floor"
	}
	return ""
}

// home gives the listed folder that a folder belongs to, or "".
func home(folder string) string {
	for ; folder != "."; folder = path.Dir(folder) {
		if _, ok := apart()[folder]; ok || floorOf(folder) >= 0 {
			return folder
		}
	}
	return ""
}

// floorOf gives the floor of a listed folder, from 0, or -1.
func floorOf(folder string) int {
	for i, floor := range building() {
		if contains(floor, folder) {
			return i
		}
	}
	return -1
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// imports reads the import clauses of every Go file in tree, whatever its build
// tags, and gives the arrows inside the module and the folders that hold Go files.
func imports(tree fs.FS, module string) (arrows []arrow, folders []string, err error) {
	seen := map[string]bool{}
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (base == "testdata" || base == "node_modules" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		folder := path.Dir(name)
		if !seen[folder] {
			seen[folder] = true
			folders = append(folders, folder)
		}
		found, err := importsOf(tree, name, module)
		arrows = append(arrows, found...)
		return err
	})
	return arrows, folders, err
}

// importsOf gives the arrows of one file.
func importsOf(tree fs.FS, name, module string) ([]arrow, error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return nil, fmt.Errorf("read the imports of %s: %w", name, err)
	}
	folder := path.Dir(name)
	var arrows []arrow
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		to, inside := strings.CutPrefix(imported, module+"/")
		if !inside {
			continue
		}
		arrows = append(arrows, arrow{
			from: folder, to: to, file: name,
			test: strings.HasSuffix(name, "_test.go") || strings.HasSuffix(folder, "test"),
		})
	}
	return arrows, nil
}
