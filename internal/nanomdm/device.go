package nanomdm

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/micromdm/plist"
	"github.com/smallstep/pkcs7"
)

// topic is the push topic of the simulated enrollments.
const topic = "com.apple.mgmt.External.00000000-1111-2222-3333-444444444444"

// Message is an MDM check-in message. Empty members are left out.
type Message struct {
	MessageType  string `plist:",omitempty"`
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

	// Of an answer to a command.
	Status string `plist:",omitempty"`

	// Of TokenUpdate.
	PushMagic string `plist:",omitempty"`
	Token     []byte `plist:",omitempty"`
}

// Mac gives what a Mac says of itself.
func Mac(serial, udid string) Message {
	return Message{
		SerialNumber: serial, UDID: udid, ProductName: "Mac14,2", ModelName: "MacBook Air", Model: "Mac14,2",
		DeviceName: "Front desk", OSVersion: "15.5", BuildVersion: "24F74",
	}
}

// Pad gives what an iPad says of itself.
func Pad(serial, udid string) Message {
	return Message{
		SerialNumber: serial, UDID: udid, ProductName: "iPad13,18", ModelName: "iPad", Model: "MPQ03LL",
		DeviceName: "Reading room", OSVersion: "18.5", BuildVersion: "22F76",
	}
}

// Device is a simulated Apple device with an identity of its own.
type Device struct {
	About Message // what it says of itself

	server      *Server
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewDevice gives a device that says of itself what about holds.
func (s *Server) NewDevice(about Message) (*Device, error) {
	certificate, key, err := s.authority.issue(about.UDID + about.EnrollmentID)
	return &Device{About: about, server: s, certificate: certificate, key: key}, err
}

// Authenticate begins an enrollment.
func (d *Device) Authenticate(ctx context.Context) error {
	m := d.About
	m.MessageType, m.Topic = "Authenticate", topic
	return d.Send(ctx, m)
}

// TokenUpdate completes an enrollment, or renews its push token.
func (d *Device) TokenUpdate(ctx context.Context) error {
	return d.Send(ctx, Message{
		MessageType: "TokenUpdate", Topic: topic, UDID: d.About.UDID, EnrollmentID: d.About.EnrollmentID,
		PushMagic: "3A7C0E5A-0B36-4F0B-9E0D-0D6A3E6D5B11", Token: []byte("push token"),
	})
}

// UserTokenUpdate opens the channel of a user on the device.
func (d *Device) UserTokenUpdate(ctx context.Context, userID string) error {
	return d.Send(ctx, Message{
		MessageType: "TokenUpdate", Topic: topic, UDID: d.About.UDID, UserID: userID,
		UserShortName: "reader", UserLongName: "Reader", PushMagic: "magic", Token: []byte("push token"),
	})
}

// CheckOut ends the enrollment.
func (d *Device) CheckOut(ctx context.Context) error {
	return d.Send(ctx, Message{MessageType: "CheckOut", Topic: topic, UDID: d.About.UDID, EnrollmentID: d.About.EnrollmentID})
}

// Enroll authenticates and sends the first token.
func (d *Device) Enroll(ctx context.Context) error {
	return errors.Join(d.Authenticate(ctx), d.TokenUpdate(ctx))
}

// Connect tells that the device is idle, as it does when it was pushed and after
// each answer to a command.
func (d *Device) Connect(ctx context.Context) error {
	return d.put(ctx, "application/x-apple-aspen-mdm", Message{Status: "Idle", UDID: d.About.UDID, EnrollmentID: d.About.EnrollmentID})
}

// Send sends a check-in message, which the server must accept.
func (d *Device) Send(ctx context.Context, m Message) error {
	return d.put(ctx, "application/x-apple-aspen-mdm-checkin", m)
}

func (d *Device) put(ctx context.Context, contentType string, m Message) error {
	body, err := plist.MarshalIndent(m, "\t")
	if err != nil {
		return err
	}
	signature, err := d.sign(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, d.server.URL+"/mdm", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Mdm-Signature", signature)
	res, err := new(http.Client).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("NanoMDM answered %s to %s: %s", res.Status, m.MessageType+m.Status, said)
	}
	return nil
}

func (d *Device) sign(body []byte) (string, error) {
	signed, err := pkcs7.NewSignedData(body)
	if err != nil {
		return "", err
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSigner(d.certificate, d.key, pkcs7.SignerInfoConfig{}); err != nil {
		return "", err
	}
	signed.Detach()
	der, err := signed.Finish()
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(der), nil
}
