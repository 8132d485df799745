package agent

import (
	"testing"
	"time"
)

func FuzzNanoMDMEvent(f *testing.F) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	f.Add([]byte(`{"topic":"mdm.TokenUpdate","created_at":"2026-03-02T09:00:00Z","checkin_event":{"ids":{"id":"U-1","type":"Device"},` +
		`"raw_payload":"PHBsaXN0PjxkaWN0PjxrZXk+TWVzc2FnZVR5cGU8L2tleT48c3RyaW5nPlRva2VuVXBkYXRlPC9zdHJpbmc+PC9kaWN0PjwvcGxpc3Q+"}}`))
	f.Add([]byte(`{"topic":"mdm.CheckOut","created_at":"2026-03-02T09:00:00Z","checkin_event":{"ids":{"type":"Device"},"raw_payload":"YnBsaXN0MDA="}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		fact, heeded, err := readNanoMDM(body, "mdm", now)
		if err != nil || !heeded {
			return
		}
		if fact.Identity.empty() || fact.check() != nil || fact.Identity != fact.Identity.normalized() || fact.At.After(now.Add(maxFuture)) {
			t.Errorf("took %+v", fact)
		}
	})
}

func FuzzCheckInMessage(f *testing.F) {
	f.Add([]byte(`<plist version="1.0"><dict><key>UDID</key><string>U-1</string></dict></plist>`))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		m, err := readCheckIn(raw)
		if err == nil {
			m.fact("mdm", Managed, time.Unix(0, 0))
		}
	})
}

func FuzzDeviceList(f *testing.F) {
	f.Add([]byte("serial_number,platform\nC02A,mac\n"))
	f.Add([]byte("\ufeffudid,model\r\n\"U-1\",\"iPad7,5\"\r\n"))
	f.Fuzz(func(t *testing.T, list []byte) {
		facts, err := readCSV(list, "csv")
		if err != nil && len(facts) > 0 {
			t.Errorf("took %d devices of a list with faults", len(facts))
		}
		for _, fact := range facts {
			if err == nil && (fact.Identity.empty() || fact.Platform == Unknown || fact.check() != nil) {
				t.Errorf("took %+v", fact)
			}
		}
	})
}
