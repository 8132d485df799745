package bench

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// beServer makes the test binary serve a baseline instead of running tests, so
// that there is a real process to start, watch and end.
const beServer = "LICET_BENCH_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(beServer) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := ServeBaseline(ctx, "127.0.0.1:0", slog.New(slog.NewTextHandler(os.Stderr, nil)))
	stop()
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func startSelf(t *testing.T) *Process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), beServer+"=1")
	p, err := StartProcess(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAStartedServerAnswersUntilItIsStopped(t *testing.T) {
	p := startSelf(t)
	trust, err := fetchTrust(t.Context(), p.Address)
	if err != nil || len(trust.Publishers()) != 1 {
		t.Fatalf("trust of the server at %s: %v", p.Address, err)
	}
	w := startWatch(p.PID())
	if memory := w.stop(); memory < 1<<20 || memory > 1<<30 {
		t.Errorf("its resident memory is %d bytes, want some megabytes", memory)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("Stop = %v, want nil", err)
	}
	if _, err := fetchTrust(t.Context(), p.Address); err == nil {
		t.Error("it answers after Stop")
	}
}

func TestAKilledServerIsGone(t *testing.T) {
	p := startSelf(t)
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.Exited()
	if memory := resident(p.PID()); memory != 0 {
		t.Errorf("its resident memory is %d bytes, want none", memory)
	}
}

func TestAServerThatEndsAtOnceIsAnErrorWithItsLog(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "echo the disk is missing >&2; exit 3")
	_, err := StartProcess(t.Context(), cmd)
	if err == nil || !strings.Contains(err.Error(), "the disk is missing") {
		t.Errorf("StartProcess = %v, want what it said", err)
	}
}

func TestAServerThatNeverListensIsKilledWhenNobodyWaits(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	if _, err := StartProcess(ctx, cmd); err == nil {
		t.Fatal("StartProcess = nil, want an error")
	}
	if cmd.ProcessState == nil {
		t.Error("the process is still there")
	}
}
