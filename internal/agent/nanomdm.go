package agent

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/micromdm/plist"

	"github.com/licethq/licet/internal/problem"
)

// maxFuture is how far ahead of the agent's clock a webhook event may be dated. One
// further ahead would make every true event after it look old.
const maxFuture = 24 * time.Hour

// maxIdentifier bounds identifiers and descriptions of devices, in characters.
const maxIdentifier = 128

// signedBy reports whether signature is the base64 HMAC-SHA256 of body under
// secret, as NanoMDM sends it in X-Hmac-Signature. Without a secret nothing is.
func signedBy(secret, body []byte, signature string) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(secret) == 0 {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}

// webhookEvent is what NanoMDM v0.9.0 posts for each MDM message. Members that
// are not used here are left out.
type webhookEvent struct {
	Topic     string    `json:"topic"`
	CreatedAt time.Time `json:"created_at"`
	CheckIn   *struct {
		IDs *struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		} `json:"ids"`
		RawPayload []byte `json:"raw_payload"`
	} `json:"checkin_event"`
	Acknowledge *struct {
		IDs *struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		} `json:"ids"`
	} `json:"acknowledge_event"`
}

// checkInMessage is an MDM check-in message, as the device sent it. Only
// Authenticate describes the device; the others just name it.
type checkInMessage struct {
	MessageType  string
	UDID         string
	EnrollmentID string
	SerialNumber string
	ProductName  string // model identifier, such as iPad7,5
	ModelName    string // such as MacBook Pro
	Model        string // part number, or the model identifier on a Mac
	DeviceName   string
	OSVersion    string
}

// topicClaim gives what a topic says of a device's management. NanoMDM holds an
// enrollment for valid from the TokenUpdate on, which completes it, and disables
// it at Authenticate, which begins it, and at CheckOut. So it is counted here.
func topicClaim(topic string) (message string, claim Claim, heeded bool) {
	switch topic {
	case "mdm.Authenticate":
		return "Authenticate", Enrolling, true
	case "mdm.TokenUpdate":
		return "TokenUpdate", Managed, true
	case "mdm.CheckOut":
		return "CheckOut", Gone, true
	default:
		return "", "", false
	}
}

// The channels of a device, as NanoMDM names them. All others are channels of
// users on a device that is known already.
const (
	channelDevice         = "Device"
	channelUserEnrollment = "User Enrollment (Device)"
)

// readNanoMDM reads a webhook event. Events that say nothing of a device's
// management, and those of user channels, are not heeded. Errors:
// validation_failed.
func readNanoMDM(body []byte, source string, now time.Time) (fact Fact, heeded bool, err error) {
	var e webhookEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return Fact{}, false, malformedEvent("the body is not a webhook event").Because(err)
	}
	if e.Topic == topicConnect {
		return e.connected(source, now)
	}
	message, claim, heeded := topicClaim(e.Topic)
	if !heeded {
		return Fact{}, false, nil
	}
	if e.CheckIn == nil || e.CheckIn.IDs == nil {
		return Fact{}, false, malformedEvent("a check-in event must have checkin_event and ids")
	}
	if e.CheckIn.IDs.Type != channelDevice && e.CheckIn.IDs.Type != channelUserEnrollment {
		return Fact{}, false, nil
	}
	if err := e.checkDate(now); err != nil {
		return Fact{}, false, err
	}
	m, err := readCheckIn(e.CheckIn.RawPayload)
	if err != nil {
		return Fact{}, false, err
	}
	if m.MessageType != message {
		return Fact{}, false, malformedEvent("the topic and the raw payload disagree")
	}
	f := m.fact(source, claim, e.CreatedAt)
	if e.CheckIn.IDs.Type == channelDevice {
		f.Identity = f.Identity.or(Identity{UDID: e.CheckIn.IDs.ID})
	} else {
		f.Identity = f.Identity.or(Identity{EnrollmentID: e.CheckIn.IDs.ID})
	}
	if f.Identity = f.Identity.normalized(); f.Identity.empty() {
		return Fact{}, false, malformedEvent("the event names no device")
	}
	return f, true, f.check()
}

