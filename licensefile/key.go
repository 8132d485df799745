package licensefile

import (
	"strings"
	"unicode"
)

// The lengths of a normalized key. Imported keys keep their form, so the bounds
// are wide.
const (
	minKey = 4
	maxKey = 64
)

// NormalizeKey brings a key as a person typed or pasted it into its one form:
// upper case, without spaces and dashes. Full-width letters and digits, which
// Japanese input methods produce, become plain ones. What cannot belong to a key
// is left in, for ValidKeyForm to refuse.
func NormalizeKey(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' { // full-width forms of ! to ~
			r = r - '！' + '!'
		}
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r):
			return -1
		case r == '−', r == 'ー', r == '\u00ad', r == '\u200b', r == '\u2060', r == '\ufeff':
			return -1 // minus sign, long-vowel mark, soft hyphen, invisible spaces
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// ValidKeyForm reports whether a normalized key could be a license key: 4 to 64
// upper-case letters and digits. Whether it is one only a look-up can tell.
func ValidKeyForm(normalized string) bool {
	if len(normalized) < minKey || len(normalized) > maxKey {
		return false
	}
	for _, r := range []byte(normalized) {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

// MaskKey shows only the last four characters of a normalized key. Of a key
// shorter than eight it shows nothing, since four would be half of it.
func MaskKey(normalized string) string {
	const hidden = "••••"
	if len(normalized) < 8 || !ValidKeyForm(normalized) {
		return hidden
	}
	return hidden + "-" + normalized[len(normalized)-4:]
}
