package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// The operations, in the order in which a run takes them.
const (
	opBaseline = "verify_and_sign_only"
	opPreview  = "preview"
	opActivate = "activate"
	opCheckIn  = "check_in"
	opRefresh  = "refresh"
)

// Config says what to measure.
type Config struct {
	Clients  int           // connections, 1 to 1024
	Runs     int           // of every operation, 1 to 25
	Duration time.Duration // of one run, up to a minute
	Database string        // URL of a PostgreSQL server, on which a database is made and dropped; "" is SQLite
	Binary   string        // of licet
	Folder   string        // for the data; "" is the system's folder for temporary files
	Progress io.Writer     // what is being done, for people
}

// Bounds of a Config, so that a measurement ends and fits into memory.
const (
	clientsMost  = 1024
	runsMost     = 25
	durationMost = time.Minute
)

// Validate says what is out of bounds.
func (c Config) Validate() error {
	switch {
	case c.Clients < 1 || c.Clients > clientsMost:
		return fmt.Errorf("clients must be 1 to %d", clientsMost)
	case c.Runs < 1 || c.Runs > runsMost:
		return fmt.Errorf("runs must be 1 to %d", runsMost)
	case c.Duration < 100*time.Millisecond || c.Duration > durationMost:
		return fmt.Errorf("the duration of a run must be 100ms to %v", durationMost)
	}
	return nil
}

// rowsPerClient is how many rows a client calls for in turn.
const rowsPerClient = 16

// stage is everything a measurement runs on.
type stage struct {
	cfg      Config
	server   *Server
	baseline *Process
	operations
	serverLoad, baselineLoad *load
	rss                      int64
}

// operations are the sources of the load, and how fast each was answered so far.
type operations struct {
	names    []string
	sources  map[string]source
	checkers map[string]checker
	rates    map[string]float64
}

// Measure does what the package says.
func Measure(ctx context.Context, cfg Config) (result Result, err error) {
	if err := cfg.Validate(); err != nil {
		return Result{}, err
	}
	folder, err := os.MkdirTemp(cfg.Folder, "licet-bench")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(folder)
	s := &stage{cfg: cfg}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.begin(ctx, folder); err != nil {
		return Result{}, err
	}
	runs := map[string][]measurement{}
	for run := range cfg.Runs {
		for _, name := range s.names {
			m, err := s.measure(ctx, name)
			if err != nil {
				return Result{}, fmt.Errorf("%s: %w", name, err)
			}
			runs[name] = append(runs[name], m)
			s.say("run %d of %d: %-20s %6.0f/s", run+1, cfg.Runs, name, m.rate())
		}
	}
	result.Machine = Machine(folder, s.server.Engine())
	result.RSS = rounded(float64(s.rss)/(1<<20), 1)
	for _, name := range s.names {
		result.Operations = append(result.Operations, summarize(name, runs[name], runs[opBaseline]))
	}
	return result, nil
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.cfg.Progress, format+"\n", args...) }

// begin starts the server and the baseline, fills the one and readies the load.
func (s *stage) begin(ctx context.Context, folder string) (err error) {
	s.server, err = StartServer(ctx, ServerConfig{Binary: s.cfg.Binary, Folder: folder, Database: s.cfg.Database})
	if err != nil {
		return err
	}
	s.say("server at %s", s.server.Address)
	seed, err := s.server.Seed(ctx)
	if err != nil {
		return err
	}
	var base checker
	s.baseline, base, err = startBaseline(ctx, s.cfg.Binary, seed.Publisher)
	if err != nil {
		return err
	}
	if s.serverLoad, err = newLoad(ctx, s.server.Address, s.cfg.Clients); err != nil {
		return err
	}
	if s.baselineLoad, err = newLoad(ctx, s.baseline.Address, s.cfg.Clients); err != nil {
		return err
	}
	return s.ready(ctx, seed, base)
}

