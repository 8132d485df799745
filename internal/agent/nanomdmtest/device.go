package nanomdmtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"testing"

	"github.com/micromdm/plist"
	"github.com/smallstep/pkcs7"
)

// topic is the push topic of the simulated enrollments.
const topic = "com.apple.mgmt.External.00000000-1111-2222-3333-444444444444"

// Message is an MDM check-in message. Empty members are left out.
type Message struct {
	MessageType  string
	Topic        string `plist:",omitempty"`
	UDID         string `plist:",omitempty"`
	EnrollmentID string `plist:",omitempty"`

	// Of a user channel.
	UserID           string `plist:",omitempty"`
	UserShortName    string `plist:",omitempty"`
	UserLongName     string `plist:",omitempty"`
	EnrollmentUserID string `plist:",omitempty"`

	// Of Authenticate.
	SerialNumber string `plist:",omitempty"`
	ProductName  string `plist:",omitempty"`
	ModelName    string `plist:",omitempty"`
	Model        string `plist:",omitempty"`
	DeviceName   string `plist:",omitempty"`
	OSVersion    string `plist:",omitempty"`
	BuildVersion string `plist:",omitempty"`

	// Of TokenUpdate.
	PushMagic string `plist:",omitempty"`
	Token     []byte `plist:",omitempty"`
}

// Device is a simulated Apple device with an identity of its own.
type Device struct {
	About Message // what it says of itself

	server      *Server
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewDevice gives a device that says of itself what about holds.
func (s *Server) NewDevice(t testing.TB, about Message) *Device {
	t.Helper()
	d := &Device{About: about, server: s}
	d.certificate, d.key = s.authority.issue(t, about.UDID+about.EnrollmentID)
	return d
}

// NewMac gives a Mac.
func (s *Server) NewMac(t testing.TB, serial, udid string) *Device {
	t.Helper()
	return s.NewDevice(t, Message{
		SerialNumber: serial, UDID: udid, ProductName: "Mac14,2", ModelName: "MacBook Air", Model: "Mac14,2",
		DeviceName: "Front desk", OSVersion: "15.5", BuildVersion: "24F74",
	})
}

// NewPad gives an iPad.
func (s *Server) NewPad(t testing.TB, serial, udid string) *Device {
	t.Helper()
	return s.NewDevice(t, Message{
		SerialNumber: serial, UDID: udid, ProductName: "iPad13,18", ModelName: "iPad", Model: "MPQ03LL",
		DeviceName: "Reading room", OSVersion: "18.5", BuildVersion: "22F76",
	})
}

// Authenticate begins an enrollment.
func (d *Device) Authenticate(t testing.TB) {
	t.Helper()
	m := d.About
	m.MessageType, m.Topic = "Authenticate", topic
	d.Send(t, m)
}

// TokenUpdate completes an enrollment, or renews its push token.
func (d *Device) TokenUpdate(t testing.TB) {
	t.Helper()
	d.Send(t, Message{
		MessageType: "TokenUpdate", Topic: topic, UDID: d.About.UDID, EnrollmentID: d.About.EnrollmentID,
		PushMagic: "3A7C0E5A-0B36-4F0B-9E0D-0D6A3E6D5B11", Token: []byte("push token"),
	})
}

// UserTokenUpdate opens the channel of a user on the device.
func (d *Device) UserTokenUpdate(t testing.TB, userID string) {
	t.Helper()
	d.Send(t, Message{
		MessageType: "TokenUpdate", Topic: topic, UDID: d.About.UDID, UserID: userID,
		UserShortName: "reader", UserLongName: "Reader", PushMagic: "magic", Token: []byte("push token"),
	})
}

// CheckOut ends the enrollment.
func (d *Device) CheckOut(t testing.TB) {
	t.Helper()
	d.Send(t, Message{MessageType: "CheckOut", Topic: topic, UDID: d.About.UDID, EnrollmentID: d.About.EnrollmentID})
}

// Enroll authenticates and sends the first token.
func (d *Device) Enroll(t testing.TB) {
	t.Helper()
	d.Authenticate(t)
	d.TokenUpdate(t)
}

// Send sends a check-in message, which the server must accept.
func (d *Device) Send(t testing.TB, m Message) {
	t.Helper()
	body, err := plist.MarshalIndent(m, "\t")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.server.URL+"/mdm", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-apple-aspen-mdm-checkin")
	req.Header.Set("Mdm-Signature", d.sign(t, body))
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("nanomdm answered %s to %s: %s", res.Status, m.MessageType, said)
	}
}

func (d *Device) sign(t testing.TB, body []byte) string {
	t.Helper()
	signed, err := pkcs7.NewSignedData(body)
	if err != nil {
		t.Fatal(err)
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSigner(d.certificate, d.key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	signed.Detach()
	der, err := signed.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}
