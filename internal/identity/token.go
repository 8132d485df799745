package identity

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"
	"time"
)

// Token is an API token as it is kept: without the token itself.
type Token struct {
	ID             string
	PersonID       string
	OrganizationID string // the only one it acts in; empty for staff
	Name           string
	Scopes         Scopes
	CreatedAt      time.Time
	ExpiresAt      *time.Time // nil for never
	LastUsedAt     *time.Time // to the hour or so; nil before the first use
	RevokedAt      *time.Time
}

// A token is its prefix, 160 random bits and their checksum, in lower-case base32.
const (
	tokenPrefix   = "lic_"
	tokenRandom   = 20 // bytes
	tokenRandomAt = len(tokenPrefix)
	tokenSumAt    = tokenRandomAt + tokenRandom*8/5
	tokenLength   = tokenSumAt + 7
)

var tokenEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newToken makes a token.
func newToken(random io.Reader) (string, error) {
	secret := make([]byte, tokenRandom)
	if _, err := io.ReadFull(random, secret); err != nil {
		return "", err
	}
	body := tokenPrefix + tokenEncoding.EncodeToString(secret)
	return body + tokenSum(body), nil
}

func tokenSum(body string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(body)))
	return tokenEncoding.EncodeToString(sum[:])
}

// WellFormedToken reports whether a text can be a token: the form and the
// checksum, nothing of whether it is known.
func WellFormedToken(token string) bool {
	return len(token) == tokenLength && strings.HasPrefix(token, tokenPrefix) &&
		token[tokenSumAt:] == tokenSum(token[:tokenSumAt])
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
