package nanomdmtest

import (
	"testing"

	"github.com/licethq/licet/internal/nanomdm"
)

// Message is an MDM check-in message.
type Message = nanomdm.Message

// Server is a running NanoMDM.
type Server struct {
	*nanomdm.Server
}

// Start runs NanoMDM until the test ends, and shows what it said if the test
// failed. Events go to webhookURL, signed with the secret unless that is empty.
func Start(t testing.TB, webhookURL, secret string) *Server {
	t.Helper()
	executable, err := nanomdm.Build(t.Context())
	must(t, err)
	s, err := nanomdm.Start(t.Context(), nanomdm.Config{
		Executable: executable, Folder: t.TempDir(), WebhookURL: webhookURL, Secret: secret,
	})
	must(t, err)
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("nanomdm said:\n%s", s.Output())
		}
	})
	return &Server{s}
}

// Device is a simulated Apple device whose messages the server must accept.
type Device struct {
	device *nanomdm.Device
}

// NewDevice gives a device that says of itself what about holds.
func (s *Server) NewDevice(t testing.TB, about Message) *Device {
	t.Helper()
	d, err := s.Server.NewDevice(about)
	must(t, err)
	return &Device{d}
}

// NewMac gives a Mac.
func (s *Server) NewMac(t testing.TB, serial, udid string) *Device {
	t.Helper()
	return s.NewDevice(t, nanomdm.Mac(serial, udid))
}

// NewPad gives an iPad.
func (s *Server) NewPad(t testing.TB, serial, udid string) *Device {
	t.Helper()
	return s.NewDevice(t, nanomdm.Pad(serial, udid))
}

// Authenticate begins an enrollment.
func (d *Device) Authenticate(t testing.TB) {
	t.Helper()
	must(t, d.device.Authenticate(t.Context()))
}

// TokenUpdate completes an enrollment, or renews its push token.
func (d *Device) TokenUpdate(t testing.TB) {
	t.Helper()
	must(t, d.device.TokenUpdate(t.Context()))
}

// UserTokenUpdate opens the channel of a user on the device.
func (d *Device) UserTokenUpdate(t testing.TB, userID string) {
	t.Helper()
	must(t, d.device.UserTokenUpdate(t.Context(), userID))
}

// Connect tells that the device is idle.
func (d *Device) Connect(t testing.TB) {
	t.Helper()
	must(t, d.device.Connect(t.Context()))
}

// CheckOut ends the enrollment.
func (d *Device) CheckOut(t testing.TB) {
	t.Helper()
	must(t, d.device.CheckOut(t.Context()))
}

// Enroll authenticates and sends the first token.
func (d *Device) Enroll(t testing.TB) {
	t.Helper()
	must(t, d.device.Enroll(t.Context()))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
