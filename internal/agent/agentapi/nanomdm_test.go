package agentapi_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/agent/nanomdmtest"
)

// managementServer is a real NanoMDM whose webhook goes to the agent.
type managementServer struct {
	*fixture
	*nanomdmtest.Server
	webhook *nanomdmtest.Webhook
}

func newManagementServer(t *testing.T) *managementServer {
	t.Helper()
	m := &managementServer{fixture: newFixture(t)}
	source, err := m.CreateSource(t.Context(), agentapi.NewSource{Name: "mdm", Kind: "nanomdm"})
	must(t, err)
	m.webhook = nanomdmtest.NewWebhook(t, m.handler)
	m.Server = nanomdmtest.Start(t, m.webhook.URL+source.Webhook, source.Secret)
	return m
}

// heard waits for so many events, all of which the agent must have taken.
func (m *managementServer) heard(t *testing.T, n int) []nanomdmtest.Call {
	t.Helper()
	calls := m.webhook.Wait(t, n)
	for _, c := range calls {
		if c.Status != http.StatusOK {
			t.Errorf("the agent answered %s with %d", c.Topic, c.Status)
		}
	}
	return calls
}

// counts gives how many Macs and other devices are counted.
func (m *managementServer) counts(t *testing.T) [2]int64 {
	t.Helper()
	rows, err := m.Rows(t.Context())
	must(t, err)
	return [2]int64{rows[0].Used, rows[1].Used}
}

const (
	macUDID = "66ADE930-5FDF-5EC4-8429-15640684C489"
	padUDID = "663b07bb783e9ade1dae4fbb92ea12afc0ce5b69"
)

func TestRealNanoMDMReportsEnrollmentsAndCheckOuts(t *testing.T) {
	m := newManagementServer(t)
	mac, pad := m.NewMac(t, "C02MT66KFLHH", macUDID), m.NewPad(t, "F5JM992LF193", padUDID)
	byod := m.NewDevice(t, nanomdmtest.Message{EnrollmentID: "0B7F5B4A-6B5D-4E3F-9E59-1F4BF1A3C001", ProductName: "iPhone15,2", ModelName: "iPhone"})

	mac.Authenticate(t)
	m.heard(t, 1)
	if diff := cmp.Diff([2]int64{0, 0}, m.counts(t)); diff != "" {
		t.Errorf("after Authenticate (-want +got):\n%s", diff)
	}
	mac.TokenUpdate(t)
	pad.Enroll(t)
	byod.Enroll(t)
	mac.UserTokenUpdate(t, "2B9E3A0C-1D55-4F0B-8A36-0E3B3C7E9D11")
	m.heard(t, 6)
	if diff := cmp.Diff([2]int64{1, 2}, m.counts(t)); diff != "" {
		t.Errorf("after enrolling a Mac, an iPad and a phone (-want +got):\n%s", diff)
	}
	mac.TokenUpdate(t)
	m.heard(t, 1)
	if diff := cmp.Diff([2]int64{1, 2}, m.counts(t)); diff != "" {
		t.Errorf("a token renewed must change nothing (-want +got):\n%s", diff)
	}
	found, err := m.Devices(t.Context(), agentapi.DeviceQuery{Identifier: macUDID})
	must(t, err)
	d := found.Devices[0]
	if d.SerialNumber != "C02MT66KFLHH" || d.Platform != "mac" || d.Model != "Mac14,2" || d.Name != "Front desk" || d.Sources[0].Source != "mdm" {
		t.Errorf("device %+v", d)
	}
	mac.CheckOut(t)
	byod.CheckOut(t)
	m.heard(t, 2)
	if diff := cmp.Diff([2]int64{0, 1}, m.counts(t)); diff != "" {
		t.Errorf("after two check-outs (-want +got):\n%s", diff)
	}
}

