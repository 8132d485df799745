package database

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/licethq/licet/internal/problem"
)

// Listing asks for a page of a list.
type Listing struct {
	Cursor string // Next of the page before; empty is the first page
	Limit  int    // how many; DefaultLimit when 0
	Sort   string // name of an order, descending after a minus; empty is the list's own
}

// DefaultLimit is how many items a page has when nobody says.
const DefaultLimit = 50

// Page is part of a list.
type Page[T any] struct {
	Items []T
	Next  string // cursor of the page after; empty on the last
}

// Orders says how a list can be sorted. Items with equal keys follow their ids,
// so that a page neither repeats nor leaves out what stays as it was.
type Orders[T any] struct {
	IDColumn string
	ID       func(T) string
	By       map[string]Order[T] // by name
	Default  string              // as Listing.Sort; empty is the newest first, by id
}

// Order is one way to sort: an expression that is never NULL, and the same for
// an item that was read. A key is a string or an int64; the zero T has one too,
// which tells of which type cursors are.
type Order[T any] struct {
	Column string
	Key    func(T) any
}

// cursor is where a page ended.
type cursor struct {
	Sort string `json:"s"`
	Key  any    `json:"k,omitempty"`
	ID   string `json:"i"`
}

// List gives a page of what a query finds. The query ends in its conditions, of
// which there is at least one. A sort or cursor that the list does not have is
// validation_failed.
func List[T any](q Querier, scan func(Row) (T, error), query string, args []any, o Orders[T], l Listing) (Page[T], error) {
	if l.Limit <= 0 {
		l.Limit = DefaultLimit
	}
	if l.Sort == "" {
		l.Sort = o.Default
	}
	order, direction, err := o.pick(l.Sort)
	if err != nil {
		return Page[T]{}, err
	}
	after, err := readCursor(l, order)
	if err != nil {
		return Page[T]{}, err
	}
	beyond := map[string]string{"ASC": ">", "DESC": "<"}[direction]
	switch {
	case after == nil:
	case order == nil:
		query, args = query+" AND "+o.IDColumn+" "+beyond+" ?", append(args, after.ID)
	default:
		query += fmt.Sprintf(" AND (%s %s ? OR (%s = ? AND %s %s ?))", order.Column, beyond, order.Column, o.IDColumn, beyond)
		args = append(args, after.Key, after.Key, after.ID)
	}
	by := o.IDColumn + " " + direction
	if order != nil {
		by = order.Column + " " + direction + ", " + by
	}
	items, err := All(q, scan, query+" ORDER BY "+by+" LIMIT ?", append(args, l.Limit+1)...)
	if err != nil || len(items) <= l.Limit {
		return Page[T]{Items: items}, err
	}
	items = items[:l.Limit]
	last := items[len(items)-1]
	end := cursor{Sort: l.Sort, ID: o.ID(last)}
	if order != nil {
		end.Key = order.Key(last)
	}
	return Page[T]{Items: items, Next: end.String()}, nil
}

// pick gives the order of a name; nil for the ids alone, newest first.
func (o Orders[T]) pick(name string) (*Order[T], string, error) {
	direction := "ASC"
	if name == "" {
		return nil, "DESC", nil
	}
	name, descending := strings.CutPrefix(name, "-")
	if descending {
		direction = "DESC"
	}
	order, ok := o.By[name]
	if !ok {
		var f problem.Faults
		f.Check(false, "query.sort", "must be one of "+strings.Join(o.names(), ", ")+", with a minus before it for the other way round")
		return nil, "", f.Err()
	}
	return &order, direction, nil
}

func (o Orders[T]) names() []string {
	names := make([]string, 0, len(o.By))
	for name := range o.By {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// String gives a cursor as callers pass it around.
func (c cursor) String() string {
	data, err := json.Marshal(c)
	if err != nil { // keys are texts and numbers
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// readCursor takes what a caller says that List gave: anything may come.
func readCursor[T any](l Listing, order *Order[T]) (*cursor, error) {
	if l.Cursor == "" {
		return nil, nil //nolint:nilnil // the first page has none
	}
	c, err := decodeCursor(l.Cursor)
	if err != nil || c.Sort != l.Sort || c.ID == "" || !storable(c.ID) || !keyFits(c.Key, order) {
		var f problem.Faults
		f.Check(false, "query.cursor", "must be the next_cursor of a page that was sorted alike")
		return nil, f.Err()
	}
	return &c, nil
}

func decodeCursor(text string) (cursor, error) {
	var c cursor
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return c, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&c); err != nil {
		return c, err
	}
	if n, ok := c.Key.(json.Number); ok {
		c.Key, err = n.Int64()
	}
	return c, err
}

// keyFits reports whether a key can be compared with those of an order.
func keyFits[T any](key any, order *Order[T]) bool {
	if order == nil {
		return key == nil
	}
	var zero T
	switch order.Key(zero).(type) {
	case string:
		text, ok := key.(string)
		return ok && storable(text)
	default:
		_, ok := key.(int64)
		return ok
	}
}

// storable reports whether a text is one that every database can hold.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// Contains gives the pattern of LIKE … ESCAPE '\' for lower-case text that
// contains part, in which nothing has a meaning of its own.
func Contains(part string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(part))
	return "%" + escaped + "%"
}
