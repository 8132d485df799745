package licensefile_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/licethq/licet/licensefile"
)

func TestArmorIsUndoneByDearmor(t *testing.T) {
	compact := sealedRequest(t, aRequest())
	for _, label := range []licensefile.Armored{licensefile.ArmorRequest, licensefile.ArmorLicense, licensefile.ArmorReceipt} {
		file := licensefile.Armor(label, compact)
		gotLabel, got, err := licensefile.Dearmor(file)
		if err != nil || gotLabel != label || got != compact {
			t.Errorf("%s: got %q, %q, %v", label, gotLabel, got, err)
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(file), "\n"), "\n") {
			if len(line) > 64 {
				t.Errorf("%s: line %d has %d characters, want at most 64", label, i+1, len(line))
			}
		}
	}
}

func TestArmorSurvivesEditorsAndMail(t *testing.T) {
	compact := sealedRequest(t, aRequest())
	file := string(licensefile.Armor(licensefile.ArmorRequest, compact))
	body := strings.Split(strings.TrimSpace(file), "\n")
	joined := strings.Join(body[1:len(body)-1], "")
	for _, c := range []struct{ name, file string }{
		{"as written", file},
		{"no line end last", strings.TrimSuffix(file, "\n")},
		{"byte order mark", "\ufeff" + file},
		{"CRLF", strings.ReplaceAll(file, "\n", "\r\n")},
		{"CR alone", strings.ReplaceAll(file, "\n", "\r")},
		{"white space around", "\r\n\t  \n" + file + "\n\n  \n"},
		{"indented lines", strings.ReplaceAll(file, "\n", "\n   ")},
		{"empty lines between", strings.ReplaceAll(file, "\n", "\n\n")},
		{"wrapped at 40", body[0] + "\n" + wrapped(joined, 40) + body[len(body)-1]},
		{"on one line", body[0] + "\n" + joined + "\n" + body[len(body)-1]},
	} {
		t.Run(c.name, func(t *testing.T) {
			label, got, err := licensefile.Dearmor([]byte(c.file))
			if err != nil || label != licensefile.ArmorRequest || got != compact {
				t.Errorf("got %q, %q, %v, want the message", label, got, err)
			}
		})
	}
}

// wrapped breaks a text into lines of width characters.
func wrapped(text string, width int) string {
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\n")
		text = text[width:]
	}
	return b.String() + text + "\n"
}

func TestArmorIsRefused(t *testing.T) {
	compact := sealedRequest(t, aRequest())
	file := string(licensefile.Armor(licensefile.ArmorRequest, compact))
	block := func(label, body string) string {
		return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n"
	}
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	good := encoded(compact)
	for _, c := range []struct{ name, file, want string }{
		{"empty", "", licensefile.CodeFileMalformed},
		{"the bare message", compact, licensefile.CodeFileMalformed},
		{"another label", block("CERTIFICATE", good), licensefile.CodeWrongType},
		{"label in lower case", block("licet request", good), licensefile.CodeWrongType},
		{"end of another label", "-----BEGIN LICET REQUEST-----\n" + good + "\n-----END LICET LICENSE-----\n", licensefile.CodeFileMalformed},
		{"no end", "-----BEGIN LICET REQUEST-----\n" + good, licensefile.CodeFileMalformed},
		{"cut off", file[:len(file)/2], licensefile.CodeFileMalformed},
		{"headers", strings.Replace(file, "-----\n", "-----\nComment: hello\n\n", 1), licensefile.CodeFileMalformed},
		{"two blocks", file + file, licensefile.CodeFileMalformed},
		{"text before", "Please find attached\n" + file, licensefile.CodeFileMalformed},
		{"text after", file + "-- \nKind regards", licensefile.CodeFileMalformed},
		{"nothing inside", block("LICET REQUEST", ""), licensefile.CodeFileMalformed},
		{"not base64", block("LICET REQUEST", "!!!!"), licensefile.CodeFileMalformed},
		{"base64url", block("LICET REQUEST", "-_-_"), licensefile.CodeFileMalformed},
		{"no padding", block("LICET REQUEST", strings.TrimRight(encoded("a.b.cd"), "=")+"A"), licensefile.CodeFileMalformed},
		{"stray bits", block("LICET REQUEST", "YS5iLmN="), licensefile.CodeFileMalformed},
		{"not a message inside", block("LICET REQUEST", encoded("hello")), licensefile.CodeFileMalformed},
		{"four parts inside", block("LICET REQUEST", encoded("a.b.c.d")), licensefile.CodeFileMalformed},
		{"line break inside", block("LICET REQUEST", encoded(compact+"\n")), licensefile.CodeFileMalformed},
		{"not UTF-8", file + "\xff", licensefile.CodeFileMalformed},
		{"UTF-16", "\xff\xfe-\x00-\x00", licensefile.CodeFileMalformed},
		{"too large", strings.Repeat(" ", licensefile.MaxSize) + file, licensefile.CodeFileTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := licensefile.Dearmor([]byte(c.file))
			wantCode(t, err, c.want)
		})
	}
}
