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

// LastFour gives the last four characters of a normalized key, by which people
// tell keys apart. A key shorter than eight has none, since four would be half
// of it.
func LastFour(normalized string) string {
	if len(normalized) < 8 || !ValidKeyForm(normalized) {
		return ""
	}
	return normalized[len(normalized)-4:]
}

// MaskKey shows only the last four characters of a normalized key.
func MaskKey(normalized string) string { return Masked(LastFour(normalized)) }

// Masked shows a key of which only LastFour is known.
func Masked(lastFour string) string {
	const hidden = "••••"
	if lastFour == "" {
		return hidden
	}
	return hidden + "-" + lastFour
}
