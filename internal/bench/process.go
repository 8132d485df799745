package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/licethq/licet/internal/child"
)

// Process is a server that runs as a process of its own on the loopback
// interface.
type Process struct {
	Address string // host:port

	cmd    *exec.Cmd
	exited chan struct{}
	err    error // of the exit, once exited is closed
	mu     sync.Mutex
	log    []string // the last lines
}

// Limits of a process's life.
const (
	startLimit = 60 * time.Second
	stopLimit  = 30 * time.Second
	logLines   = 40
)

// listening finds the address in the log line that says where a server listens.
var listening = regexp.MustCompile(`listening.*?https?://([\d.]+:\d+)`)

// StartProcess runs a command that serves HTTP and waits until its log says
// where it listens. The process ends with Stop or Kill, or when ctx is done.
func StartProcess(ctx context.Context, cmd *exec.Cmd) (*Process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = write, write
	cmd.SysProcAttr = child.Attributes()
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	if err := write.Close(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	address := make(chan string, 1)
	go p.follow(read, address)

	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case p.Address = <-address:
		return p, nil
	case <-p.exited:
		return nil, fmt.Errorf("the server ended before it listened: %w\n%s", p.err, p.Log())
	case <-limit.C:
		err = fmt.Errorf("the server does not listen after %v\n%s", startLimit, p.Log())
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, p.Kill())
}

// follow reads the log until the process ends, and is the one that waits for it.
func (p *Process) follow(log io.ReadCloser, address chan<- string) {
	defer close(p.exited)
	defer log.Close()
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	found := false
	for lines.Scan() {
		p.mu.Lock()
		p.log = append(p.log, lines.Text())
		p.log = p.log[max(0, len(p.log)-logLines):]
		p.mu.Unlock()
		if m := listening.FindStringSubmatch(lines.Text()); m != nil && !found {
			found = true
			address <- m[1]
		}
	}
	_, copyErr := io.Copy(io.Discard, log) // whatever is no line must not block the process
	p.err = errors.Join(p.cmd.Wait(), copyErr)
	if p.err == nil {
		p.err = errors.New("it exited with 0")
	}
}

// Log gives the last lines of the log.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, "\n")
}

// PID gives the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Stop asks the process to drain and end, and waits until it has. One that does
// not end in time is killed, which is an error.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-p.exited:
	case <-limit.C:
		return errors.Join(fmt.Errorf("the server does not end %v after SIGTERM\n%s", stopLimit, p.Log()), p.Kill())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server ended with %d\n%s", code, p.Log())
	}
	return nil
}

// Kill ends the process at once (SIGKILL) and waits until it is gone.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited
	return nil
}

// resident gives the resident memory of a process in bytes; 0 where the system
// has no /proc.
func resident(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if kilobytes, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kilobytes), "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}
