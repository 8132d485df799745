package agent_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// event makes a webhook event as NanoMDM does.
func event(topic, enrollmentType, id, payload string, at time.Time) []byte {
	body, err := json.Marshal(map[string]any{
		"topic": topic, "event_id": "e1", "created_at": at,
		"checkin_event": map[string]any{
			"ids": map[string]string{"id": id, "type": enrollmentType}, "udid": id, "raw_payload": []byte(payload),
		},
	})
	if err != nil {
		panic(err)
	}
	return body
}

func connect(enrollmentType, id string, at time.Time) []byte {
	body, err := json.Marshal(map[string]any{
		"topic": "mdm.Connect", "event_id": "e1", "created_at": at,
		"acknowledge_event": map[string]any{
			"ids": map[string]string{"id": id, "type": enrollmentType}, "udid": id, "status": "Idle", "raw_payload": []byte("x"),
		},
	})
	if err != nil {
		panic(err)
	}
	return body
}

func message(pairs ...string) string {
	var keys strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&keys, "<key>%s</key><string>%s</string>", pairs[i], pairs[i+1])
	}
	return `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>` + keys.String() + `</dict></plist>`
}

func authenticate(udid, serial, model string, at time.Time) []byte {
	return event("mdm.Authenticate", "Device", udid,
		message("MessageType", "Authenticate", "UDID", udid, "SerialNumber", serial, "ProductName", model), at)
}

func tokenUpdate(udid string, at time.Time) []byte {
	return event("mdm.TokenUpdate", "Device", udid, message("MessageType", "TokenUpdate", "UDID", udid), at)
}

func checkOut(udid string, at time.Time) []byte {
	return event("mdm.CheckOut", "Device", udid, message("MessageType", "CheckOut", "UDID", udid), at)
}

// webhook is a source that events are told to.
type webhook struct {
	*setup
	name, secret string
}

func newWebhook(t *testing.T) *webhook {
	t.Helper()
	s := newSetup(t)
	source, secret, err := s.CreateSource(t.Context(), agent.NewSource{Name: "mdm", Kind: agent.SourceNanoMDM})
	must(t, err)
	return &webhook{setup: s, name: source.Name, secret: secret}
}

func (w *webhook) tell(t *testing.T, body []byte) {
	t.Helper()
	must(t, w.TakeWebhook(t.Context(), w.name, body, signature(w.secret, body)))
}

func TestEventsInAnyOrderCountTheDevice(t *testing.T) {
	for _, order := range [][]int{{0, 1}, {1, 0}, {0, 1, 0, 1}, {1, 0, 1}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			w := newWebhook(t)
			events := [][]byte{
				authenticate("U-1", "C02A", "Mac14,2", w.clock.now()),
				tokenUpdate("U-1", w.clock.now().Add(time.Second)),
			}
			for _, i := range order {
				w.tell(t, events[i])
			}
			d, err := w.FindDevice(t.Context(), identity("C02A"))
			must(t, err)
			if !d.Managed || d.UDID != "U-1" || d.Model != "Mac14,2" || w.used(t, "desktop") != 1 {
				t.Errorf("used %d, device %+v", w.used(t, "desktop"), d)
			}
		})
	}
}

func TestReplayedCheckOutRemovesNothing(t *testing.T) {
	w := newWebhook(t)
	at := w.clock.now()
	w.tell(t, authenticate("U-1", "C02A", "Mac14,2", at))
	w.tell(t, tokenUpdate("U-1", at.Add(time.Second)))
	out := checkOut("U-1", at.Add(2*time.Second))
	w.tell(t, out)
	if used := w.used(t, "desktop"); used != 0 {
		t.Fatalf("used %d after the check-out, want 0", used)
	}
	w.tell(t, authenticate("U-1", "C02A", "Mac14,2", at.Add(time.Minute)))
	w.tell(t, tokenUpdate("U-1", at.Add(time.Minute+time.Second)))
	w.tell(t, out)
	if used := w.used(t, "desktop"); used != 1 {
		t.Errorf("used %d after a replay, want 1", used)
	}
}

