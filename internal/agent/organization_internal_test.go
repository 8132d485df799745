package agent

import "testing"

func TestReleasesAreOrderedByTheirNumbers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "0.1", -1},
		{"", "", 0},
		{"2", "2.0", 0},
		{"2.0", "2.0.0", 0},
		{"9", "10", -1},
		{"10.2", "10.12", -1},
		{"v2.1", "v2.0", 1},
		{"2.0-beta", "2.0", -1},
		{"2.0-beta1", "2.0-beta2", -1},
		{"2.0 (build 7)", "2.0 (build 12)", -1},
		{"18.5.1", "18.5", 1},
		{"99999999999999999999999.1", "1", -1}, // no number that fits: a word
	} {
		if got := compareReleases(c.a, c.b); got != c.want {
			t.Errorf("compareReleases(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := compareReleases(c.b, c.a); got != -c.want {
			t.Errorf("compareReleases(%q, %q) = %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

func TestWhenAnUpgradeAsksForTheOrganization(t *testing.T) {
	for name, c := range map[string]struct {
		from, settled, running string
		want                   bool
	}{
		"crossed":                        {"2.5", "2.0", "2.5", true},
		"crossed long ago":               {"2.5", "2.0", "4.1", true},
		"not yet":                        {"2.5", "2.0", "2.4.9", false},
		"signed in since":                {"2.5", "2.5", "3.0", false},
		"first activated later":          {"2.5", "3.0", "3.1", false},
		"of a release that nobody noted": {"2.5", "", "3.0", true},
		"a plan that never asks":         {"", "2.0", "3.0", false},
		"an agent without a release":     {"2.5", "", "", false},
		"gone back":                      {"2.5", "3.0", "2.0", false},
	} {
		if got := organizationNeeded(c.from, c.settled, c.running); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}
