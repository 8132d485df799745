package httpapi_test

import (
	"net/http"
	"regexp"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/licethq/licet/internal/server/servertest"
)

// eachOperation runs fn for the operations that a convention is about, on both
// engines.
func eachOperation(t *testing.T, about func(operation) bool, fn func(t *testing.T, p *shop, op operation, r row)) {
	t.Helper()
	t.Parallel()
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		_, ops := operations(t, s)
		table := matrix(t)
		for id, op := range ops {
			if r, ok := table[id]; ok && about(op) {
				t.Run(id, func(t *testing.T) { fn(t, p, op, r) })
			}
		}
	}, patient)
}

// takes reports whether an operation has a parameter.
func (o operation) takes(in, name string) bool {
	for _, p := range o.Parameters {
		if p.In == in && p.Name == name {
			return true
		}
	}
	return false
}

func takesKey(op operation) bool { return op.takes("header", "Idempotency-Key") }

func TestEveryCreationTakesAnIdempotencyKey(t *testing.T) {
	_, ops := operations(t, servertest.Start(t))
	for id, op := range ops {
		_, creates := op.Responses["201"]
		if creates && !op.anonymous() && !takesKey(op) {
			t.Errorf("%s creates something and takes no Idempotency-Key", id)
		}
	}
}

// anonymous reports whether nobody may call the operation.
func (o operation) anonymous() bool { return len(o.Security) == 1 && len(o.Security[0]) == 0 }

func TestTheSameRequestWithItsIdempotencyKeyHasItsEffectOnce(t *testing.T) {
	eachOperation(t, takesKey, func(t *testing.T, p *shop, op operation, r row) {
		c := p.allowed(t, r)
		asked, key := r.make(t, c), uuid.NewString()
		first := c.call(t, op, asked, "Idempotency-Key", key)
		after := p.events(t)
		again := c.call(t, op, asked, "Idempotency-Key", key)
		if diff := cmp.Diff(first.ids(), again.ids()); diff != "" || first.status != again.status || first.status >= 300 {
			t.Errorf("first %d, again %d (-first +again):\n%s\n%s\n%s", first.status, again.status, diff, first.body, again.body)
		}
		if n := p.events(t); n != after {
			t.Errorf("the repetition recorded %d events", n-after)
		}
		other := r.make(t, c)
		if cmp.Equal(asked, other, cmp.AllowUnexported(request{})) {
			t.Fatal("make gives the same request twice; use c.unique")
		}
		after = p.events(t)
		if got := c.call(t, op, other, "Idempotency-Key", key); got.code() != "idempotency_key_reused" || p.events(t) != after {
			t.Errorf("another request under the same key: %d %s", got.status, got.body)
		}
		if got := c.call(t, op, other, "Idempotency-Key", uuid.NewString()); got.status != first.status || p.events(t) == after {
			t.Errorf("the other request under its own key: %d %s", got.status, got.body)
		}
	})
}

var idMembers = regexp.MustCompile(`"(?:[a-z_]+_)?id":"([^"]+)"`)

// ids gives what an answer is about, in the order that it names it.
func (a answered) ids() []string {
	var all []string
	for _, found := range idMembers.FindAllStringSubmatch(a.body, -1) {
		all = append(all, found[1])
	}
	return all
}

func TestManyAtOnceWithOneIdempotencyKeyHaveOneEffect(t *testing.T) {
	eachOperation(t, takesKey, func(t *testing.T, p *shop, op operation, r row) {
		c := p.allowed(t, r)
		asked, key := r.make(t, c), uuid.NewString()
		before := p.events(t)
		answers := make([]answered, 6)
		var calls sync.WaitGroup
		for i := range answers {
			calls.Go(func() { answers[i] = c.call(t, op, asked, "Idempotency-Key", key) })
		}
		calls.Wait()
		many := p.events(t) - before
		one := c.call(t, op, asked, "Idempotency-Key", key)
		codes := map[string]bool{}
		for _, got := range answers {
			codes[got.code()] = true
			if got.code() == "" && !cmp.Equal(got.ids(), one.ids()) {
				t.Errorf("answered unlike:\n%s\n%s", got.body, one.body)
			}
		}
		delete(codes, "request_in_progress")
		if diff := cmp.Diff(map[string]bool{"": true}, codes); diff != "" {
			t.Errorf("codes (-want +got):\n%s", diff)
		}
		fresh := r.make(t, c)
		before = p.events(t)
		c.call(t, op, fresh)
		if single := p.events(t) - before; many != single {
			t.Errorf("six at once recorded %d events, one alone records %d", many, single)
		}
	})
}

