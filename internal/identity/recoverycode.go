package identity

import (
	"encoding/base32"
	"io"
	"strings"
)

// Recovery codes stand in for a lost authenticator app. Each works once.
const (
	recoveryCodes   = 10
	recoveryBytes   = 10 // 16 letters
	recoveryPurpose = "recovery code"
)

var recoveryEncoding = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// newRecoveryCode makes a code in groups that can be copied by hand.
func newRecoveryCode(random io.Reader) (string, error) {
	var secret [recoveryBytes]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return "", err
	}
	text := recoveryEncoding.EncodeToString(secret[:])
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:], nil
}

// recoveryHash gives what a code is kept as, however it was typed.
func (s *Service) recoveryHash(personID, code string) []byte {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	return s.Keyring.MAC(recoveryPurpose, []byte(personID+" "+code))
}
