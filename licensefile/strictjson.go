package licensefile

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// maxDepth bounds how deep objects and arrays may nest. Nothing in the exchange
// needs more than five.
const maxDepth = 16

// decode reads one JSON object into a struct: valid UTF-8, member names in their
// exact case, no name twice in one object, not even inside members that are
// ignored. It returns the names of the outermost object. Unknown members are
// ignored (EXCHANGE).
func decode(data []byte, into any) ([]string, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not valid UTF-8")
	}
	names, err := scanMembers(data)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return nil, err
	}
	return names, nil
}

// level is an object or array that a scanner is in.
type level struct {
	object bool
	name   bool // the next string is a member name
	names  []string
	seen   map[string]struct{} // instead of names, once there are many
}

// manyNames is the count from which a map is faster than looking through names.
const manyNames = 32

// add remembers a member name and reports whether it is new in its object.
func (l *level) add(name string) bool {
	if l.seen == nil {
		for _, n := range l.names {
			if n == name {
				return false
			}
		}
		l.names = append(l.names, name)
		if len(l.names) == manyNames {
			l.seen = make(map[string]struct{}, 2*manyNames)
			for _, n := range l.names {
				l.seen[n] = struct{}{}
			}
		}
		return true
	}
	if _, ok := l.seen[name]; ok {
		return false
	}
	l.seen[name] = struct{}{}
	l.names = append(l.names, name)
	return true
}

// scanMembers walks a JSON text once and refuses repeated names and deep
// nesting. It leaves the grammar to the decoder that runs after it; on a text
// that is not JSON its findings mean nothing, but it ends.
func scanMembers(data []byte) ([]string, error) {
	stack := make([]level, 0, maxDepth)
	var outermost []string
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if len(stack) == maxDepth {
				return nil, errors.New("nested too deep")
			}
			object := data[i] == '{'
			stack = append(stack, level{object: object, name: object})
		case '}', ']':
			if len(stack) == 0 {
				return nil, errors.New("not JSON")
			}
			if len(stack) == 1 {
				outermost = stack[0].names
			}
			stack = stack[:len(stack)-1]
		case ',':
			if len(stack) > 0 {
				stack[len(stack)-1].name = stack[len(stack)-1].object
			}
		case '"':
			end := stringEnd(data, i)
			if end < 0 {
				return nil, errors.New("not JSON")
			}
			if len(stack) > 0 && stack[len(stack)-1].name {
				if err := addName(&stack[len(stack)-1], data[i:end]); err != nil {
					return nil, err
				}
			}
			i = end - 1
		}
	}
	return outermost, nil
}

// stringEnd gives the index after the string that starts at i, -1 if it never ends.
func stringEnd(data []byte, i int) int {
	for j := i + 1; j < len(data); j++ {
		switch data[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return -1
}

// addName unquotes a member name and notes it; \u0061 and a are the same name.
func addName(l *level, quoted []byte) error {
	l.name = false
	name := string(quoted[1 : len(quoted)-1])
	for i := range len(name) {
		if name[i] == '\\' {
			if err := json.Unmarshal(quoted, &name); err != nil {
				return err
			}
			break
		}
	}
	if !l.add(name) {
		return fmt.Errorf("member %q twice", name)
	}
	return nil
}
