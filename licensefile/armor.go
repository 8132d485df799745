package licensefile

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Extension is the file name extension of armored files.
const Extension = ".licet"

// Armored is the label of an armored file: what kind of message it holds.
type Armored string

// The labels.
const (
	ArmorRequest Armored = "LICET REQUEST"
	ArmorLicense Armored = "LICET LICENSE"
	ArmorReceipt Armored = "LICET RECEIPT"
)

// lineLength is the width of the lines that Armor writes.
const lineLength = 64

// Armor wraps a compact message for a file or a mail: one PEM block without
// headers, in lines of 64 characters that end with a line feed.
func Armor(a Armored, compact string) []byte {
	body := base64.StdEncoding.EncodeToString([]byte(compact))
	var b bytes.Buffer
	b.WriteString("-----BEGIN " + string(a) + "-----\n")
	for len(body) > lineLength {
		b.WriteString(body[:lineLength] + "\n")
		body = body[lineLength:]
	}
	b.WriteString(body + "\n-----END " + string(a) + "-----\n")
	return b.Bytes()
}

// Dearmor takes the compact message out of a file. It tolerates what editors and
// mail programs do (a byte order mark, any line ends, other line lengths, white
// space around and between lines) and refuses everything else: headers, text
// around the block, several blocks, other labels, more than MaxSize bytes.
// Nothing is verified.
func Dearmor(data []byte) (Armored, string, error) {
	if len(data) > MaxSize {
		return "", "", refusal(CodeFileTooLarge, nil)
	}
	if !utf8.Valid(data) {
		return "", "", refusal(CodeFileMalformed, errors.New("not UTF-8"))
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff"))
	label, body, err := cutArmor(text)
	if err != nil {
		return "", "", refusal(CodeFileMalformed, err)
	}
	if !slices.Contains([]Armored{ArmorRequest, ArmorLicense, ArmorReceipt}, label) {
		return "", "", refusal(CodeWrongType, errors.New("unknown label"))
	}
	compact, err := decodeStandard(strings.Join(strings.Fields(body), ""))
	if err != nil {
		return "", "", refusal(CodeFileMalformed, err)
	}
	if !compactForm(compact) {
		return "", "", refusal(CodeFileMalformed, errors.New("not a compact JWS"))
	}
	return label, string(compact), nil
}

// cutArmor splits a trimmed text into the label of its block and what is inside.
// Headers and further blocks stay inside, where they are no base64.
func cutArmor(text string) (Armored, string, error) {
	const begin, end, dashes = "-----BEGIN ", "-----END ", "-----"
	rest, ok := strings.CutPrefix(text, begin)
	if !ok {
		return "", "", errors.New("no BEGIN line first")
	}
	label, rest, ok := strings.Cut(rest, dashes)
	if !ok || strings.ContainsAny(label, "\r\n") {
		return "", "", errors.New("the BEGIN line does not end")
	}
	body, ok := strings.CutSuffix(rest, end+label+dashes)
	if !ok {
		return "", "", errors.New("no matching END line last")
	}
	return Armored(label), body, nil
}

// compactForm reports whether data has the characters and dots of a compact JWS.
func compactForm(data []byte) bool {
	dots := 0
	for _, c := range data {
		switch {
		case c == '.':
			dots++
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return dots == 2
}
