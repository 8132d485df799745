package httpapi_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

// patient keeps the many refusals of a test from being taken for an attack.
// Passkeys want a host that has a name.
func patient(c *server.Config) { c.FailuresPerMinute, c.PublicURL = 100_000, "http://localhost" }

func TestEveryOperationHasARowAndEveryRowAnOperation(t *testing.T) {
	_, ops := operations(t, servertest.Start(t))
	table := matrix(t)
	for id := range ops {
		if _, ok := table[id]; !ok {
			t.Errorf("%s has no row in the matrix of permissions; see matrix_test.go", id)
		}
	}
	for id := range table {
		if _, ok := ops[id]; !ok {
			t.Errorf("the matrix of permissions has a row for %s, which is no operation", id)
		}
	}
}

func TestEveryOperationAnswersEveryCallerAsItsRowSays(t *testing.T) {
	for capability, of := range capabilities {
		t.Run(capability, func(t *testing.T) {
			t.Parallel()
			servertest.Each(t, func(t *testing.T, s *servertest.Server) {
				p := open(t, s)
				_, ops := operations(t, s)
				for _, id := range slices.Sorted(maps.Keys(of())) {
					for _, w := range callers {
						t.Run(id+"/"+string(w), func(t *testing.T) { p.hold(t, of()[id], ops[id], w) })
					}
				}
			}, patient)
		})
	}
}

// hold makes a call as somebody, and holds what came of it against the row.
func (p *shop) hold(t *testing.T, r row, op operation, w who) {
	c := p.cell(t, w, r, op)
	asked := r.make(t, c)
	before := p.events(t)
	answer := c.call(t, op, asked)
	changed := p.events(t) > before
	got := outcome{answer.code(), changed, answer.status < 300 && asked.thing != "" && strings.Contains(answer.body, asked.thing)}
	if diff := cmp.Diff(r.want(op, w), got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("%d %s (-want +got):\n%s", answer.status, answer.body, diff)
	}
	if answer.code() != "not_found" || !strings.Contains(op.path, "{") {
		return
	}
	absent := c.call(t, op, asked.elsewhere())
	if diff := cmp.Diff(withoutRequestID(t, absent.body), withoutRequestID(t, answer.body)); diff != "" {
		t.Errorf("what is hidden differs from what is absent (-absent +hidden):\n%s", diff)
	}
}

// elsewhere gives the same call of things that do not exist.
func (r request) elsewhere() request {
	r.id = "01990000-0000-7000-8000-000000000000"
	r.path = maps.Clone(r.path)
	for name := range r.path {
		r.path[name] = r.id
	}
	return r
}

// events counts what callers changed: every change records an event. What time
// brings meanwhile is the server's own.
func (p *shop) events(t testing.TB) int64 {
	t.Helper()
	return must[int64](t)(database.One(p.Data.DB.Read(t.Context()), database.Value[int64],
		`SELECT COUNT(*) FROM event WHERE actor_kind <> 'system' OR actor_id = ''`))
}