func TestAnIdempotencyKeyIsItsCallersOwn(t *testing.T) {
	eachOperation(t, takesKey, func(t *testing.T, p *shop, op operation, r row) {
		key := uuid.NewString()
		one, another := p.allowed(t, r), p.allowed(t, r)
		mine, theirs := r.make(t, one), r.make(t, another)
		first := one.call(t, op, mine, "Idempotency-Key", key)
		before := p.events(t)
		second := another.call(t, op, theirs, "Idempotency-Key", key)
		if first.status >= 300 || second.status != first.status || p.events(t) == before {
			t.Errorf("first %d, another caller %d %s", first.status, second.status, second.body)
		}
	})
}

func TestARefusedRequestLeavesItsIdempotencyKeyFree(t *testing.T) {
	writes := func(op operation) bool { return takesKey(op) && op.Body != nil }
	eachOperation(t, writes, func(t *testing.T, p *shop, op operation, r row) {
		c := p.allowed(t, r)
		asked, key := r.make(t, c), uuid.NewString()
		spoiled := asked
		spoiled.body = document(`{"no_such_member":true}`)
		if got := c.call(t, op, spoiled, "Idempotency-Key", key); got.status < 400 {
			t.Fatalf("a body with an unknown member: %d", got.status)
		}
		if got := c.call(t, op, asked, "Idempotency-Key", key); got.status >= 300 {
			t.Errorf("after a refused request: %d %s", got.status, got.body)
		}
	})
}

func insists(op operation) bool { return op.takes("header", "If-Match") }

func TestEveryThingThatCanBeChangedTellsItsVersion(t *testing.T) {
	_, ops := operations(t, servertest.Start(t))
	reads := map[string]operation{}
	for _, op := range ops {
		if op.method == http.MethodGet {
			reads[op.path] = op
		}
	}
	for id, op := range ops {
		read, ok := reads[op.path]
		if !ok || read.isList() || op.method == http.MethodGet || op.method == http.MethodPost {
			continue
		}
		if _, tells := read.Responses["200"].Headers["ETag"]; tells != insists(op) {
			t.Errorf("%s: its GET tells an ETag: %v, it takes If-Match: %v", id, tells, insists(op))
		}
	}
}

func TestAnotherVersionThanTheOneInsistedOnIsNotChanged(t *testing.T) {
	eachOperation(t, insists, func(t *testing.T, p *shop, op operation, r row) {
		c := p.allowed(t, r)
		asked := r.make(t, c)
		before := p.events(t)
		for _, match := range []string{`"987654321"`, `W/"1"`, `"x"`, `1`, `"0"`, `"-1"`, `"1", "2"`} {
			if got := c.call(t, op, asked, "If-Match", match); got.code() != "version_changed" || got.status != http.StatusPreconditionFailed {
				t.Errorf("If-Match %s: %d %s", match, got.status, got.body)
			}
		}
		if n := p.events(t) - before; n != 0 {
			t.Errorf("refused changes recorded %d events", n)
		}
		if got := c.call(t, op, asked, "If-Match", `*`); got.status >= 300 {
			t.Errorf("If-Match *: %d %s", got.status, got.body)
		}
	})
}

