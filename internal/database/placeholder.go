package database

import (
	"strconv"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// numbering rewrites ? placeholders to $1, $2 … and remembers what it rewrote.
type numbering struct {
	known *lru.Cache[string, string]
}

func newNumbering() (*numbering, error) {
	known, err := lru.New[string, string](1024)
	return &numbering{known: known}, err
}

func (n *numbering) of(query string) string {
	if numbered, ok := n.known.Get(query); ok {
		return numbered
	}
	numbered := numberPlaceholders(query)
	n.known.Add(query, numbered)
	return numbered
}

// numberPlaceholders leaves a ? alone that stands in quotes or in a comment.
func numberPlaceholders(query string) string {
	if !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	number := 0
	for rest := query; rest != ""; {
		end := 1
		switch {
		case rest[0] == '\'' || rest[0] == '"':
			end = through(rest, 1, rest[:1])
		case strings.HasPrefix(rest, "--"):
			end = through(rest, 2, "\n")
		case strings.HasPrefix(rest, "/*"):
			end = through(rest, 2, "*/")
		case rest[0] == '?':
			number++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(number))
			rest = rest[1:]
			continue
		}
		b.WriteString(rest[:end])
		rest = rest[end:]
	}
	return b.String()
}

// through gives the index after the next mark at or after from, or the length.
func through(s string, from int, mark string) int {
	if i := strings.Index(s[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(s)
}
