package licensing

import (
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// KeyKind says what a key stands for.
type KeyKind string

// The kinds of key.
const (
	PrimaryKey    KeyKind = "primary"    // the subscription's own key; there is one
	SublicenseKey KeyKind = "sublicense" // a part of a subscription (P10)
	ProductKey    KeyKind = "product"    // a managed service provider's key for a machine (M2)
)

// Key is a license key. The key itself is sealed; only its last four characters
// can be seen and searched.
type Key struct {
	ID             string
	SubscriptionID string
	Kind           KeyKind
	LastFour       string

	// ActivationLimit is how many slots may be active at a time; nil is
	// unlimited, and then Activations is not kept.
	ActivationLimit *int64
	Activations     int64

	// Name, Quota, Reserved and EndsOn are of a sublicense (P10). A reserved quota
	// leaves the pool; a dynamic one is a cap. EndsOn is inclusive; empty is the
	// subscription's own end.
	Name     string
	Quota    *int64 // nil for other keys
	Reserved bool
	EndsOn   licensefile.Date

	ReplacedBy string // id of the key that took its place (P19); empty for none
	DeletedAt  *time.Time
	IssuedOn   licensefile.Date
	Version    int64
	CreatedAt  time.Time
}

// ended reports whether a sublicense has been deleted, or its last day is over.
func (k Key) ended(today licensefile.Date) bool {
	return k.DeletedAt != nil || k.EndsOn != "" && k.EndsOn < today
}

// dayIn gives the calendar day of an instant in a zone.
func dayIn(zone *time.Location, at time.Time) licensefile.Date {
	return licensefile.Date(at.In(zone).Format(time.DateOnly))
}

// Masked shows a key without revealing it.
func (k Key) Masked() string { return licensefile.Masked(k.LastFour) }

// exhausted gives the refusal of one more activation, or nil when one is free.
func (k Key) exhausted() error {
	switch {
	case k.ActivationLimit == nil || k.Activations < *k.ActivationLimit:
		return nil
	case *k.ActivationLimit == 1:
		return problem.New(problem.KeyInUse)
	default:
		return problem.Newf(problem.ActivationsExhausted,
			"All %d activations of this license key are in use. Deactivate one first, or use another key.", *k.ActivationLimit)
	}
}

// Alphabets of generated keys. The letters leave out I, L, O and U, which are
// misread. Both have an even size, so that the check character finds every
// single mistyped character.
const (
	digits  = "0123456789"
	letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// digits16 is the length of keys of digits (M2), shown in groups of four.
const (
	digits16      = 16
	digitsInGroup = 4
)

// GenerateKey makes a key in a plan's format as people see it: random characters
// and a check character, in groups joined by dashes.
func GenerateKey(format catalog.KeyFormat, random io.Reader) (string, error) {
	alphabet, length, group := letters, int(format.Groups*format.Length), int(format.Length)
	if format.Style == catalog.KeyDigits16 {
		alphabet, length, group = digits, digits16, digitsInGroup
	}
	if length < 2 || group < 1 {
		return "", fmt.Errorf("a key format of %d groups of %d characters makes no key", format.Groups, format.Length)
	}
	key := make([]byte, 0, length)
	for range length - 1 {
		n, err := rand.Int(random, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		key = append(key, alphabet[n.Int64()])
	}
	key = append(key, checkCharacter(string(key), alphabet))
	return grouped(string(key), group), nil
}

func grouped(key string, size int) string {
	var parts []string
	for len(key) > size {
		parts = append(parts, key[:size])
		key = key[size:]
	}
	return strings.Join(append(parts, key), "-")
}

// checkCharacter gives the last character of a key whose other characters are
// body (ISO/IEC 7812's Luhn formula, in any even base). body must be made of the
// alphabet's characters.
func checkCharacter(body, alphabet string) byte {
	base := len(alphabet)
	sum, double := 0, true
	for i := len(body) - 1; i >= 0; i-- {
		n := strings.IndexByte(alphabet, body[i])
		if double {
			n = n*2/base + n*2%base
		}
		sum += n
		double = !double
	}
	return alphabet[(base-sum%base)%base]
}

// hasCheckCharacter reports whether a normalized key ends as Licet's keys do.
func hasCheckCharacter(normalized string) bool {
	alphabet := letters
	if len(normalized) == digits16 && made(normalized, digits) {
		alphabet = digits
	}
	if len(normalized) < 2 || !made(normalized, alphabet) {
		return false
	}
	last := len(normalized) - 1
	return checkCharacter(normalized[:last], alphabet) == normalized[last]
}

func made(s, alphabet string) bool {
	return strings.Trim(s, alphabet) == ""
}

// notFound chooses what to say about a key that no look-up finds. Only then does
// the check character count, so imported keys without one work.
func notFound(normalized string) error {
	if hasCheckCharacter(normalized) {
		return problem.New(problem.KeyUnknown)
	}
	return problem.New(problem.KeyMistyped)
}