// ready makes the sources and activates the rows that check_in and refresh call
// for. That also warms the server up.
func (s *stage) ready(ctx context.Context, seed *Seed, base checker) error {
	address := s.server.Address
	checkIn, err := newRows(s.cfg.Clients, rowsPerClient, address, seed.Publisher, (*Installation).CheckIn)
	if err != nil {
		return err
	}
	refresh, err := newRows(s.cfg.Clients, rowsPerClient, address, seed.Publisher, (*Installation).Refresh)
	if err != nil {
		return err
	}
	only, err := newRows(s.cfg.Clients, rowsPerClient, s.baseline.Address, base.publisher, (*Installation).CheckIn)
	if err != nil {
		return err
	}
	used, err := s.activate(ctx, seed, append(checkIn.all(), refresh.all()...))
	if err != nil {
		return fmt.Errorf("activate the rows to call for: %w", err)
	}
	preview, err := newRows(s.cfg.Clients, 1, address, seed.Publisher, previewOf(used))
	if err != nil {
		return err
	}
	exchange := checker{trust: seed.Trust, publisher: seed.Publisher}
	s.operations = operations{
		names: []string{opBaseline, opPreview, opActivate, opCheckIn, opRefresh},
		sources: map[string]source{
			opBaseline: only, opPreview: preview, opCheckIn: checkIn, opRefresh: refresh,
			opActivate: &activations{address: address, keys: seed.Keys, fresh: seed.Install},
		},
		checkers: map[string]checker{opBaseline: base, opPreview: exchange, opActivate: exchange, opCheckIn: exchange, opRefresh: exchange},
		rates:    map[string]float64{},
	}
	return nil
}

// activate binds a key to every row and gives the keys.
func (s *stage) activate(ctx context.Context, seed *Seed, list []*Installation) ([]string, error) {
	var used []string
	left := make(chan *Installation, len(list))
	for _, row := range list {
		left <- row
	}
	source := &activations{
		address: s.server.Address,
		keys: func(ctx context.Context, n int) (keys []string, err error) {
			used, err = seed.Keys(ctx, n)
			return used, err
		},
		fresh: func() (*Installation, error) { return <-left, nil },
	}
	if err := source.prepare(ctx, len(list)); err != nil {
		return nil, err
	}
	m, _, err := s.serverLoad.run(ctx, source, durationMost)
	if err == nil && m.answers != int64(len(list)) {
		err = fmt.Errorf("%d of %d rows in %v", m.answers, len(list), m.elapsed)
	}
	return used, err
}

// estimate is how many answers a second to prepare for before the first run.
const estimate = 2000

// measure takes one run of an operation and checks what was answered. A wrong
// answer is counted, not returned.
func (s *stage) measure(ctx context.Context, name string) (measurement, error) {
	source, target := s.sources[name], s.serverLoad
	if name == opBaseline {
		target = s.baselineLoad
	}
	rate := max(s.rates[name], estimate) * 1.25
	if err := source.prepare(ctx, int(rate*s.cfg.Duration.Seconds())+s.cfg.Clients); err != nil {
		return measurement{}, err
	}
	watch := startWatch(s.server.PID())
	m, samples, err := target.run(ctx, source, s.cfg.Duration)
	s.rss = max(s.rss, watch.stop())
	if ctx.Err() != nil {
		return m, ctx.Err()
	}
	s.rates[name] = max(s.rates[name], m.rate())
	wrong, faulty := s.checkers[name].all(samples)
	m.errors += wrong
	if err = errors.Join(err, faulty); err != nil {
		s.say("%s: %v", name, err)
	}
	return m, nil
}

// end closes the connections and stops what was started.
func (s *stage) end() error {
	var errs []error
	for _, l := range []*load{s.serverLoad, s.baselineLoad} {
		if l != nil {
			errs = append(errs, l.close())
		}
	}
	if s.baseline != nil {
		errs = append(errs, s.baseline.Stop())
	}
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(errs...)
}