func TestAChangeInsistsOnTheVersionThatWasRead(t *testing.T) {
	_, ops := operations(t, servertest.Start(t))
	readable := func(op operation) bool {
		_, ok := readOf(ops, op)
		return ok && insists(op)
	}
	eachOperation(t, readable, func(t *testing.T, p *shop, op operation, r row) {
		read, _ := readOf(ops, op)
		c := p.allowed(t, r)
		asked := r.make(t, c)
		seen := c.call(t, read, request{id: asked.id, path: asked.path})
		tag := seen.header.Get("ETag")
		if seen.status != http.StatusOK || tag == "" {
			t.Fatalf("read: %d, ETag %q", seen.status, tag)
		}
		changed := c.call(t, op, asked, "If-Match", tag)
		if changed.status >= 300 {
			t.Fatalf("the version that was read: %d %s", changed.status, changed.body)
		}
		if now := changed.header.Get("ETag"); now == tag {
			t.Errorf("changed from %s to %s", tag, now)
		}
		next := r.make(t, c)
		next.id, next.path = asked.id, asked.path
		before := p.events(t)
		got := c.call(t, op, next, "If-Match", tag)
		if gone := got.code() == "not_found" && op.method == http.MethodDelete; got.code() != "version_changed" && !gone {
			t.Errorf("the version before: %d %s", got.status, got.body)
		}
		if n := p.events(t) - before; n != 0 {
			t.Errorf("the refused change recorded %d events", n)
		}
	})
}

// readOf gives the operation that reads what another changes.
func readOf(ops map[string]operation, change operation) (operation, bool) {
	for _, op := range ops {
		if op.method == http.MethodGet && op.path == change.path && !op.isList() {
			return op, true
		}
	}
	return operation{}, false
}

func TestRequestsOfOtherSitesAreRefused(t *testing.T) {
	sites := map[string][]string{
		"a cross-site fetch":    {"Sec-Fetch-Site", "cross-site"},
		"a sibling's fetch":     {"Sec-Fetch-Site", "same-site"},
		"another origin":        {"Origin", "https://attacker.example"},
		"no origin to speak of": {"Origin", "null"},
	}
	eachOperation(t, func(op operation) bool { return op.method != http.MethodGet && op.cookie() }, func(t *testing.T, p *shop, op operation, r row) {
		c := p.allowed(t, r)
		asked := r.make(t, c)
		before := p.events(t)
		for name, headers := range sites {
			if got := c.call(t, op, asked, headers...); got.code() != "cross_origin" || got.status != http.StatusForbidden {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		if n := p.events(t) - before; n != 0 {
			t.Errorf("refused requests recorded %d events", n)
		}
		own := map[string][]string{
			"the pages' fetch":  {"Sec-Fetch-Site", "same-origin"},
			"the address bar":   {"Sec-Fetch-Site", "none"},
			"an older browser":  {"Origin", p.URL},
			"no browser at all": nil,
		}
		for name, headers := range own {
			c := p.allowed(t, r)
			asked := r.make(t, c)
			if got := c.call(t, op, asked, headers...); got.status >= 300 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
	})
}

// cookie reports whether an operation may be called with nothing but what a
// browser sends by itself.
func (o operation) cookie() bool {
	if o.anonymous() {
		return true
	}
	for _, way := range o.Security {
		if _, ok := way["session"]; ok {
			return true
		}
	}
	return false
}

func TestNoAnswerIsKeptByCachesOrTakenForAnotherType(t *testing.T) {
	reads := func(op operation) bool { return op.method == http.MethodGet }
	eachOperation(t, reads, func(t *testing.T, p *shop, op operation, r row) {
		c := p.allowed(t, r)
		asked := r.make(t, c)
		for _, got := range []answered{c.call(t, op, asked), c.call(t, op, asked.elsewhere()), c.call(t, op, asked, "Accept", "text/csv")} {
			if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%d with %v", got.status, got.header)
			}
		}
	})
}

func TestATokenIsNotForgedByAnotherSite(t *testing.T) {
	p := open(t, servertest.Start(t))
	_, ops := operations(t, p.Server)
	r := matrix(t)["create-organization"]
	c := p.cell(t, withScope, r, ops["create-organization"])
	got := c.call(t, ops["create-organization"], r.make(t, c), "Origin", "https://tool.example", "Sec-Fetch-Site", "cross-site")
	if got.status != http.StatusCreated {
		t.Errorf("a token sent from another site's page: %d %s", got.status, got.body)
	}
}
