package httpserver

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzBodyIsReadStrictly holds the reader of request bodies to what it promises:
// whatever it takes is UTF-8 without U+0000 that the standard reader takes too,
// and whose top members stand there once.
func FuzzBodyIsReadStrictly(f *testing.F) {
	for _, seed := range []string{
		`{"code": "a", "policy": {"lease_days": 30}}`, `{"a": 1, "a": 2}`, `{"a": 1e400}`, `[1, "\u0000"]`, "\xff", `{"a": {"b": [{}]}}`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var whole any
		if unmarshal(body, &whole) != nil {
			return
		}
		var standard any
		if err := json.Unmarshal(body, &standard); err != nil || !utf8.Valid(body) || holdsZeroByte(standard) {
			t.Errorf("%q is taken: %v", body, err)
		}
		if members, ok := whole.(map[string]any); ok && topMembers(t, body) != len(members) {
			t.Errorf("%q names a member twice", body)
		}
	})
}

// topMembers counts the members of an object as they stand in the text.
func topMembers(t *testing.T, body []byte) int {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; d.More(); n++ {
		var value json.RawMessage
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// FuzzPointerNamesOnlyOurMembers holds the way faults are pointed at to naming
// nothing that a client invented.
func FuzzPointerNamesOnlyOurMembers(f *testing.F) {
	for _, seed := range []string{"body.policy.classes[0].name", "body", "query.limit", "body.lic_SECRET", "path.id\x00", "body[99999]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, location string) {
		pointer := pointerOf(location)
		if strings.HasPrefix(location, "body") && strings.Trim(pointer, "abcdefghijklmnopqrstuvwxyz_/0123456789") != "" {
			t.Errorf("pointerOf(%q) = %q", location, pointer)
		}
	})
}
