package problem

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Faults collects what is wrong with the members of a request, so that all of
// it is told at once. The zero value is empty and ready. No message holds the
// value that was sent.
type Faults struct {
	fields []Field
}

// Check notes a fault unless ok.
func (f *Faults) Check(ok bool, pointer, message string) {
	if !ok {
		f.fields = append(f.fields, Field{Pointer: pointer, Message: message})
	}
}

// Range notes a fault unless n is from least to most.
func (f *Faults) Range(pointer string, n, least, most int64) {
	f.Check(n >= least && n <= most, pointer, fmt.Sprintf("must be %d to %d", least, most))
}

// Text notes a fault unless s is a line of least to most characters that people
// can read: valid UTF-8, no control characters, no space around it.
func (f *Faults) Text(pointer, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	ok := n >= least && n <= most && utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, unicode.IsControl)
	f.Check(ok, pointer, fmt.Sprintf("must be %d to %d characters on one line, without space around", least, most))
}

// Lines notes a fault unless s is text of least to most characters, perhaps on
// several lines: valid UTF-8, no other control characters, no space around it.
func (f *Faults) Lines(pointer, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	odd := func(r rune) bool { return unicode.IsControl(r) && r != '\n' }
	ok := n >= least && n <= most && utf8.ValidString(s) && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, odd)
	f.Check(ok, pointer, fmt.Sprintf("must be %d to %d characters, without space around", least, most))
}

// Err gives one validation_failed problem with every fault, or nil with none.
func (f *Faults) Err() error { return Invalid(f.fields) }
