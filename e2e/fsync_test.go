package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/licethq/licet/internal/bench"
	"github.com/licethq/licet/internal/database/databasetest"
)

// groupSize is how many callers share one commit at most (DESIGN, "Data").
const groupSize = 64

// A killed process loses nothing that it gave to the operating system, so only
// counting the calls shows that an answer waited for the disk. That the disk
// keeps what it says it has written, through a loss of power, is not tested.
func TestNoAnswerComesBeforeItsCommitIsOnTheDisk(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace")
	s, seed := startServer(t, bench.ServerConfig{Wrap: straced(t, trace)})

	const alone = 40
	before := syncs(t, trace)
	activateAll(t, s, newRows(t, seed, alone), 1, func() { before = syncs(t, trace) })
	if made := syncs(t, trace) - before; made < alone {
		t.Errorf("%d fsyncs for %d activations one after the other, want at least as many", made, alone)
	}

	const together, clients = 640, 64
	activateAll(t, s, newRows(t, seed, together), clients, func() { before = syncs(t, trace) })
	if made := syncs(t, trace) - before; made < together/groupSize {
		t.Errorf("%d fsyncs for %d activations at once, want at least %d", made, together, together/groupSize)
	}
}

// straced gives the command line to run a server under, so that its fsyncs are
// written to a file; -D leaves the server this process's own child.
func straced(t *testing.T, trace string) []string {
	t.Helper()
	wrap := []string{"strace", "-D", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o", trace}
	probe := exec.CommandContext(t.Context(), wrap[0], append(wrap[1:], "true")...)
	out, err := probe.CombinedOutput()
	databasetest.SkipUnless(t, "strace", err == nil, "strace cannot trace here: "+string(out))
	return wrap
}

// syncs counts the calls that have ended by now. strace writes a line before it
// lets the traced thread go on.
func syncs(t *testing.T, trace string) int {
	t.Helper()
	data, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(data, []byte(" = 0\n"))
}

// activateAll activates rows by so many clients, each with one request at a
// time; begin is called when everything is ready.
func activateAll(t *testing.T, s *bench.Server, rows []*row, clients int, begin func()) {
	t.Helper()
	conns := make([]*bench.Conn, clients)
	for i := range conns {
		c, err := bench.Dial(t.Context(), s.Address)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	for _, r := range rows {
		if err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	var wg sync.WaitGroup
	each := len(rows) / clients
	for i, c := range conns {
		wg.Go(func() {
			for _, r := range rows[i*each : (i+1)*each] {
				if answered, err := r.send(c, s.Address); !answered {
					t.Errorf("activate: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for _, c := range conns {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
