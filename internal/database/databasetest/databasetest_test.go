package databasetest_test

import (
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database/databasetest"
)

// recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB
	end string
}

func (r *recorder) Helper()               {}
func (r *recorder) Fatalf(string, ...any) { r.end = "failed"; runtime.Goexit() }
func (r *recorder) Skipf(string, ...any)  { r.end = "skipped"; runtime.Goexit() }

func TestMissingRequirementSkipsUnlessItIsRequired(t *testing.T) {
	for name, c := range map[string]struct {
		required string
		ok       bool
		want     string
	}{
		"there":                    {"", true, "ran"},
		"there and required":       {"node", true, "ran"},
		"missing":                  {"", false, "skipped"},
		"missing, another needed":  {"postgres,nodes", false, "skipped"},
		"missing and required":     {"node", false, "failed"},
		"missing, one of required": {"postgres,node", false, "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LICET_REQUIRE", c.required)
			r := &recorder{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				databasetest.SkipUnless(r, "node", c.ok, "it is not installed")
				r.end = "ran"
			}()
			<-done
			if diff := cmp.Diff(c.want, r.end); diff != "" {
				t.Errorf("end (-want +got):\n%s", diff)
			}
		})
	}
}
