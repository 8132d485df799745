package agent_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agenttest"
)

// said counts the log lines that contain all of the texts.
func (s *setup) said(texts ...string) int {
	n := 0
	for line := range strings.Lines(s.log.String()) {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(line, text)
		}
		if all {
			n++
		}
	}
	return n
}

func TestProblemsComeAndGoWithTheirRemedies(t *testing.T) {
	s := newSetup(t)
	status, err := s.Status(t.Context())
	must(t, err)
	if status.State != agent.OK || len(status.Problems) != 0 {
		t.Fatalf("a fresh agent is %+v", status)
	}
	s.activate(t, desktopKey, "desktop", 2)
	for _, serial := range []string{"C02A", "C02B", "C02C"} {
		_, err := s.enroll(t, serial)
		must(t, err)
	}
	started := s.clock.now()
	s.clock.move(time.Hour)
	status, err = s.Status(t.Context())
	must(t, err)
	if status.State != agent.Warning || len(status.Problems) != 1 {
		t.Fatalf("over the limit the agent is %+v", status)
	}
	p := status.Problems[0]
	if p.Code != "over_limit" || !p.Since.Equal(started) || !strings.Contains(p.Message, "3 licenses are in use, 2 are allowed") {
		t.Errorf("the problem is %+v", p)
	}
	var remedies []string
	for _, r := range p.Remedies {
		remedies = append(remedies, r.Code)
		if r.Count != 1 {
			t.Errorf("%s says %d, want 1", r.Code, r.Count)
		}
	}
	if diff := cmp.Diff([]string{"remove_devices", "buy_licenses"}, remedies); diff != "" {
		t.Errorf("remedies (-want +got):\n%s", diff)
	}
}

func TestRowsStateDecidesItsProblems(t *testing.T) {
	cases := []struct {
		name  string
		do    func(t *testing.T, s *setup)
		state agent.Severity
		want  []string
	}{
		{"active", func(t *testing.T, s *setup) { s.activate(t, desktopKey, "desktop", 2) }, agent.OK, []string{}},
		{"near the limit", func(t *testing.T, s *setup) {
			s.activate(t, desktopKey, "desktop", 2)
			s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\n")
		}, agent.Warning, []string{"near_limit"}},
		{"not licensed", func(t *testing.T, s *setup) {
			s.take(t, "serial_number,platform\nC02A,mac\n")
		}, agent.Warning, []string{"not_licensed"}},
		{"suspended by staff", func(t *testing.T, s *setup) {
			s.activate(t, desktopKey, "desktop", 2, func(k *agenttest.SoldKey) { k.Suspended = true })
		}, agent.Critical, []string{"subscription_suspended"}},
		{"expired", func(t *testing.T, s *setup) {
			s.activate(t, desktopKey, "desktop", 2, func(k *agenttest.SoldKey) { k.End = s.clock.now().Add(time.Hour) })
			s.clock.move(time.Hour)
		}, agent.Critical, []string{"subscription_expired"}},
		{"agenttest.Lease over", func(t *testing.T, s *setup) {
			s.activate(t, desktopKey, "desktop", 2)
			s.clock.move(agenttest.Lease)
		}, agent.Critical, []string{"lease_expired"}},
		{"grace over", func(t *testing.T, s *setup) {
			s.activate(t, desktopKey, "desktop", 1, grace)
			s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\n")
			s.clock.move(7 * 24 * time.Hour)
		}, agent.Critical, []string{"over_limit_suspended"}},
		{"over the limit and expired", func(t *testing.T, s *setup) {
			s.activate(t, desktopKey, "desktop", 1, func(k *agenttest.SoldKey) { k.End = s.clock.now().Add(time.Hour) })
			s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\n")
			s.clock.move(time.Hour)
		}, agent.Critical, []string{"subscription_expired", "over_limit"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSetup(t)
			c.do(t, s)
			status, err := s.Status(t.Context())
			must(t, err)
			if diff := cmp.Diff(c.want, s.problems(t)); diff != "" || status.State != c.state {
				t.Errorf("state %s, want %s; problems (-want +got):\n%s", status.State, c.state, diff)
			}
		})
	}
}

func TestStartAndEndOfBeingOverTheLimitAreLoggedAndALineEveryHour(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1)
	s.take(t, "serial_number,platform\nC02A,mac\n")
	if n := s.said("over_limit"); n != 0 {
		t.Fatalf("at exactly the maximum the log says over_limit %d times", n)
	}
	s.take(t, "serial_number,platform\nC02A,mac\nC02B,mac\n")
	look := func() { _ = s.problems(t) }
	look()
	if n := s.said("problem started", "over_limit"); n != 1 {
		t.Fatalf("the start was logged %d times", n)
	}
	for range 3 {
		s.clock.move(59 * time.Minute)
		look()
		look()
	}
	s.restart(t)
	look()
	if n := s.said("problem goes on", "over_limit"); n != 1 { // at 1:58, then 59 minutes later not yet
		t.Errorf("after 2:57 hours in looks of 59 minutes there are %d reminders, want 1", n)
	}
	s.clock.move(time.Minute)
	look()
	if n := s.said("problem goes on", "over_limit"); n != 2 {
		t.Errorf("an hour after the last reminder there are %d, want 2", n)
	}
	s.take(t, "serial_number,platform\nC02A,mac\n")
	if n := s.said("problem ended", "over_limit"); n != 1 {
		t.Errorf("the end was logged %d times", n)
	}
	s.clock.move(2 * time.Hour)
	look()
	if n := s.said("over_limit"); n != 4 {
		t.Errorf("after the end the log has %d lines, want 4:\n%s", n, s.log)
	}
}

func TestManagedDeviceOfUnknownKindIsShown(t *testing.T) {
	s := newSetup(t)
	source, secret, err := s.CreateSource(t.Context(), agent.NewSource{Name: "mdm", Kind: agent.SourceNanoMDM})
	must(t, err)
	must(t, s.TakeWebhook(t.Context(), source.Name, tokenUpdate("U-1", s.clock.now()), signature(secret, tokenUpdate("U-1", s.clock.now()))))
	if diff := cmp.Diff([]string{"devices_unclassified"}, s.problems(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.take(t, "udid,serial_number,platform\nU-1,C02A,mac\n")
	if diff := cmp.Diff([]string{"not_licensed"}, s.problems(t)); diff != "" {
		t.Errorf("once a list says what it is (-want +got):\n%s", diff)
	}
}
