package agent_test

import (
	"testing"

	"github.com/licethq/licet/internal/agent"
)

func TestMacsAreKnownByTheirModelAndAllOthersAreMobile(t *testing.T) {
	cases := []struct {
		name   string
		models []string
		want   agent.Platform
	}{
		{"model identifier of a Mac", []string{"Mac14,2"}, agent.Mac},
		{"older MacBook", []string{"MacBookPro15,1", "MacBook Pro"}, agent.Mac},
		{"iMac", []string{"iMac14,2", "iMac"}, agent.Mac},
		{"virtual Mac", []string{"VirtualMac2,1", "Apple Virtual Machine 1"}, agent.Mac},
		{"Mac under another hypervisor", []string{"VMware7,1"}, agent.Mac},
		{"iPad", []string{"iPad7,5", "iPad"}, agent.Mobile},
		{"iPhone", []string{"iPhone15,2"}, agent.Mobile},
		{"Apple TV", []string{"AppleTV11,1"}, agent.Mobile},
		{"Vision Pro", []string{"RealityDevice14,1"}, agent.Mobile},
		{"only the name says it", []string{"", "MacBook Air"}, agent.Mac},
		{"nothing said", []string{"", " "}, agent.Unknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := agent.PlatformOf(c.models...); got != c.want {
				t.Errorf("PlatformOf(%q) = %q, want %q", c.models, got, c.want)
			}
		})
	}
}