func TestCheckOutThatWasOvertakenStillEndsTheDevice(t *testing.T) {
	w := newWebhook(t)
	at := w.clock.now()
	w.tell(t, checkOut("U-1", at.Add(time.Minute)))
	w.tell(t, authenticate("U-1", "C02A", "Mac14,2", at))
	w.tell(t, tokenUpdate("U-1", at.Add(time.Second)))
	if used := w.used(t, "desktop"); used != 0 {
		t.Errorf("used %d, want 0: the check-out is the newest word", used)
	}
}

func TestAuthenticateAloneDoesNotCount(t *testing.T) {
	w := newWebhook(t)
	w.tell(t, authenticate("U-1", "C02A", "Mac14,2", w.clock.now()))
	if used := w.used(t, "desktop"); used != 0 {
		t.Errorf("used %d, want 0 before the TokenUpdate", used)
	}
}

func TestUserChannelsAndOtherTopicsAreAcknowledgedAndIgnored(t *testing.T) {
	w := newWebhook(t)
	at := w.clock.now()
	for _, body := range [][]byte{
		event("mdm.TokenUpdate", "User", "U-1:A", message("MessageType", "TokenUpdate", "UDID", "U-1", "UserID", "A"), at),
		event("mdm.TokenUpdate", "User Enrollment", "E-1:A", message("MessageType", "TokenUpdate", "EnrollmentID", "E-1"), at),
		event("mdm.TokenUpdate", "Shared iPad", "U-1:A", message("MessageType", "TokenUpdate", "UDID", "U-1"), at),
		connect("Device", "U-1", at),
		connect("User", "U-1:A", at),
		[]byte(`{"topic":"mdm.Connect"}`),
		event("mdm.GetToken", "Device", "U-1", "", at),
		[]byte(`{"topic":"mdm.SomethingNew"}`),
	} {
		w.tell(t, body)
	}
	devices, _, err := w.Devices(t.Context(), agent.DeviceFilter{Gone: true})
	must(t, err)
	if len(devices) != 0 {
		t.Errorf("stored %v", devices)
	}
}

func TestUserEnrolledDeviceIsKnownByItsEnrollment(t *testing.T) {
	w := newWebhook(t)
	at := w.clock.now()
	const kind = "User Enrollment (Device)"
	w.tell(t, event("mdm.Authenticate", kind, "E-1", message("MessageType", "Authenticate", "EnrollmentID", "E-1", "ProductName", "iPhone15,2"), at))
	w.tell(t, event("mdm.TokenUpdate", kind, "E-1", message("MessageType", "TokenUpdate", "EnrollmentID", "E-1"), at.Add(time.Second)))
	d, err := w.FindDevice(t.Context(), agent.Identity{EnrollmentID: "E-1"})
	must(t, err)
	if !d.Managed || d.UDID != "" || w.used(t, "mobile") != 1 {
		t.Errorf("used %d, device %+v", w.used(t, "mobile"), d)
	}
}

func TestWebhookCallWithoutTheRightSignatureIsRefused(t *testing.T) {
	w := newWebhook(t)
	body := tokenUpdate("U-1", w.clock.now())
	good := signature(w.secret, body)
	cases := []struct {
		name, source, signature string
		body                    []byte
	}{
		{"none", "mdm", "", body},
		{"of another secret", "mdm", signature("another secret altogether", body), body},
		{"of an empty secret", "mdm", signature("", body), body},
		{"of another body", "mdm", good, append([]byte(" "), body...)},
		{"not base64", "mdm", "!" + good, body},
		{"to an unknown source", "other", good, body},
		{"to a source without a secret", "api", signature("", body), body},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := w.TakeWebhook(t.Context(), c.source, c.body, c.signature); code(err) != problem.WebhookNotSigned {
				t.Errorf("got %v, want webhook_not_signed", err)
			}
		})
	}
	devices, _, err := w.Devices(t.Context(), agent.DeviceFilter{Gone: true})
	must(t, err)
	if len(devices) != 0 {
		t.Errorf("stored %v", devices)
	}
}

