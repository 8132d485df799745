package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/bench"
)

// agent is an on-premises agent that runs as a process of its own.
type agent struct {
	*bench.Process
	client *agentapi.Client
}

// startAgent runs an agent of the seed's product on a state folder.
func startAgent(t *testing.T, s *bench.Server, state string) agent {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root.pem")
	if _, err := s.Command(t.Context(), "keys", "export-root", "--to", root); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(life(t), os.Getenv(binaryVariable), "agent", "run", "--state", state,
		"--server", "http://"+s.Address, "--trust", root, "--product", "device-management",
		"--listen", "127.0.0.1:0", "--no-system-log")
	p, err := bench.StartProcess(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	address, err := agentapi.ReadAddress(state)
	if err != nil {
		t.Fatal(err)
	}
	client, err := agentapi.NewClient(address)
	if err != nil {
		t.Fatal(err)
	}
	return agent{Process: p, client: client}
}

// enrollUntilGone enrolls devices, each of a serial number of its own, until the
// agent is gone, and notes every one that it acknowledged.
func enrollUntilGone(ctx context.Context, a agent, prefix string, enrolled *sync.Map, left *atomic.Int64, enough func()) {
	for i := 0; ; i++ {
		serial := fmt.Sprintf("%s-%d", prefix, i)
		if _, err := a.client.Enroll(ctx, agentapi.NewDevice{SerialNumber: serial, Platform: "mac"}); err != nil {
			return
		}
		enrolled.Store(serial, true)
		if left.Add(-1) == 0 {
			enough()
		}
	}
}

func TestNoDeviceIsLostOrDoubledWhenTheAgentIsKilled(t *testing.T) {
	const workers, rounds, acknowledgedARound = 8, 3, 120
	s, seed := startServer(t, bench.ServerConfig{})
	keys, err := seed.Keys(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	a := startAgent(t, s, state)
	if _, err := a.client.Activate(t.Context(), "", "desktop", keys[0]); err != nil {
		t.Fatal(err)
	}
	var enrolled sync.Map
	for round := range rounds {
		var left atomic.Int64
		left.Store(acknowledgedARound)
		reached := make(chan struct{})
		enough := sync.OnceFunc(func() { close(reached) })
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() { enrollUntilGone(t.Context(), a, fmt.Sprintf("R%dW%d", round, w), &enrolled, &left, enough) })
		}
		done := make(chan struct{})
		go func() {
			wg.Wait()
			close(done)
		}()
		select {
		case <-reached:
		case <-done:
			t.Fatalf("enrolling ended %d devices before the agent was killed\n%s", left.Load(), a.Log())
		}
		if err := a.Kill(); err != nil {
			t.Fatal(err)
		}
		<-done
		a = startAgent(t, s, state)
		devicesAreThose(t, a, &enrolled, workers*(round+1))
	}
}

// devicesAreThose holds the agent's devices against those it acknowledged: all
// are there, once, and beside them at most the unanswered ones; and the row
// counts what the list shows.
func devicesAreThose(t *testing.T, a agent, enrolled *sync.Map, unanswered int) {
	t.Helper()
	devices, err := a.client.AllDevices(t.Context(), agentapi.DeviceQuery{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, d := range devices {
		seen[d.SerialNumber]++
	}
	acknowledged := 0
	enrolled.Range(func(serial, _ any) bool {
		acknowledged++
		if n := seen[serial.(string)]; n != 1 {
			t.Errorf("device %s was acknowledged and is there %d times", serial, n)
		}
		return true
	})
	if extra := len(devices) - acknowledged; extra > unanswered {
		t.Errorf("%d devices more than were acknowledged, want at most the %d unanswered", extra, unanswered)
	}
	row, err := a.client.Row(t.Context(), "", "desktop")
	if err != nil {
		t.Fatal(err)
	}
	if row.Used != int64(len(devices)) {
		t.Errorf("the row uses %d licenses, want %d, the devices listed", row.Used, len(devices))
	}
	if row.License == nil {
		t.Error("the row has lost its license")
	}
}