func TestReplayedCallsOfARealNanoMDMChangeNothing(t *testing.T) {
	m := newManagementServer(t)
	mac := m.NewMac(t, "C02MT66KFLHH", macUDID)
	var calls []nanomdmtest.Call
	for _, step := range []func(){
		func() { mac.Authenticate(t) }, func() { mac.TokenUpdate(t) }, func() { mac.CheckOut(t) },
		func() { mac.Authenticate(t) }, func() { mac.TokenUpdate(t) },
	} {
		step()
		calls = append(calls, m.heard(t, 1)...)
	}
	if diff := cmp.Diff([2]int64{1, 0}, m.counts(t)); diff != "" {
		t.Fatalf("after enrolling anew (-want +got):\n%s", diff)
	}
	for range 2 {
		for i := len(calls) - 1; i >= 0; i-- {
			status, _, answer := m.send(t, http.MethodPost, "/webhook/nanomdm/mdm", calls[i].Header, bytes.NewReader(calls[i].Body))
			if status != http.StatusOK {
				t.Errorf("replaying %s gives %d %s", calls[i].Topic, status, answer)
			}
			if diff := cmp.Diff([2]int64{1, 0}, m.counts(t)); diff != "" {
				t.Errorf("after replaying %s (-want +got):\n%s", calls[i].Topic, diff)
			}
		}
	}
}

func TestDeviceOfARealNanoMDMIsOneWithWhatAListKnows(t *testing.T) {
	m := newManagementServer(t)
	_, err := m.Sync(t.Context(), "csv", agentapi.List{CSV: "serial_number,platform\nC02MT66KFLHH,mac\nC02OTHER,mac\n", Apply: true})
	must(t, err)
	m.NewMac(t, "C02MT66KFLHH", macUDID).Enroll(t)
	m.heard(t, 2)
	if diff := cmp.Diff([2]int64{2, 0}, m.counts(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	difference, err := m.Sync(t.Context(), "csv", agentapi.List{CSV: "serial_number,platform\n", Apply: true})
	must(t, err)
	if len(difference.Removed) != 1 || len(difference.Kept) != 1 || difference.Kept[0].SerialNumber != "C02MT66KFLHH" {
		t.Errorf("an empty list removes %+v and keeps %+v", difference.Removed, difference.Kept)
	}
}

func TestNanoMDMWithTheWrongSecretIsNotHeard(t *testing.T) {
	m := newManagementServer(t)
	other := nanomdmtest.Start(t, m.webhook.URL+"/webhook/nanomdm/mdm", "another secret than the agent's")
	other.NewMac(t, "C02EVIL", macUDID).Enroll(t)
	for _, c := range m.webhook.Wait(t, 2) {
		if c.Status != http.StatusUnauthorized {
			t.Errorf("%s was answered with %d", c.Topic, c.Status)
		}
	}
	silent := nanomdmtest.Start(t, m.webhook.URL+"/webhook/nanomdm/mdm", "")
	silent.NewMac(t, "C02EVIL", macUDID).Enroll(t)
	for _, c := range m.webhook.Wait(t, 2) {
		if c.Status != http.StatusUnauthorized {
			t.Errorf("%s without a signature was answered with %d", c.Topic, c.Status)
		}
	}
	if diff := cmp.Diff([2]int64{0, 0}, m.counts(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeviceThatConnectsToARealNanoMDMIsSeen(t *testing.T) {
	m := newManagementServer(t)
	mac := m.NewMac(t, "C02MT66KFLHH", macUDID)
	mac.Enroll(t)
	m.heard(t, 2)
	seen := func() agentapi.Device {
		found, err := m.Devices(t.Context(), agentapi.DeviceQuery{Identifier: macUDID})
		must(t, err)
		return found.Devices[0]
	}
	before := seen()
	mac.Connect(t)
	call := m.heard(t, 1)[0]
	after := seen()
	if call.Topic != "mdm.Connect" || !after.LastSeenAt.After(before.LastSeenAt) || !after.Sources[0].SeenAt.Equal(after.LastSeenAt) {
		t.Errorf("%s moved the device from %v to %+v", call.Topic, before.LastSeenAt, after)
	}
	m.send(t, http.MethodPost, "/webhook/nanomdm/mdm", call.Header, bytes.NewReader(call.Body))
	if replayed := seen(); !replayed.LastSeenAt.Equal(after.LastSeenAt) {
		t.Errorf("a replay moved the device from %v to %v", after.LastSeenAt, replayed.LastSeenAt)
	}
}
