package licensefile_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/licethq/licet/licensefile"
)

func TestKeyIsTakenAsPeopleTypeAndPasteIt(t *testing.T) {
	for _, c := range []struct{ name, typed, want string }{
		{"plain", "ABCD1234EFGH5678", "ABCD1234EFGH5678"},
		{"lower case", "abcd1234efgh5678", "ABCD1234EFGH5678"},
		{"groups", "ABCD-1234-EFGH-5678", "ABCD1234EFGH5678"},
		{"spaces and line ends", " ABCD 1234\tEFGH\r\n5678\u00a0", "ABCD1234EFGH5678"},
		{"dashes of a word processor", "ABCD–1234—EFGH‑5678−", "ABCD1234EFGH5678"},
		{"full width", "ＡＢＣＤ－１２３４ｅｆｇｈー５６７８\u3000", "ABCD1234EFGH5678"},
		{"invisible characters", "\ufeffABCD\u200b1234\u00ad", "ABCD1234"},
		{"letters that only look right", "АBCD1234", "АBCD1234"}, // a Cyrillic A stays, to be refused
		{"letters that change in upper case", "straße1234ı", "STRAßE1234ı"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := licensefile.NormalizeKey(c.typed); got != c.want {
				t.Errorf("NormalizeKey(%q): got %q, want %q", c.typed, got, c.want)
			}
		})
	}
}

func TestFormOfAKey(t *testing.T) {
	for _, c := range []struct {
		key  string
		want bool
	}{
		{"", false},
		{"ABC", false},
		{"ABCD", true},
		{"1234567890123456", true},
		{strings.Repeat("A", 64), true},
		{strings.Repeat("A", 65), false},
		{"abcd", false},
		{"ABCD-1234", false},
		{"АBCD1234", false},
		{"ABCD\x00", false},
		{"ABCD١", false}, // an Arabic digit
	} {
		if got := licensefile.ValidKeyForm(c.key); got != c.want {
			t.Errorf("ValidKeyForm(%q): got %v, want %v", c.key, got, c.want)
		}
	}
}

func TestMaskedKeyShowsTheLastFourAtMost(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"ABCD1234EFGHWXYZ", "••••-WXYZ"},
		{"ABCDWXYZ", "••••-WXYZ"},
		{"ABCWXYZ", "••••"},
		{"", "••••"},
		{"ABCD-1234-EFGH", "••••"}, // not normalized
	} {
		if got := licensefile.MaskKey(c.key); got != c.want {
			t.Errorf("MaskKey(%q): got %q, want %q", c.key, got, c.want)
		}
	}
}

func TestNormalizingAKeyTwiceIsNormalizingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := licensefile.NormalizeKey(rapid.String().Draw(t, "typed"))
		if twice := licensefile.NormalizeKey(once); twice != once {
			t.Errorf("got %q, then %q", once, twice)
		}
	})
}
