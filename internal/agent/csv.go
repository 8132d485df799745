package agent

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/licethq/licet/internal/problem"
)

// maxCSVFaults is how many faults of a file are told at once.
const maxCSVFaults = 20

// csvColumns are the columns that a list of devices may have, in any order. A
// row needs one of the first three, and its platform or a model that tells it.
func csvColumns() []string {
	return []string{"serial_number", "udid", "enrollment_id", "platform", "model", "name", "os_version"}
}

// readCSV reads a list of devices: UTF-8, comma-separated, with a header line.
// It tells what is wrong by line number, and takes nothing of a file with a
// fault. Errors: validation_failed.
func readCSV(data []byte, source string) ([]Fact, error) {
	data, err := csvText(data)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(data))
	columns, err := csvHeader(r)
	if err != nil {
		return nil, err
	}
	var facts []Fact
	var faults []problem.Field
	for len(faults) < maxCSVFaults {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			faults = append(faults, csvFault(err))
			if !errors.Is(err, csv.ErrFieldCount) {
				break
			}
			continue
		}
		line, _ := r.FieldPos(0)
		fact, why := csvFact(columns, record, source)
		if why != "" {
			faults = append(faults, lineFault(line, why))
			continue
		}
		facts = append(facts, fact)
	}
	if len(faults) > 0 {
		return nil, csvProblem(faults)
	}
	return facts, nil
}

// csvText gives the text without byte order mark, and names the encodings that
// spreadsheets write when one does not look.
func csvText(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		return nil, csvProblem([]problem.Field{lineFault(1, "the file is in UTF-16; save it as CSV UTF-8")})
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for i, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return nil, csvProblem([]problem.Field{lineFault(i+1, "the line is not UTF-8 text; save the file as CSV UTF-8")})
		}
	}
	return data, nil
}

// csvHeader gives the column of each field.
func csvHeader(r *csv.Reader) ([]string, error) {
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, csvProblem([]problem.Field{lineFault(1, "the file is empty; the first line must name the columns")})
	}
	if err != nil {
		return nil, csvProblem([]problem.Field{csvFault(err)})
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return nil, csvProblem([]problem.Field{lineFault(1, "the columns must be separated by commas")})
	}
	columns := make([]string, len(header))
	var faults []problem.Field
	for i, name := range header {
		name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "_")
		switch {
		case !slices.Contains(csvColumns(), name):
			faults = append(faults, lineFault(1, fmt.Sprintf("column %d is not one of %s", i+1, strings.Join(csvColumns(), ", "))))
		case slices.Contains(columns[:i], name):
			faults = append(faults, lineFault(1, "the column "+name+" is there twice"))
		}
		columns[i] = name
	}
	if !slices.ContainsFunc(columns, func(c string) bool { return slices.Contains(csvColumns()[:3], c) }) {
		faults = append(faults, lineFault(1, "one of serial_number, udid and enrollment_id must be a column"))
	}
	return columns, csvProblem(faults)
}

// csvFact reads one line; why says what is wrong with it.
func csvFact(columns, record []string, source string) (fact Fact, why string) {
	value := map[string]string{}
	for i, column := range columns {
		value[column] = strings.TrimSpace(record[i])
	}
	fact = Fact{
		Source: source,
		Claim:  Managed,
		Identity: Identity{
			SerialNumber: value["serial_number"], UDID: value["udid"], EnrollmentID: value["enrollment_id"],
		}.normalized(),
		Platform:  PlatformOf(value["model"]),
		Name:      readable(value["name"]),
		Model:     readable(value["model"]),
		OSVersion: readable(value["os_version"]),
	}
	switch given := strings.ToLower(value["platform"]); given {
	case "":
	case string(Mac), string(Mobile):
		fact.Platform = Platform(given)
	default:
		return Fact{}, "platform must be mac or mobile"
	}
	switch {
	case fact.Identity.empty():
		return Fact{}, "no serial number, UDID or enrollment id names the device"
	case fact.Platform == Unknown:
		return Fact{}, "platform (mac or mobile) or model must be given"
	case fact.check() != nil:
		return Fact{}, fmt.Sprintf("an identifier is longer than %d characters or holds unreadable ones", maxIdentifier)
	}
	return fact, ""
}

func csvFault(err error) problem.Field {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return lineFault(1, "the line cannot be read")
	}
	switch {
	case errors.Is(parse.Err, csv.ErrFieldCount):
		return lineFault(parse.Line, "the line does not have as many fields as the header")
	case errors.Is(parse.Err, csv.ErrQuote), errors.Is(parse.Err, csv.ErrBareQuote):
		return lineFault(parse.Line, "a quotation mark is out of place")
	default:
		return lineFault(parse.Line, "the line cannot be read")
	}
}

func lineFault(line int, why string) problem.Field {
	return problem.Field{Pointer: fmt.Sprintf("line %d", line), Message: why}
}

func csvProblem(faults []problem.Field) error {
	if len(faults) == 0 {
		return nil
	}
	p := problem.Newf(problem.ValidationFailed, "The list of devices cannot be taken; nothing was changed. First fault: %s: %s.",
		faults[0].Pointer, faults[0].Message)
	p.Fields = faults
	return p
}
