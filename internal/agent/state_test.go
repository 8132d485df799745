package agent_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agenttest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
	"github.com/licethq/licet/licensefile"
)

func TestOneAgentHasTheStateFolder(t *testing.T) {
	s := newSetup(t)
	_, err := agent.Open(t.Context(), s.cfg)
	if code(err) != problem.DataFolderInUse {
		t.Fatalf("a second agent gets %v, want data_folder_in_use", err)
	}
	must(t, s.Close())
	s.open(t)
}

func TestFirstStartFurnishesTheStateOnce(t *testing.T) {
	s := newSetup(t)
	before, err := s.Sites(t.Context())
	must(t, err)
	must(t, s.Close())
	s.cfg.SiteName = "Oslo"
	s.open(t)
	after, err := s.Sites(t.Context())
	must(t, err)
	if diff := cmp.Diff(before, after); diff != "" || len(after) != 1 || after[0].Name != "Default" {
		t.Errorf("sites changed over a restart (-before +after):\n%s", diff)
	}
	rows, err := s.Rows(t.Context())
	must(t, err)
	if len(rows) != 2 || rows[0].Type != "desktop" || rows[1].Type != "mobile" {
		t.Errorf("rows %+v", rows)
	}
}

func TestStateFilesAreForTheAgentsUserAlone(t *testing.T) {
	s := newSetup(t)
	for name := range s.files(t) {
		info, err := os.Stat(filepath.Join(s.cfg.State, name))
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode().Perm())
		}
	}
}

func TestStateOfAnotherMasterKeyIsNotOpened(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 1)
	must(t, s.Close())
	other := filepath.Join(t.TempDir(), "other.key")
	must(t, seal.CreateKeyFile(other))
	cfg := s.cfg
	cfg.MasterKeyFile = other
	if a, err := agent.Open(t.Context(), cfg); err == nil {
		must(t, a.Close())
		t.Error("the state opens with another master key")
	}
	s.open(t)
	if !s.row(t, "desktop").Held.Active {
		t.Error("the right key does not open it any more")
	}
}

func TestInstallationAndLicenseSurviveARestart(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 7)
	_, err := s.enroll(t, "C02A")
	must(t, err)
	before, err := s.About(t.Context())
	must(t, err)
	s.restart(t)
	after, err := s.About(t.Context())
	must(t, err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the installation changed (-before +after):\n%s", diff)
	}
	row := s.row(t, "desktop")
	if *row.Maximum() != 7 || row.Count.Used != 1 || row.Status(s.clock.now()) != licensefile.RowActive {
		t.Errorf("row %+v", row)
	}
}

func TestConfigurationThatCannotWorkIsRefused(t *testing.T) {
	s := newSetup(t)
	cases := []struct {
		name   string
		change func(c *agent.Config)
	}{
		{"no state folder", func(c *agent.Config) { c.State = "" }},
		{"no product", func(c *agent.Config) { c.Product = "" }},
		{"nobody trusted", func(c *agent.Config) { c.Trust = new(licensefile.Trust) }},
		{"site name with a line break", func(c *agent.Config) { c.SiteName = "Os\nlo" }},
		{"license type without a platform", func(c *agent.Config) { c.LicenseTypes = []agent.LicenseType{{Code: "desktop"}} }},
		{"two types of one platform", func(c *agent.Config) {
			c.LicenseTypes = []agent.LicenseType{{Code: "a", Platform: agent.Mac}, {Code: "b", Platform: agent.Mac}}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := s.cfg
			cfg.State = t.TempDir()
			c.change(&cfg)
			if _, err := agent.Open(t.Context(), cfg); code(err) != problem.ConfigurationInvalid {
				t.Errorf("got %v, want configuration_invalid", err)
			}
		})
	}
}

func TestSecondSiteNeedsAKeyOfItsOwn(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 5)
	_, err := s.CreateSite(t.Context(), "Oslo")
	must(t, err)
	_, err = s.Activate(t.Context(), "oslo", "desktop", desktopKey)
	if code(err) != problem.KeyInUse {
		t.Errorf("the key of another site gives %v, want key_in_use", err)
	}
	_, _, err = s.CreateSource(t.Context(), agent.NewSource{Name: "oslo-api", Kind: agent.SourceAPI, Site: "Oslo"})
	must(t, err)
	_, err = s.Enroll(t.Context(), agent.Enrollment{Identity: identity("C02O"), Platform: agent.Mac, Source: "oslo-api"})
	if code(err) != problem.NotActivated {
		t.Errorf("enrolling at a site without a license gives %v", err)
	}
	s.publisher.Sell("OSLO-AAAA-BBBB-0003", "desktop", 1)
	_, err = s.Activate(t.Context(), "Oslo", "desktop", "OSLO-AAAA-BBBB-0003")
	must(t, err)
	_, err = s.Enroll(t.Context(), agent.Enrollment{Identity: identity("C02O"), Platform: agent.Mac, Source: "oslo-api"})
	must(t, err)
	oslo, err := s.Row(t.Context(), "Oslo", "desktop")
	must(t, err)
	if oslo.Count.Used != 1 || s.used(t, "desktop") != 0 {
		t.Errorf("Oslo counts %d, Default %d; want 1, 0", oslo.Count.Used, s.used(t, "desktop"))
	}
}

func TestLicenseThatIsNotAcceptedAnyMoreIsShownAndKeepsItsDevices(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 5)
	_, err := s.enroll(t, "C02A")
	must(t, err)
	must(t, s.Close())
	trusted := s.cfg.Trust
	s.cfg.Trust = agenttest.NewPublisher(t, s.clock.now).Trust
	s.open(t)
	status, err := s.Status(t.Context())
	must(t, err)
	if len(status.Problems) != 1 || status.Problems[0].Code != "license_refused" || status.State != agent.Critical {
		t.Errorf("status %+v", status)
	}
	if _, err := s.enroll(t, "C02B"); code(err) != problem.NotActivated || s.used(t, "desktop") != 1 {
		t.Errorf("enrolling gives %v, used %d", err, s.used(t, "desktop"))
	}
	must(t, s.Close())
	s.cfg.Trust = trusted
	s.open(t)
	if got := s.row(t, "desktop").Status(s.clock.now()); got != licensefile.RowActive {
		t.Errorf("trusting the publisher again: %s", got)
	}
}
