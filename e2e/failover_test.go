package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/bench"
	"github.com/licethq/licet/internal/database"
)

// pair is two servers on one database, of which the first will be killed.
type pair struct {
	first     *bench.Server
	seed      *bench.Seed
	staff     [2]*api.Client
	addresses []string
}

func newPair(t *testing.T) *pair {
	t.Helper()
	first, addresses, seed := twoServers(t)
	there := *seed
	there.Connect(addresses[1])
	return &pair{first: first, seed: seed, staff: [2]*api.Client{seed.API, there.API}, addresses: addresses}
}

// reach makes a call at one server after the other until one answers it. An
// answer that is a problem ends it too.
func (p *pair) reach(from int, call func(client *api.Client) error) error {
	var err error
	for i := range 2 {
		err = call(p.staff[(from+i)%2])
		var refusal *api.Problem
		if err == nil || errors.As(err, &refusal) {
			return err
		}
	}
	return err
}

// acknowledgments are what clients of the pair have been told.
type acknowledgments struct {
	mu            sync.Mutex
	subscriptions map[string]string // id by idempotency key
}

// sellOn issues subscriptions, each under a key of its own, and goes on at the
// other server when one is gone, with the same key.
func (p *pair) sellOn(t *testing.T, worker, n int, told *acknowledgments, answered func()) {
	plan := p.seed.PlanID
	for i := range n {
		key := fmt.Sprintf("sale-%d-%d", worker, i)
		err := p.reach(worker, func(client *api.Client) error {
			made, err := client.CreateSubscription(api.Repeatable(t.Context(), key), api.NewSubscription{
				PlanID: plan, OrganizationID: p.seed.OrganizationID, EndsOn: "2099-12-31",
			})
			if err == nil {
				told.mu.Lock()
				told.subscriptions[key] = made.Subscription.ID
				told.mu.Unlock()
			}
			return err
		})
		if err != nil {
			t.Errorf("sale %s: %v", key, err)
			return
		}
		answered()
	}
}

// callHomeOn activates rows and lets them call home, at the other server once
// theirs is gone, with the same bytes.
func (p *pair) callHomeOn(t *testing.T, worker int, rows []*row, answered func()) {
	at := worker % 2
	c, err := bench.Dial(t.Context(), p.addresses[at])
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = c.Close() }() // one of them is broken
	for _, r := range rows {
		for r.acked < 1+checkIns {
			if r.acked == r.expected {
				if err := r.next(); err != nil {
					t.Error(err)
					return
				}
			}
			ok, err := r.send(c, p.addresses[at])
			if err != nil {
				t.Errorf("request %d of %s: %v", r.expected, r.Thumbprint(), err)
				return
			}
			if !ok {
				_ = c.Close()
				at = 1 - at
				if c, err = bench.Dial(t.Context(), p.addresses[at]); err != nil {
					t.Error(err)
					return
				}
				continue
			}
			answered()
		}
	}
}

// One of two servers is killed while programs sell and installations call home.
// Their clients repeat what was not answered at the other one, and in the end
// everything has happened exactly once.
func TestOneOfTwoServersIsKilledAndItsClientsGoOn(t *testing.T) {
	const sellers, sales, callers, rowsEach, killAfter = 6, 40, 10, 12, 300
	p := newPair(t)
	rows := newRows(t, p.seed, callers*rowsEach)
	before := count(t, p.first, "SELECT COUNT(*) FROM subscription")
	told := &acknowledgments{subscriptions: map[string]string{}}

	var answers atomic.Int64
	kill := make(chan struct{})
	answered := func() {
		if answers.Add(1) == killAfter {
			close(kill)
		}
	}
	var wg sync.WaitGroup
	for i := range sellers {
		wg.Go(func() { p.sellOn(t, i, sales, told, answered) })
	}
	for i := range callers {
		wg.Go(func() { p.callHomeOn(t, i, rows[i*rowsEach:(i+1)*rowsEach], answered) })
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-kill:
	case <-done:
		t.Fatalf("the load ended after %d answers, before a server was killed", answers.Load())
	}
	if err := p.first.Kill(); err != nil {
		t.Fatal(err)
	}
	<-done

	if got := count(t, p.first, "SELECT COUNT(*) FROM subscription") - before; got != sellers*sales {
		t.Errorf("%d subscriptions, want %d: one for each key", got, sellers*sales)
	}
	kept, err := database.All(openDatabase(t, p.first).Read(t.Context()), database.Value[string],
		"SELECT resource_id FROM idempotency WHERE operation = 'create-subscription' ORDER BY resource_id")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Values(told.subscriptions)), kept); diff != "" {
		t.Errorf("subscriptions that clients were told of and that are there (-told +there):\n%s", diff)
	}
	compare(t, p.first, p.staff[1], rows)
	report, err := p.first.Command(t.Context(), "events", "verify")
	if err != nil || !strings.Contains(report, "intact") {
		t.Errorf("events verify: %v\n%s", err, report)
	}
}
