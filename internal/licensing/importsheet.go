package licensing

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of an import, so that a file that is no table costs little.
const (
	maxImportRows    = 100_000 // of all files together
	maxImportColumns = 50
	maxImportCell    = 4000 // bytes
)

// ImportFault says what keeps an import from being taken, and where: a file, the
// line that a row begins on, and a column. It never holds the value.
type ImportFault struct {
	File    string
	Line    int    // from 1, which is the header
	Column  string // empty when the whole row or file is meant
	Code    string // one of the constants below
	Message string
}

// Codes of faults.
const (
	FaultMalformed = "malformed" // no CSV, or a value of another form
	FaultColumns   = "columns"   // a column is missing, unknown or there twice
	FaultTooMany   = "too_many"  // rows, columns or characters
	FaultMissing   = "missing"   // a value that has to be there
	FaultInvalid   = "invalid"   // a value that cannot be
	FaultUnknown   = "unknown"   // it names something that is not there
	FaultDuplicate = "duplicate" // the same thing twice, or one that exists already
	FaultDiffers   = "differs"   // it is stored with other values
	FaultExceeds   = "exceeds"   // more than there is
)

// sheet is a file of an import as a table.
type sheet struct {
	file    string
	columns []string // by name
	rows    []sheetRow
}

// sheetRow is a line of a file.
type sheetRow struct {
	line  int
	cells []string
	sheet *sheet
}

// cell gives a value by its column; empty when the file has no such column.
func (r sheetRow) cell(column string) string {
	if i := slices.Index(r.sheet.columns, column); i >= 0 {
		return r.cells[i]
	}
	return ""
}

// layout names the columns of a file: those that must be there, and those that
// may.
type layout struct {
	file             string
	needed, optional []string
}

// readSheet reads a file: UTF-8, a line of column names in any order, then one a
// row, separated by commas, or by semicolons where the first line has them.
// Quoted values may hold separators and line breaks. An empty text is no table
// and has no rows. At the first fault of form it stops.
func readSheet(l layout, text string, most int) (*sheet, []ImportFault) {
	s := &sheet{file: l.file}
	if text == "" {
		return s, nil
	}
	fault := func(line int, code, message string) (*sheet, []ImportFault) {
		return &sheet{file: l.file}, []ImportFault{{File: l.file, Line: line, Code: code, Message: message}}
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) { // a database cannot hold the latter
		return fault(1, FaultMalformed, "must be text in UTF-8")
	}
	reader := newCellReader(strings.TrimPrefix(text, "\ufeff"))
	header, line, err := reader.next()
	if err != "" || header == nil {
		return fault(line, FaultMalformed, cmp.Or(err, "has no line of column names"))
	}
	s.columns = header
	if faults := l.check(header); len(faults) > 0 {
		return &sheet{file: l.file}, faults
	}
	for {
		cells, line, err := reader.next()
		switch {
		case err != "":
			return fault(line, FaultMalformed, err)
		case cells == nil:
			return s, nil
		case len(cells) != len(header):
			return fault(line, FaultMalformed, "must have "+strconv.Itoa(len(header))+" values, as the first line does")
		case len(s.rows) == most:
			return fault(line, FaultTooMany, "must not be there: an import has at most "+strconv.Itoa(maxImportRows)+" rows")
		}
		s.rows = append(s.rows, sheetRow{line: line, cells: cells, sheet: s})
	}
}

// check compares the first line with the columns that a file may have.
func (l layout) check(header []string) []ImportFault {
	var faults []ImportFault
	for i, name := range header {
		known := slices.Contains(l.needed, name) || slices.Contains(l.optional, name)
		if !known || slices.Contains(header[:i], name) {
			faults = append(faults, ImportFault{
				File: l.file, Line: 1, Column: "column " + strconv.Itoa(i+1), Code: FaultColumns,
				Message: "must be one of " + strings.Join(slices.Concat(l.needed, l.optional), ", ") + ", each once",
			})
		}
	}
	for _, name := range l.needed {
		if !slices.Contains(header, name) {
			faults = append(faults, ImportFault{File: l.file, Line: 1, Column: name, Code: FaultColumns, Message: "must be there"})
		}
	}
	return faults
}

