package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/licethq/licet/licensefile"
)

// ServerConfig says what server to start.
type ServerConfig struct {
	Binary   string   // of licet
	Folder   string   // for the data
	Database string   // URL of a PostgreSQL server, on which a database is made and dropped; "" is SQLite in Folder
	Wrap     []string // a program and its arguments to run the server under, such as strace
	Args     []string // further arguments of the server
}

// Server is a licet server that runs as a process of its own, with a publisher
// of its own.
type Server struct {
	*Process
	cfg   ServerConfig
	drop  func(context.Context) error // the database
	count int                         // of processes started beside each other
}

// StartServer starts a server on a new data folder in cfg.Folder, or on the one
// that an earlier server left there.
func StartServer(ctx context.Context, cfg ServerConfig) (*Server, error) {
	s := &Server{cfg: cfg}
	if cfg.Database != "" {
		url, drop, err := newDatabase(ctx, cfg.Database)
		if err != nil {
			return nil, err
		}
		s.cfg.Database, s.drop = url, drop
	}
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Start starts the process, after StartServer only when it has ended.
func (s *Server) Start(ctx context.Context) (err error) {
	s.Process, err = s.start(ctx, "data")
	return err
}

// Another starts a further process on the same PostgreSQL database, with a data
// folder of its own and the same master key.
func (s *Server) Another(ctx context.Context) (*Process, error) {
	s.count++
	return s.start(ctx, fmt.Sprintf("data%d", s.count+1))
}

func (s *Server) start(ctx context.Context, folder string) (*Process, error) {
	line := append(append([]string{}, s.cfg.Wrap...), s.cfg.Binary, "server",
		"--listen", "127.0.0.1:0", "--publisher", "Example Software", "--time-zone", "UTC")
	line = append(append(line, s.data(folder)...), s.cfg.Args...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = environment()
	return StartProcess(ctx, cmd)
}

// data gives the flags that name the data.
func (s *Server) data(folder string) []string {
	flags := []string{
		"--data", filepath.Join(s.cfg.Folder, folder),
		"--master-key-file", filepath.Join(s.cfg.Folder, "master.key"),
	}
	if s.cfg.Database != "" {
		flags = append(flags, "--database", s.cfg.Database)
	}
	return flags
}

// environment is this process's without the settings of a server that may run on
// the same machine: what is measured has its own, and those that are shipped.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LICET_") })
}

// DatabaseURL names the database, for whoever looks into it beside the server.
func (s *Server) DatabaseURL() string {
	if s.cfg.Database != "" {
		return s.cfg.Database
	}
	return "sqlite:" + filepath.Join(s.cfg.Folder, "data", "licet.db")
}

// Engine names the engine of the database.
func (s *Server) Engine() string {
	if s.cfg.Database != "" {
		return "postgres"
	}
	return "sqlite"
}

// Command runs an operator's command on the data, such as "staff create", and
// gives what it prints.
func (s *Server) Command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.cfg.Binary, append(args, s.data("data")...)...)
	cmd.Env = environment()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("licet %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// Trust gives what the server's answers are verified with.
func (s *Server) Trust(ctx context.Context) (*licensefile.Trust, error) {
	pem, err := s.Command(ctx, "keys", "export-root")
	if err != nil {
		return nil, err
	}
	return licensefile.ParseTrust([]byte(pem))
}

// Close stops the process and drops its database.
func (s *Server) Close() error {
	var errs []error
	if s.Process != nil {
		select {
		case <-s.Exited():
		default:
			errs = append(errs, s.Stop())
		}
	}
	if s.drop != nil {
		errs = append(errs, s.drop(context.Background()))
	}
	return errors.Join(errs...)
}
