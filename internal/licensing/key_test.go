package licensing

import (
	"crypto/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

var (
	groupsFormat = catalog.KeyFormat{Style: catalog.KeyGroups, Groups: 5, Length: 5}
	digitsFormat = catalog.KeyFormat{Style: catalog.KeyDigits16}
)

func TestGeneratedKeysHaveTheirFormat(t *testing.T) {
	for _, c := range []struct {
		name   string
		format catalog.KeyFormat
		groups int
		size   int
	}{
		{"groups of letters and digits", groupsFormat, 5, 5},
		{"sixteen digits", digitsFormat, 4, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, err := GenerateKey(c.format, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(key, "-")
			if len(parts) != c.groups || len(parts[0]) != c.size {
				t.Errorf("GenerateKey(%+v) = %q, want %d groups of %d", c.format, key, c.groups, c.size)
			}
			if !licensefile.ValidKeyForm(licensefile.NormalizeKey(key)) {
				t.Errorf("the exchange would refuse the form of %q", key)
			}
		})
	}
}

func TestGroupedKeysHoldAHundredRandomBits(t *testing.T) {
	for _, style := range []catalog.Model{catalog.Subscription, catalog.Perpetual, catalog.Trial} {
		format := catalog.DefaultPolicy(style).KeyFormat
		bits := 5 * (format.Groups*format.Length - 1) // 32 letters are 5 bits each
		if bits < 100 {
			t.Errorf("keys of the model %s hold %d random bits, want at least 100", style, bits)
		}
	}
}

func TestFormatWithoutRoomMakesNoKey(t *testing.T) {
	if key, err := GenerateKey(catalog.KeyFormat{Style: catalog.KeyGroups}, rand.Reader); err == nil {
		t.Errorf("GenerateKey gave %q for a format without groups", key)
	}
}

// generated draws a key of either format, normalized, with its alphabet.
func generated(t *rapid.T) (key, alphabet string) {
	format, alphabet := groupsFormat, letters
	if rapid.Bool().Draw(t, "digits") {
		format, alphabet = digitsFormat, digits
	}
	text, err := GenerateKey(format, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return licensefile.NormalizeKey(text), alphabet
}

func TestKeyWithOneWrongCharacterIsMistyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, alphabet := generated(t)
		at := rapid.IntRange(0, len(key)-1).Draw(t, "at")
		other := strings.ReplaceAll(alphabet, key[at:at+1], "")
		wrong := key[:at] + string(other[rapid.IntRange(0, len(other)-1).Draw(t, "other")]) + key[at+1:]
		if err := notFound(wrong); !problem.Is(err, problem.KeyMistyped) {
			t.Fatalf("notFound(%s), made from %s, = %v, want key_mistyped", wrong, key, err)
		}
	})
}

func TestKeyWithoutTypingErrorIsUnknown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, _ := generated(t)
		if err := notFound(key); !problem.Is(err, problem.KeyUnknown) {
			t.Fatalf("notFound(%s) = %v, want key_unknown", key, err)
		}
	})
}

func TestCheckCharacterIsLuhns(t *testing.T) {
	// 7992739871 with the check digit 3 is ISO/IEC 7812's own example.
	if got := checkCharacter("7992739871", digits); got != '3' {
		t.Errorf("check digit of 7992739871 = %c, want 3", got)
	}
}

func FuzzKeyThatNoLookUpFinds(f *testing.F) {
	for _, seed := range []string{"", "7992-7398-7100-0003", "ABCDE-FGHJK-MNPQR-STVWX-YZ012", "0", "\u0661"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		err := notFound(licensefile.NormalizeKey(typed))
		if !problem.Is(err, problem.KeyUnknown) && !problem.Is(err, problem.KeyMistyped) {
			t.Errorf("notFound(%q) = %v, want key_unknown or key_mistyped", typed, err)
		}
	})
}
