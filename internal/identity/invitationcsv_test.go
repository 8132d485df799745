package identity

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/language"
)

func TestACSVOfGuestsIsReadHoweverItWasWritten(t *testing.T) {
	usual := Guest{Role: Member, Language: language.Japanese}
	kim := GuestRow{Line: 2, Guest: Guest{Email: "kim@example.com", Role: AccountAdministrator, Language: language.French}}
	plain := GuestRow{Line: 2, Guest: Guest{Email: "kim@example.com", Role: Member, Language: language.Japanese}}
	broken := GuestRow{Line: 2, Fault: GuestMistyped}
	after := plain
	after.Line = 3
	tests := []struct {
		name, text string
		want       []GuestRow
	}{
		{"commas", "email,role,language\nkim@example.com,account_administrator,fr\n", []GuestRow{kim}},
		{"semicolons, a byte order mark and line ends of Windows", "\ufeffemail;role;language\r\nkim@example.com;account_administrator;fr\r\n", []GuestRow{kim}},
		{"another order, capitals and spaces", "Language, EMAIL ,Role\nFR, kim@example.com ,Account_Administrator", []GuestRow{kim}},
		{"quotes", "email,role,language\n\"kim@example.com\",\"account_administrator\",\"fr\"\n", []GuestRow{kim}},
		{"addresses alone", "email\nkim@example.com\n", []GuestRow{plain}},
		{"empty cells", "email,role,language\nkim@example.com,,\n", []GuestRow{plain}},
		{"cells left out", "email,role,language\nkim@example.com\n", []GuestRow{plain}},
		{"a stray quote", "email\nkim\"@example.com\nkim@example.com\n", []GuestRow{broken, after}},
	}
	for _, tt := range tests {
		got, err := readGuests(tt.text, usual)
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
}

func FuzzCSVOfGuests(f *testing.F) {
	for _, seed := range []string{
		"email,role,language\nkim@example.com,member,en\n", "\ufeffemail;role\n\"a\nb\";member\n", "email\n\"", "email,email\n", "", "\x00\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := readGuests(text, Guest{Role: Member, Language: language.English})
		if len(rows) > maxGuestRows || (err == nil) == (len(rows) == 0) {
			t.Fatalf("%d rows and %v of %q", len(rows), err, text)
		}
		line := 1
		for _, row := range rows {
			if row.Line <= line {
				t.Fatalf("line %d after line %d of %q", row.Line, line, text)
			}
			line = row.Line
			if row.Fault == "" && !row.wellFormed() {
				t.Fatalf("%+v has no fault, of %q", row, text)
			}
		}
	})
}
