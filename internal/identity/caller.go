package identity

import (
	"crypto/hmac"
	"encoding/base64"
	"io"
	"strings"
	"unicode"
)

// Caller is where a request of somebody who signs in comes from.
type Caller struct {
	Address   string // an IPv4 address, or an IPv6 /64
	UserAgent string
	Session   string // the session's cookie that came along, if any
	Device    string // the device's cookie that came along, if any
}

const (
	devicePurpose = "sign-in device"
	deviceBytes   = 16
	maxUserAgent  = 300
)

// newDevice makes the cookie of a browser that has signed a person in: a random
// name, and the proof that it belongs to that person.
func (s *Service) newDevice(personID string) (string, error) {
	var name [deviceBytes]byte
	if _, err := io.ReadFull(s.Rand, name[:]); err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(name[:])
	return text + "." + s.deviceProof(text, personID), nil
}

func (s *Service) deviceProof(name, personID string) string {
	return base64.RawURLEncoding.EncodeToString(s.Keyring.MAC(devicePurpose, []byte(name+" "+personID)))
}

// device gives the name of a browser that has signed the person in before; "" of
// any other.
func (s *Service) device(cookie, personID string) string {
	name, proof, ok := strings.Cut(cookie, ".")
	if !ok || !hmac.Equal([]byte(proof), []byte(s.deviceProof(name, personID))) {
		return ""
	}
	return name
}

// lane gives whose turn it is when somebody tries to be a person; personID is
// empty for an address that nobody has. A browser that has signed the person in
// before has a lane of its own, which attempts from elsewhere cannot fill.
func (s *Service) lane(c Caller, personID string) Lane {
	if personID != "" {
		if name := s.device(c.Device, personID); name != "" {
			return Lane{Key: "browser " + name, Known: true}
		}
	}
	return Lane{Key: "address " + c.Address}
}

// factorLane is the lane of second factors. A code is short, so that attempts on
// a person count together wherever they come from, but for known browsers.
func (s *Service) factorLane(c Caller, personID string) Lane {
	if l := s.lane(c, personID); l.Known {
		return Lane{Key: "factor " + l.Key, Known: true}
	}
	return Lane{Key: "factor of " + personID}
}

// agent gives a user agent as it is kept: what can be shown, and no more.
func (c Caller) agent() string {
	text := strings.ToValidUTF8(c.UserAgent, "")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxUserAgent {
		text = string(runes[:maxUserAgent])
	}
	return text
}
