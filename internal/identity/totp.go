package identity

import (
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A time-based code (RFC 6238) in the form that every authenticator app knows.
const (
	totpPeriod  = 30 // seconds
	totpSkew    = 1  // steps that a phone's clock may be off
	totpSecret  = 20 // bytes
	totpPurpose = "totp"
)

var secretEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// totp is a person's authenticator app.
type totp struct {
	Sealed      []byte
	ConfirmedAt *time.Time // nil until a first code was right
}

// TOTPStart is what an authenticator app is set up with.
type TOTPStart struct {
	Secret string // base32, to type
	URL    string // otpauth://…, to show as a QR code
}

// otpauth gives the address that a QR code shows.
func otpauth(publisher, email, secret string) string {
	query := url.Values{
		"secret": {secret}, "issuer": {publisher}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {strconv.Itoa(totpPeriod)},
	}
	// Apps read a plus as itself, not as a space.
	text := strings.ReplaceAll(query.Encode(), "+", "%20")
	return "otpauth://totp/" + url.PathEscape(publisher+":"+email) + "?" + text
}

// matchStep gives the time step whose code this is, near now; false for a wrong
// code. Every candidate is compared, so that the time taken tells nothing.
func matchStep(secret, code string, now time.Time) (step int64, ok bool) {
	code = strings.ReplaceAll(code, " ", "")
	current := now.Unix() / totpPeriod
	for s := current - totpSkew; s <= current+totpSkew; s++ {
		want, err := stepCode(secret, s)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// stepCode gives the code of a time step.
func stepCode(secret string, step int64) (string, error) {
	if step < 0 {
		step = 0
	}
	return hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}
