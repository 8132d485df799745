package identity

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/licethq/licet/internal/problem"
)

// Hashing says what the hash of a password costs: the parameters of argon2id.
type Hashing struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// DefaultHashing gives what a password costs unless somebody says otherwise.
func DefaultHashing() Hashing { return Hashing{Memory: 19 * 1024, Passes: 2, Threads: 1} }

const (
	saltBytes   = 16
	hashBytes   = 32
	maxPassword = 200 // characters
)

// Hash gives the hash of a password in PHC form.
func (h Hashing) Hash(random io.Reader, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", err
	}
	return h.phc(salt, h.sum(password, salt)), nil
}

func (h Hashing) sum(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, h.Passes, h.Memory, h.Threads, hashBytes)
}

func (h Hashing) phc(salt, sum []byte) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.Memory, h.Passes, h.Threads, encode(salt), encode(sum))
}

// kept is a hash as it was stored.
type kept struct {
	Hashing
	salt, sum []byte
}

// parseHash reads the PHC form.
func parseHash(stored string) (k kept, err error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return k, fmt.Errorf("identity: a stored password is not in the form of argon2id")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &k.Memory, &k.Passes, &k.Threads); err != nil {
		return k, fmt.Errorf("identity: parameters of a stored password: %w", err)
	}
	if k.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err == nil {
		k.sum, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if err == nil && (k.Memory == 0 || k.Passes == 0 || k.Threads == 0 || len(k.sum) != hashBytes) {
		err = fmt.Errorf("identity: a stored password has parameters that argon2id does not take")
	}
	return k, err
}

// matches reports whether a password is the one whose hash was stored.
func (k kept) matches(password string) bool {
	return subtle.ConstantTimeCompare(k.Hashing.sum(password, k.salt), k.sum) == 1
}

// checkPassword notes what keeps a password from being chosen: any characters
// will do, but it is neither too short nor what everybody knows of the person.
func checkPassword(f *problem.Faults, pointer, password string, least int64, known ...string) {
	n := int64(utf8.RuneCountInString(password))
	f.Check(utf8.ValidString(password) && n >= least && n <= maxPassword, pointer,
		fmt.Sprintf("must be %d to %d characters", least, maxPassword))
	for _, word := range known {
		if word != "" && strings.EqualFold(norm.NFC.String(password), norm.NFC.String(word)) {
			f.Check(false, pointer, "must not be the email address or the name")
			return
		}
	}
}