// cellReader takes CSV apart (RFC 4180). Unlike the standard library's it bounds
// how much a line may hold before it is kept.
type cellReader struct {
	rest      string
	line      int // that rest begins on
	separator byte
}

func newCellReader(text string) *cellReader {
	first, _, _ := strings.Cut(text, "\n")
	c := &cellReader{rest: text, line: 1, separator: ','}
	if strings.Contains(first, ";") && !strings.Contains(first, ",") {
		c.separator = ';'
	}
	return c
}

// next gives the values of a line and the number it begins on; nil at the end.
// The text says what is wrong with the line.
func (c *cellReader) next() (cells []string, line int, fault string) {
	for strings.HasPrefix(c.rest, "\n") || strings.HasPrefix(c.rest, "\r\n") { // empty lines
		c.rest = c.rest[strings.IndexByte(c.rest, '\n')+1:]
		c.line++
	}
	line = c.line
	if c.rest == "" {
		return nil, line, ""
	}
	for {
		value, more, fault := c.value()
		switch {
		case fault != "":
			return nil, line, fault
		case len(cells) == maxImportColumns:
			return nil, line, "has more than " + strconv.Itoa(maxImportColumns) + " values"
		}
		cells = append(cells, plainCell(value))
		if !more {
			return cells, line, ""
		}
	}
}

// value takes one value, and tells whether another follows on its line.
func (c *cellReader) value() (value string, more bool, fault string) {
	if strings.HasPrefix(c.rest, `"`) {
		return c.quoted()
	}
	end := strings.IndexAny(c.rest, string(c.separator)+"\n")
	if end < 0 {
		end = len(c.rest)
	}
	value = strings.TrimSuffix(c.rest[:end], "\r")
	switch {
	case len(value) > maxImportCell:
		return "", false, tooLong()
	case strings.Contains(value, `"`):
		return "", false, `has a quotation mark inside a value; put the value in quotation marks and double those inside`
	}
	return value, c.skip(end), ""
}

// quoted takes a value in quotation marks, in which two stand for one.
func (c *cellReader) quoted() (value string, more bool, fault string) {
	var b strings.Builder
	for at := 1; ; {
		end := strings.IndexByte(c.rest[at:], '"')
		switch {
		case end < 0:
			return "", false, "has a quotation mark that is never closed"
		case b.Len()+end > maxImportCell:
			return "", false, tooLong()
		}
		b.WriteString(c.rest[at : at+end])
		at += end + 1
		if !strings.HasPrefix(c.rest[at:], `"`) {
			c.line += strings.Count(c.rest[:at], "\n")
			if strings.HasPrefix(c.rest[at:], "\r\n") {
				at++
			}
			if at < len(c.rest) && c.rest[at] != c.separator && c.rest[at] != '\n' {
				return "", false, "has text after a closing quotation mark"
			}
			return strings.ReplaceAll(b.String(), "\r\n", "\n"), c.skip(at), ""
		}
		b.WriteByte('"')
		at++
	}
}

// skip goes beyond the separator or line break at an index.
func (c *cellReader) skip(end int) (more bool) {
	if end == len(c.rest) {
		c.rest = ""
		return false
	}
	more = c.rest[end] == c.separator
	if !more {
		c.line++
	}
	c.rest = c.rest[end+1:]
	if more && c.rest == "" { // the last value of the text is empty
		c.rest = "\n"
	}
	return more
}

func tooLong() string {
	return "has a value of more than " + strconv.Itoa(maxImportCell) + " bytes"
}

// plainCell takes the space around a value away, and the apostrophe that keeps
// spreadsheets from taking a value for a formula.
func plainCell(value string) string {
	value = strings.TrimSpace(value)
	if len(value) > 1 && value[0] == '\'' && strings.IndexByte("=+-@", value[1]) >= 0 {
		return value[1:]
	}
	return value
}
