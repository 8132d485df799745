package httpapi

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
)

const csvType = "text/csv"

// streamCSV writes a list as CSV (RFC 4180): a line of names, then one an item.
// It goes from page to page, so a long list needs little memory. When a page
// cannot be read the connection breaks, so that nobody takes a part for all.
func streamCSV[T any](name string, page api.Page[T], next func(cursor string) (api.Page[T], error)) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", csvType+"; charset=utf-8; header=present")
		c.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		c.SetHeader("Cache-Control", "no-store")
		c.SetStatus(http.StatusOK)
		w := csv.NewWriter(c.BodyWriter())
		columns := columnsOf(reflect.TypeFor[T]())
		line := make([]string, len(columns))
		for i, column := range columns {
			line[i] = column.name
		}
		_ = w.Write(line) // Flush's error counts
		for {
			for _, item := range page.Items {
				for i, column := range columns {
					line[i] = cell(reflect.ValueOf(item), column.index)
				}
				_ = w.Write(line)
			}
			w.Flush()
			if w.Error() != nil || page.NextCursor == "" {
				return
			}
			var err error
			if page, err = next(page.NextCursor); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	}}
}

// column is a member of an item, perhaps of a member of it.
type column struct {
	name  string
	index []int
}

// columnsOf lists the members of a wire type by their JSON names; those of a
// nested object follow its name, as in installation_name.
func columnsOf(t reflect.Type) []column {
	var all []column
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		if inner.Kind() != reflect.Struct || inner == reflect.TypeFor[time.Time]() {
			all = append(all, column{name, []int{i}})
			continue
		}
		for _, c := range columnsOf(inner) {
			joined := c.name
			if !f.Anonymous {
				joined = name + "_" + c.name
			}
			all = append(all, column{joined, append([]int{i}, c.index...)})
		}
	}
	return all
}

// cell gives the text of a member.
func cell(v reflect.Value, index []int) string {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return ""
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	if at, ok := v.Interface().(time.Time); ok {
		return at.UTC().Format(time.RFC3339)
	}
	switch v.Kind() {
	case reflect.String:
		return inert(v.String())
	case reflect.Slice, reflect.Map:
		return inert(several(v))
	default:
		return fmt.Sprint(v.Interface())
	}
}

// several gives the texts of a list with spaces between, and anything else as
// JSON; nothing for none.
func several(v reflect.Value) string {
	if v.Len() == 0 {
		return ""
	}
	item := v.Type().Elem()
	if v.Kind() == reflect.Slice && (item.Kind() == reflect.String || item.Implements(reflect.TypeFor[fmt.Stringer]())) {
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = fmt.Sprint(v.Index(i).Interface())
		}
		return strings.Join(parts, " ")
	}
	text, err := json.Marshal(v.Interface())
	if err != nil { // texts and numbers
		return ""
	}
	return string(text)
}

// formulas are the characters that spreadsheets begin a formula with, also the
// wide ones of Japanese keyboards.
const formulas = "=+-@\t\r\n＝＋－＠"

// inert keeps a spreadsheet from taking text for a formula.
func inert(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	if s != "" && strings.ContainsRune(formulas, first) {
		return "'" + s
	}
	return s
}
