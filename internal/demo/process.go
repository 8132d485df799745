package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/licethq/licet/internal/child"
)

// startLimit bounds how long a process may take to answer.
const startLimit = 30 * time.Second

// process is a child that runs until it is stopped.
type process struct {
	cmd *exec.Cmd
	log *os.File
}

// start runs a command of Licet in the background; what it says goes to a log
// file in the demo's folder.
func (d *demo) start(name string, args ...string) (*process, error) {
	path := filepath.Join(d.cfg.Folder, name+".log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(d.cfg.Executable, args...) //nolint:noctx // this very program; stop ends it and waits
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = child.Attributes()
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the %s: %w", name, err), log.Close())
	}
	return &process{cmd: cmd, log: log}, nil
}

// stop asks a process to end and waits for it.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, p.log.Close())
	}
	return errors.Join(p.cmd.Wait(), p.log.Close())
}

// command runs a command of Licet to its end and gives what it printed.
func (d *demo) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, d.cfg.Executable, args...)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return string(out), fmt.Errorf("licet %s: %w: %s", args[0], err, failed.Stderr)
	}
	return string(out), err
}

// free gives the wanted loopback address if nobody listens there, or any other.
func free(ctx context.Context, wanted string) (string, error) {
	for _, address := range []string{wanted, "127.0.0.1:0"} {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			continue
		}
		return l.Addr().String(), l.Close()
	}
	return "", errors.New("no loopback port is free")
}

// until asks again and again whether something has come about.
func until(ctx context.Context, what string, limit time.Duration, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done(ctx)
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s did not come about within %v", what, limit), err)
		}
	}
}

// answers waits until a process answers at a URL.
func answers(ctx context.Context, name, url string) error {
	client := &http.Client{Timeout: time.Second}
	return until(ctx, "an answer of the "+name, startLimit, func(ctx context.Context) (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return false, err
		}
		res, err := client.Do(req)
		if err != nil {
			return false, err
		}
		return res.StatusCode == http.StatusOK, res.Body.Close()
	})
}
