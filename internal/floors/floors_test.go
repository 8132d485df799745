package floors

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/licethq/licet"

func TestEveryImportOfTheModulePointsDown(t *testing.T) {
	faults, err := check(os.DirFS("../.."), module)
	if err != nil {
		t.Fatal(err)
	}
	if len(faults) > 0 {
		t.Errorf("imports that break the floors:\n%s", strings.Join(faults, "\n"))
	}
}

func TestEachKindOfForbiddenImportIsNamed(t *testing.T) {
	cases := []struct {
		name, file, imports string
		want                []string
	}{
		{
			"down is allowed", "internal/licensing/service.go", "internal/database", nil,
		},
		{
			"the lowest floor is split so that problem wraps refusals", "internal/problem/problem.go", "licensefile", nil,
		},
		{
			"database gives problems", "internal/database/errors.go", "internal/problem", nil,
		},
		{
			"within a capability is allowed", "internal/agent/webhook/nanomdm.go", "internal/agent", nil,
		},
		{
			"up", "internal/database/open.go", "internal/licensing",
			[]string{"internal/database → internal/licensing: points up (internal/database/open.go)"},
		},
		{
			"up from a folder below", "internal/catalog/deep/plan.go", "internal/httpapi",
			[]string{"internal/catalog/deep → internal/httpapi: points up (internal/catalog/deep/plan.go)"},
		},
		{
			"a sibling", "internal/catalog/plan.go", "internal/issuer",
			[]string{"internal/catalog → internal/issuer: imports a sibling on its own floor (internal/catalog/plan.go)"},
		},
		{
			"licensefile imports nothing internal", "licensefile/open.go", "internal/problem",
			[]string{"licensefile → internal/problem: points up (licensefile/open.go)"},
		},
		{
			"client imports nothing internal", "client/client.go", "internal/problem",
			[]string{"client → internal/problem: not among what client may import (client/client.go)"},
		},
		{
			"api imports nothing internal", "api/client.go", "internal/identity",
			[]string{"api → internal/identity: not among what api may import (api/client.go)"},
		},
		{
			"the agent knows no capability of the server", "internal/agent/agent.go", "internal/licensing",
			[]string{"internal/agent → internal/licensing: not among what internal/agent may import (internal/agent/agent.go)"},
		},
		{
			"a capability does not use the client of its own API", "internal/licensing/service.go", "api",
			[]string{"internal/licensing → api: points up: only internal/httpapi and the floors above it may import it (internal/licensing/service.go)"},
		},
		{
			"the server does not hold the agent", "internal/server/server.go", "internal/agent",
			[]string{"internal/server → internal/agent: points up: only internal/demo and the floors above it may import it (internal/server/server.go)"},
		},
		{
			"a program is imported by nothing", "internal/server/server.go", "cmd/licet",
			[]string{"internal/server → cmd/licet: points up (internal/server/server.go)"},
		},
		{
			"test support in the program", "internal/licensing/service.go", "internal/database/databasetest",
			[]string{"internal/licensing → internal/database/databasetest: only tests may import it (internal/licensing/service.go)"},
		},
		{
			"test support in a test", "internal/licensing/service_test.go", "internal/database/databasetest", nil,
		},
		{
			"a test may look up", "internal/agent/agent_test.go", "internal/server", nil,
		},
		{
			"a package without a place", "internal/attic/attic.go", "internal/problem",
			[]string{"internal/attic stands on no floor: give it a place in internal/floors/building_test.go"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			source := "package p\n\nimport _ \"" + module + "/" + c.imports + "\"\n"
			got, err := check(fstest.MapFS{c.file: {Data: []byte(source)}}, module)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("faults of %s importing %s (-want +got):\n%s", c.file, c.imports, diff)
			}
		})
	}
}
