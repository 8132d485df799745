package e2e

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/bench"
)

// twoServers starts two servers on one PostgreSQL database. The test may kill the
// first.
func twoServers(t *testing.T) (first *bench.Server, addresses []string, seed *bench.Seed) {
	t.Helper()
	first, seed = startServer(t, bench.ServerConfig{Database: postgres(t)})
	second, err := first.Another(life(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := second.Stop(); err != nil {
			t.Errorf("stop the second server: %v", err)
		}
	})
	return first, []string{first.Address, second.Address}, seed
}

// result is what came of one racing request: a serial, or the code of a problem.
type result struct {
	serial int64
	code   string
}

// race posts signed requests to the servers in turn, all at the same time, each
// over a connection of its own that is open before the start.
func race(t *testing.T, addresses, requests []string) []result {
	t.Helper()
	results := make([]result, len(requests))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, request := range requests {
		address := addresses[i%len(addresses)]
		c, err := bench.Dial(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer c.Close()
			<-start
			results[i] = exchange(t, c, bench.ExchangeCall(address, request))
		})
	}
	close(start)
	wg.Wait()
	return results
}

func exchange(t *testing.T, c *bench.Conn, call []byte) result {
	status, body, err := c.Do(call)
	if err != nil {
		t.Error(err)
		return result{}
	}
	if status == http.StatusOK {
		serial, err := bench.AnsweredSerial(body)
		if err != nil {
			t.Error(err)
		}
		return result{serial: serial}
	}
	var p struct{ Code string }
	if err := json.Unmarshal(body, &p); err != nil {
		t.Errorf("status %d with no problem: %s", status, body)
	}
	return result{code: p.Code}
}

// keyFor issues a key that may be active on so many rows; 0 is unlimited.
func keyFor(t *testing.T, seed *bench.Seed, activations int64) string {
	t.Helper()
	plan, err := seed.API.CreatePlan(t.Context(), api.NewPlan{
		ProductID: seed.ProductID, Code: "several", Name: "Several activations",
		Policy: api.NewPolicy{
			Model:             "subscription",
			LicenseType:       api.LicenseType{Code: seed.Publisher.LicenseType, Name: "Desktop", Metric: "devices"},
			ActivationsPerKey: &activations,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := seed.API.CreateSubscription(t.Context(), api.NewSubscription{PlanID: plan.ID, OrganizationID: seed.OrganizationID, EndsOn: "2099-12-31"})
	if err != nil {
		t.Fatal(err)
	}
	return issued.Key.Key
}

func TestTwoServersGrantExactlyTheActivationsOfAKey(t *testing.T) {
	const granted, asking = 10, 64
	_, addresses, seed := twoServers(t)
	key := keyFor(t, seed, granted)
	requests := make([]string, asking)
	for i := range requests {
		installation, err := seed.Install()
		if err != nil {
			t.Fatal(err)
		}
		if requests[i], err = installation.Activate(key); err != nil {
			t.Fatal(err)
		}
	}
	got := map[result]int{}
	for _, r := range race(t, addresses, requests) {
		got[r]++
	}
	want := map[result]int{{serial: 1}: granted, {code: "activations_exhausted"}: asking - granted}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	page, err := seed.API.Activations(t.Context(), api.ActivationFilter{State: "live"}, api.Listing{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != granted {
		t.Errorf("%d live activations in the database, want %d", len(page.Items), granted)
	}
}

// Copies of one installation ask at the same time, each in its own words. The
// plan serves forks, so each is answered, but no two answers may be the same
// license.
func TestTwoServersNeverIssueASerialTwice(t *testing.T) {
	const copies, rounds = 16, 5
	_, addresses, seed := twoServers(t)
	rows := newRows(t, seed, rounds)
	for _, r := range rows {
		activation, err := r.Activate(r.key)
		if err != nil {
			t.Fatal(err)
		}
		if got := race(t, addresses, []string{activation}); got[0].serial != 1 {
			t.Fatalf("activate: %+v", got[0])
		}
		requests := make([]string, copies)
		for i := range requests {
			twin := *r.Installation
			if requests[i], err = twin.CheckIn(); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[int64]bool{}
		for _, answer := range race(t, addresses, requests) {
			if answer.code != "" || seen[answer.serial] {
				t.Errorf("an answer with serial %d and problem %q, want a serial of its own", answer.serial, answer.code)
			}
			seen[answer.serial] = true
		}
	}
}

func TestTwoServersBindOneSlotOnce(t *testing.T) {
	const copies = 16
	_, addresses, seed := twoServers(t)
	key := keyFor(t, seed, 0)
	original, err := seed.Install()
	if err != nil {
		t.Fatal(err)
	}
	requests := make([]string, copies)
	for i := range requests {
		twin := *original
		if requests[i], err = twin.Activate(key); err != nil {
			t.Fatal(err)
		}
	}
	for _, answer := range race(t, addresses, requests) {
		if answer.code != "" {
			t.Errorf("activate a slot from copies of one installation: %s", answer.code)
		}
	}
	page, err := seed.API.Activations(t.Context(), api.ActivationFilter{State: "live"}, api.Listing{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 1 {
		t.Errorf("%d live activations of one slot, want 1", len(page.Items))
	}
}
