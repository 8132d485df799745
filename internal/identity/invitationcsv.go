package identity

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// GuestRow is a line of a CSV of guests.
type GuestRow struct {
	Guest
	Line  int        // in the file, from 1; the header has one too
	Fault GuestFault // "" for none
}

const (
	maxGuestRows = 1000
	byteOrder    = "\ufeff"
)

// The columns of a CSV of guests. Empty cells, and columns left out, mean a
// member, and the language that the whole list is for.
const (
	columnEmail    = "email"
	columnRole     = "role"
	columnLanguage = "language"
)

// readGuests reads a CSV whose header names the column email, and perhaps role
// and language: UTF-8, with or without a byte order mark, separated by commas or
// semicolons. A row that cannot be read is mistyped. Errors: validation_failed
// of /csv as a whole.
func readGuests(text string, usual Guest) ([]GuestRow, error) {
	text = strings.TrimPrefix(text, byteOrder)
	header, _, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	if strings.Count(header, ";") > strings.Count(header, ",") {
		r.Comma = ';'
	}
	first, err := r.Read()
	columns := guestColumns(first)
	if err != nil || columns == nil {
		return nil, csvFault("must begin with the line email,role,language")
	}
	var rows []GuestRow
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if len(rows) == maxGuestRows {
			return nil, csvFault(fmt.Sprintf("must hold at most %d rows", maxGuestRows))
		}
		rows = append(rows, guestRow(r, cells, err, columns, usual))
	}
	if len(rows) == 0 {
		return nil, csvFault("must hold at least one row")
	}
	return rows, nil
}

func csvFault(message string) error {
	var f problem.Faults
	f.Check(false, "/csv", message)
	return f.Err()
}

// guestColumns gives where the header has each column; nil when it is no header.
func guestColumns(header []string) map[string]int {
	columns := map[string]int{}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		_, twice := columns[name]
		if twice || !slices.Contains([]string{columnEmail, columnRole, columnLanguage}, name) {
			return nil
		}
		columns[name] = i
	}
	if _, ok := columns[columnEmail]; !ok {
		return nil
	}
	return columns
}

func guestRow(r *csv.Reader, cells []string, err error, columns map[string]int, usual Guest) GuestRow {
	var broken *csv.ParseError
	if errors.As(err, &broken) {
		return GuestRow{Line: broken.StartLine, Fault: GuestMistyped}
	}
	line, _ := r.FieldPos(0)
	cell := func(column string) string {
		if i, ok := columns[column]; ok && i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	row := GuestRow{Line: line, Guest: Guest{Email: cell(columnEmail), Role: usual.Role, Language: usual.Language}}
	if role := cell(columnRole); role != "" {
		row.Role = MemberRole(strings.ToLower(role))
	}
	if tag := cell(columnLanguage); tag != "" {
		row.Language = language.Tag(strings.ToLower(tag))
	}
	if len(cells) > len(columns) || !row.wellFormed() {
		row.Fault = GuestMistyped
	}
	return row
}