func TestMalformedEventIsAProblemAndStoresNothing(t *testing.T) {
	w := newWebhook(t)
	at := w.clock.now()
	cases := []struct {
		name string
		body []byte
	}{
		{"not JSON", []byte("{")},
		{"another shape", []byte(`[1]`)},
		{"no check-in", []byte(`{"topic":"mdm.TokenUpdate","created_at":"2026-03-02T09:00:00Z"}`)},
		{"raw payload not base64", []byte(`{"topic":"mdm.TokenUpdate","created_at":"2026-03-02T09:00:00Z","checkin_event":{"ids":{"id":"U","type":"Device"},"raw_payload":"*"}}`)},
		{"raw payload not a property list", event("mdm.TokenUpdate", "Device", "U-1", "hello", at)},
		{"raw payload a binary property list", event("mdm.TokenUpdate", "Device", "U-1", "bplist00\xa0", at)},
		{"topic and payload disagree", event("mdm.CheckOut", "Device", "U-1", message("MessageType", "TokenUpdate", "UDID", "U-1"), at)},
		{"no date", event("mdm.TokenUpdate", "Device", "U-1", message("MessageType", "TokenUpdate", "UDID", "U-1"), time.Time{})},
		{"dated far ahead", tokenUpdate("U-1", at.Add(48*time.Hour))},
		{"names no device", event("mdm.TokenUpdate", "Device", "", message("MessageType", "TokenUpdate"), at)},
		{"identifier too long", tokenUpdate(strings.Repeat("U", 300), at)},
		{"identifier with a control character", event("mdm.TokenUpdate", "Device", "U-1", message("MessageType", "TokenUpdate", "UDID", "U\t1"), at)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := w.TakeWebhook(t.Context(), "mdm", c.body, signature(w.secret, c.body))
			if code(err) != problem.ValidationFailed {
				t.Errorf("got %v, want validation_failed", err)
			}
		})
	}
	devices, _, err := w.Devices(t.Context(), agent.DeviceFilter{Gone: true})
	must(t, err)
	if len(devices) != 0 {
		t.Errorf("stored %v", devices)
	}
}

func TestWebhookIsNeverRefusedForTheLimit(t *testing.T) {
	w := newWebhook(t)
	w.activate(t, desktopKey, "desktop", 1, block)
	for i := range 3 {
		udid := fmt.Sprintf("U-%d", i)
		w.tell(t, authenticate(udid, "C02"+udid, "Mac14,2", w.clock.now()))
		w.tell(t, tokenUpdate(udid, w.clock.now().Add(time.Second)))
	}
	if used := w.used(t, "desktop"); used != 3 {
		t.Errorf("used %d, want 3", used)
	}
}

func TestSecretsAreStoredSealed(t *testing.T) {
	s := newSetup(t)
	const secret = "correct horse battery staple"
	_, shown, err := s.CreateSource(t.Context(), agent.NewSource{Name: "mdm", Kind: agent.SourceNanoMDM, Secret: secret})
	must(t, err)
	if shown != secret {
		t.Errorf("shown %q", shown)
	}
	s.publisher.Sell(desktopKey, "desktop", 1, offline)
	file, _, err := s.RequestFile(t.Context(), "", "desktop", "activate", desktopKey)
	must(t, err)
	_, request, err := licensefile.Dearmor(file)
	must(t, err)
	for name, data := range s.files(t) {
		for _, text := range []string{secret, request} {
			if strings.Contains(string(data), text) {
				t.Errorf("%s holds %q", name, text)
			}
		}
	}
}
