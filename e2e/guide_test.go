package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server/servertest"
)

// fenced is a block of shell in a document.
var fenced = regexp.MustCompile("(?s)\n```sh\n(.*?\n)```\n")

func TestTheRequestsOfTheAPIGuideDoWhatItSays(t *testing.T) {
	for _, program := range []string{"curl", "jq"} {
		_, err := exec.LookPath(program)
		databasetest.SkipUnless(t, program, err == nil, "the guide's requests need it")
	}
	guide, err := os.ReadFile(filepath.Join("..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eu\n"
	for _, block := range fenced.FindAllStringSubmatch(string(guide), -1) {
		script += block[1]
	}
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		cmd := exec.CommandContext(t.Context(), "bash", "-o", "pipefail", "-c", script)
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), "LICET_SERVER="+s.URL, "LICET_TOKEN="+s.Token(t, identity.Owner))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{`"allowed": true`, `"organization_name": "Alpine Devices AG"`, "mika@alpine.example.com", "id,", "Coastal Print"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("the output lacks %q:\n%s", want, out)
			}
		}
	})
}
