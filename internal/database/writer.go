package database

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
)

// groupSize is how many functions share one COMMIT at most. With more, the last
// would wait longer than a second fsync costs.
const groupSize = 64

// writer owns the one writing connection of a SQLite database and the goroutine
// that uses it.
type writer struct {
	dial   func() (*sqliteConn, error)
	logger *slog.Logger
	queue  chan *call
	done   chan struct{} // closed when the goroutine has ended

	mu     sync.RWMutex // held for reading while a call enters the queue
	closed bool

	// Only the goroutine touches these.
	conn  *sqliteConn
	group []*call
}

// The life of a call. Who moves it out of waiting decides what happens to it.
const (
	waiting int32 = iota
	taken         // the writer runs it, and the caller waits for the outcome
	left          // the caller has gone; the writer skips it
)

// call is one caller's function.
type call struct {
	ctx   context.Context
	fn    func(tx *Tx) error
	state atomic.Int32
	err   error
	done  chan struct{}
}

func newWriter(dial func() (*sqliteConn, error), logger *slog.Logger) (*writer, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	w := &writer{
		dial:   dial,
		logger: logger,
		conn:   conn,
		queue:  make(chan *call, 4*groupSize),
		done:   make(chan struct{}),
	}
	go w.work()
	return w, nil
}

// inTx queues fn and waits for its group to commit.
func (w *writer) inTx(ctx context.Context, fn func(tx *Tx) error) error {
	c := &call{ctx: ctx, fn: fn, done: make(chan struct{})}
	if err := w.enqueue(c); err != nil {
		return err
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
	}
	if c.state.CompareAndSwap(waiting, left) {
		return ctx.Err()
	}
	// It has begun. The function uses the caller's variables, and what becomes of
	// it is known within one commit.
	<-c.done
	return c.err
}

func (w *writer) enqueue(c *call) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return shuttingDown()
	}
	select {
	case w.queue <- c:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

// close takes no more calls, waits for the queued ones and closes the connection.
func (w *writer) close() error {
	w.mu.Lock()
	already := w.closed
	if !already {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
	if already || w.conn == nil {
		return nil
	}
	return w.conn.close()
}

// work runs groups until the queue is closed and empty. A function that ends its
// goroutine (runtime.Goexit, as testing's FailNow does) ends this one: then its
// group is answered and another goroutine takes over.
func (w *writer) work() {
	finished := false
	defer func() {
		if finished {
			close(w.done)
			return
		}
		w.abort(errors.New("a function of the group ended its goroutine"))
		go w.work()
	}()
	for first := range w.queue {
		w.collect(first)
		w.run()
	}
	finished = true
}

// collect takes the callers who wait by now.
func (w *writer) collect(first *call) {
	w.group = w.take(w.group[:0], first)
	for len(w.group) < groupSize {
		select {
		case c, ok := <-w.queue:
			if !ok {
				return
			}
			w.group = w.take(w.group, c)
		default:
			return
		}
	}
}

// take adds a call to the group unless its caller has left.
func (w *writer) take(group []*call, c *call) []*call {
	if !c.state.CompareAndSwap(waiting, taken) {
		return group
	}
	if err := c.ctx.Err(); err != nil {
		c.err = err
		close(c.done)
		return group
	}
	return append(group, c)
}

// run executes the group in one transaction and answers it.
func (w *writer) run() {
	if len(w.group) == 0 {
		return
	}
	if err := w.begin(); err != nil {
		w.abort(err)
		return
	}
	for _, c := range w.group {
		if err := w.attempt(c); err != nil {
			w.abort(err)
			return
		}
	}
	if err := w.exec("COMMIT"); err != nil {
		w.abort(err)
		return
	}
	w.answer()
}

func (w *writer) begin() error {
	if w.conn == nil {
		conn, err := w.dial()
		if err != nil {
			return err
		}
		w.conn = conn
	}
	return w.exec("BEGIN IMMEDIATE")
}

func (w *writer) exec(statement string) error {
	_, err := w.conn.exec(context.Background(), statement, nil)
	return err
}

// attempt runs one function in its savepoint until it succeeds, fails, or has
// asked too often to run again. An error means that the transaction is lost.
func (w *writer) attempt(c *call) error {
	for range attempts {
		again, err := w.once(c)
		if err != nil || !again {
			return err
		}
	}
	c.err = exhausted(ErrAgain)
	return nil
}

func (w *writer) once(c *call) (again bool, fatal error) {
	if err := w.exec("SAVEPOINT f"); err != nil {
		return false, err
	}
	tx := &Tx{session: session{ctx: context.Background(), conn: w.conn}}
	c.err = tx.run(c.fn)
	if c.err == nil {
		return false, w.exec("RELEASE f")
	}
	logPanic(w.logger, c.err)
	// After some errors, such as a full disk, SQLite rolls the whole transaction back
	// by itself. Then there is no savepoint left to go back to, and this fails.
	if err := w.exec("ROLLBACK TO f"); err != nil {
		return false, err
	}
	if err := w.exec("RELEASE f"); err != nil {
		return false, err
	}
	return errors.Is(c.err, ErrAgain), nil
}

// abort gives up the transaction and tells everybody in the group, so that nothing
// is acknowledged that is not stored.
func (w *writer) abort(cause error) {
	if w.conn != nil && !w.rolledBack() {
		w.logger.Warn("the writing connection is opened anew", "error", cause.Error())
		_ = w.conn.close() // it has already failed; the cause is what counts
		w.conn = nil
	}
	for _, c := range w.group {
		c.err = unavailable(cause)
	}
	w.answer()
}

// rolledBack reports whether the connection is certainly outside a transaction.
func (w *writer) rolledBack() bool {
	_ = w.exec("ROLLBACK") // fails when SQLite has done it already
	return w.exec("BEGIN") == nil && w.exec("ROLLBACK") == nil
}

func (w *writer) answer() {
	for i, c := range w.group {
		close(c.done)
		w.group[i] = nil
	}
	w.group = w.group[:0]
}