// topicConnect is that of a device's answer to a command, or its word that it is idle.
const topicConnect = "mdm.Connect"

// connected gives the fact that a device has answered its management server. The
// ids are those that NanoMDM knows it by, so what it answered is not read.
func (e webhookEvent) connected(source string, now time.Time) (fact Fact, heeded bool, err error) {
	if e.Acknowledge == nil || e.Acknowledge.IDs == nil {
		return Fact{}, false, nil
	}
	f := Fact{Source: source, Claim: connected, At: e.CreatedAt}
	switch e.Acknowledge.IDs.Type {
	case channelDevice:
		f.Identity.UDID = e.Acknowledge.IDs.ID
	case channelUserEnrollment:
		f.Identity.EnrollmentID = e.Acknowledge.IDs.ID
	default:
		return Fact{}, false, nil
	}
	if err := e.checkDate(now); err != nil {
		return Fact{}, false, err
	}
	if f.Identity = f.Identity.normalized(); f.Identity.empty() {
		return Fact{}, false, malformedEvent("the event names no device")
	}
	return f, true, f.check()
}

func (e webhookEvent) checkDate(now time.Time) error {
	if e.CreatedAt.Unix() <= 0 || e.CreatedAt.After(now.Add(maxFuture)) {
		return malformedEvent("created_at is missing or far in the future; check the clocks")
	}
	return nil
}

// readCheckIn reads the XML property list that a device sent. Binary ones, which
// devices do not send here, can claim sizes that take all memory, so they are
// refused unread.
func readCheckIn(raw []byte) (m checkInMessage, err error) {
	if bytes.HasPrefix(raw, []byte("bplist")) {
		return m, malformedEvent("raw_payload is a binary property list")
	}
	// The reader of property lists meets whatever a device sent.
	defer func() {
		if p := recover(); p != nil {
			err = malformedEvent("raw_payload is not a property list").Because(fmt.Errorf("panic: %v", p))
		}
	}()
	if err := plist.Unmarshal(raw, &m); err != nil {
		return m, malformedEvent("raw_payload is not a property list").Because(err)
	}
	return m, nil
}

func (m checkInMessage) fact(source string, claim Claim, at time.Time) Fact {
	// A part number may begin like the name of a Mac, so it counts only where
	// nothing better was said.
	platform := PlatformOf(m.ProductName, m.ModelName)
	if platform == Unknown {
		platform = PlatformOf(m.Model)
	}
	return Fact{
		Source:    source,
		Identity:  Identity{SerialNumber: m.SerialNumber, UDID: m.UDID, EnrollmentID: m.EnrollmentID},
		Claim:     claim,
		Platform:  platform,
		Name:      readable(m.DeviceName),
		Model:     readable(firstOf(m.ProductName, m.ModelName, m.Model)),
		OSVersion: readable(m.OSVersion),
		At:        at,
	}
}

// check finds identifiers that cannot be stored and shown.
func (f Fact) check() error {
	var faults problem.Faults
	faults.Text("/serial_number", f.Identity.SerialNumber, 0, maxIdentifier)
	faults.Text("/udid", f.Identity.UDID, 0, maxIdentifier)
	faults.Text("/enrollment_id", f.Identity.EnrollmentID, 0, maxIdentifier)
	return faults.Err()
}

// readable makes a description fit for a table: a bad character or too long a
// text in it must not keep a device from being counted.
func readable(s string) string {
	clean := make([]rune, 0, len(s))
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsControl(r) {
			r = ' '
		}
		clean = append(clean, r)
		if len(clean) == maxIdentifier {
			break
		}
	}
	return string(clean)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func malformedEvent(why string) *problem.Problem {
	return problem.Newf(problem.ValidationFailed, "This is not an event of NanoMDM that can be taken: %s.", why)
}
