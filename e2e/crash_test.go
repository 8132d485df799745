package e2e

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/bench"
)

// row is one installation of the load, and what is known of it for certain.
type row struct {
	*bench.Installation
	key      string
	acked    int64  // serial of the last answer that arrived
	request  string // the last one signed; sent again until it is answered
	expected int64  // serial that it must be answered with
}

// next signs the row's next request: first the activation, then check-ins.
func (r *row) next() error {
	var err error
	if r.expected == 0 {
		r.request, err = r.Activate(r.key)
	} else {
		r.request, err = r.CheckIn()
	}
	r.expected = r.Serial()
	return err
}

// send sends the last signed request and reports whether it was answered; an
// answer that is not the expected one is an error.
func (r *row) send(c *bench.Conn, address string) (answered bool, err error) {
	status, body, err := c.Do(bench.ExchangeCall(address, r.request))
	if err != nil {
		return false, nil //nolint:nilerr // the server is gone: that is what the test is about
	}
	if status != http.StatusOK {
		return false, errors.New(string(body))
	}
	serial, err := bench.AnsweredSerial(body)
	if err != nil {
		return false, err
	}
	if serial != r.expected {
		return false, errors.New("an answer with another serial than the next")
	}
	r.acked = serial
	return true, nil
}

// checkIns is how often each row calls home before the next is activated.
const checkIns = 5

// work activates rows and lets them call home until the server is gone or the
// rows are used up. Every answer is counted.
func work(t *testing.T, s *bench.Server, rows []*row, acknowledged *atomic.Int64, enough func()) {
	c, err := bench.Dial(t.Context(), s.Address)
	if err != nil {
		return // gone already
	}
	defer c.Close()
	for _, r := range rows {
		for r.acked < 1+checkIns {
			if r.acked == r.expected {
				if err := r.next(); err != nil {
					t.Error(err)
					return
				}
			}
			answered, err := r.send(c, s.Address)
			if err != nil {
				t.Errorf("request %d of %s: %v", r.expected, r.Thumbprint(), err)
			}
			if !answered {
				return
			}
			if acknowledged.Add(-1) == 0 {
				enough()
			}
		}
	}
}

func TestNothingAcknowledgedIsLostOrDoubledWhenTheServerIsKilled(t *testing.T) {
	const workers, rowsEach, rounds, acknowledgedARound = 16, 12, 3, 250
	onEachEngine(t, func(t *testing.T, cfg bench.ServerConfig) {
		s, seed := startServer(t, cfg)
		rows := newRows(t, seed, workers*rowsEach)
		unanswered := 0
		for range rounds {
			killUnderLoad(t, s, rows, workers, acknowledgedARound)
			if err := s.Start(life(t)); err != nil {
				t.Fatalf("start again: %v", err)
			}
			seed.Connect(s.Address)
			unanswered += askAgain(t, s, rows)
			compare(t, s, seed.API, rows)
		}
		if unanswered == 0 {
			t.Error("every request was answered before the server was killed: there was no load")
		}
		report, err := s.Command(t.Context(), "events", "verify")
		if err != nil || !strings.Contains(report, "intact") {
			t.Errorf("events verify: %v\n%s", err, report)
		}
	})
}

func newRows(t *testing.T, seed *bench.Seed, n int) []*row {
	t.Helper()
	keys, err := seed.Keys(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]*row, n)
	for i := range rows {
		installation, err := seed.Install()
		if err != nil {
			t.Fatal(err)
		}
		rows[i] = &row{Installation: installation, key: keys[i]}
	}
	return rows
}

// killUnderLoad loads the server and kills it once so many answers have arrived,
// with requests of every worker under way.
func killUnderLoad(t *testing.T, s *bench.Server, rows []*row, workers int, answers int64) {
	t.Helper()
	var acknowledged atomic.Int64
	acknowledged.Store(answers)
	reached := make(chan struct{})
	enough := sync.OnceFunc(func() { close(reached) })
	var wg sync.WaitGroup
	each := len(rows) / workers
	for i := range workers {
		wg.Go(func() { work(t, s, rows[i*each:(i+1)*each], &acknowledged, enough) })
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-reached:
	case <-done:
		t.Fatalf("the load ended %d answers before the server was killed\n%s", acknowledged.Load(), s.Log())
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	<-done
}

// askAgain sends every request that was not answered once more, the same bytes,
// and every last answered one too: both must be answered with their own serial.
// It gives how many had not been answered.
func askAgain(t *testing.T, s *bench.Server, rows []*row) (unanswered int) {
	t.Helper()
	c, err := bench.Dial(t.Context(), s.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, r := range rows {
		if r.request == "" {
			continue
		}
		before := r.acked
		if before != r.expected {
			unanswered++
		}
		if answered, err := r.send(c, s.Address); !answered {
			t.Errorf("request %d of %s again (answered before: %t): %v", r.expected, r.Thumbprint(), before == r.expected, err)
		}
	}
	return unanswered
}

// compare holds the database against what was acknowledged: each row that asked
// has one live activation with the last serial and one event that tells of it,
// and there is nothing else.
func compare(t *testing.T, s *bench.Server, client *api.Client, rows []*row) {
	t.Helper()
	want := map[string]int64{}
	for _, r := range rows {
		if r.request != "" {
			want[r.Thumbprint()] = r.acked
		}
	}
	got := map[string]int64{}
	for cursor := "first"; cursor != ""; {
		page, err := client.Activations(t.Context(), api.ActivationFilter{}, api.Listing{Cursor: strings.TrimPrefix(cursor, "first"), Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Items {
			if _, twice := got[a.Installation.ID]; twice {
				t.Errorf("installation %s has two activations", a.Installation.ID)
			}
			if a.EndedAt != nil {
				t.Errorf("the activation of %s has ended", a.Installation.ID)
			}
			got[a.Installation.ID] = a.Serial
		}
		cursor = page.NextCursor
	}
	for id, serial := range want {
		if got[id] != serial {
			t.Errorf("installation %s: serial %d in the database, %d acknowledged", id, got[id], serial)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d activations, want %d", len(got), len(want))
	}
	if told := count(t, s, "SELECT COUNT(*) FROM event WHERE kind = 'activation.started'"); told != int64(len(want)) {
		t.Errorf("%d activations in the log, want %d", told, len(want))
	}
}
