package database_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
)

func openURL(t *testing.T, url string, o database.Options) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func TestDeadlockRunsTheLoserAgain(t *testing.T) {
	url := databasetest.PostgresURL(t, schema())
	db := openURL(t, url, database.Options{})
	for _, name := range []string{"a", "b"} {
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			_, err := tx.Exec("INSERT INTO counter (name, value) VALUES (?, 0)", name)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	both := sync.WaitGroup{}
	both.Add(2)
	add := func(first, second string) error {
		met := false
		return db.InTx(context.Background(), func(tx *database.Tx) error {
			if _, err := tx.Exec("UPDATE counter SET value = value + 1 WHERE name = ?", first); err != nil {
				return err
			}
			if !met {
				met = true
				both.Done()
				both.Wait() // now each holds what the other wants
			}
			_, err := tx.Exec("UPDATE counter SET value = value + 1 WHERE name = ?", second)
			return err
		})
	}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = add("a", "b") })
	wg.Go(func() { errs[1] = add("b", "a") })
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	values, err := database.All(db.Read(context.Background()), database.Value[int], "SELECT value FROM counter")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{2, 2}, values); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestLockedRowIsUnavailableUntilReleased(t *testing.T) {
	url := databasetest.PostgresURL(t, schema())
	holder := openURL(t, url, database.Options{})
	db := openURL(t, url, database.Options{LockTimeout: time.Millisecond})
	if err := insert(db, "a"); err != nil {
		t.Fatal(err)
	}
	label := func(db *database.DB) error {
		return db.InTx(context.Background(), func(tx *database.Tx) error {
			_, err := tx.Exec("UPDATE thing SET label = 'x'")
			return err
		})
	}
	err := holder.InTx(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE thing SET label = 'held'")
		wantUnavailable(t, "update of a locked row", label(db))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := label(db); err != nil {
		t.Errorf("after release: %v", err)
	}
}

func TestServerAwayIsUnavailableUntilItIsBack(t *testing.T) {
	w := newWire(t, databasetest.PostgresURL(t, schema()))
	db := openURL(t, w.url, database.Options{})
	if err := insert(db, "a"); err != nil {
		t.Fatal(err)
	}
	w.cut()
	wantUnavailable(t, "insert", insert(db, "b"))
	wantUnavailable(t, "ping", db.Ping(context.Background()))
	_, err := database.One(db.Read(context.Background()), database.Value[int], "SELECT 1")
	wantUnavailable(t, "read", err)
	wantUnavailable(t, "snapshot", db.Snapshot(context.Background(), func(database.Querier) error { return nil }))
	w.mend()
	if err := insert(db, "c"); err != nil {
		t.Errorf("back again: %v", err)
	}
	if diff := cmp.Diff([]string{"a", "c"}, ids(t, db)); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
}

func TestServerLostInATransactionIsUnavailable(t *testing.T) {
	w := newWire(t, databasetest.PostgresURL(t, schema()))
	db := openURL(t, w.url, database.Options{})
	err := db.InTx(context.Background(), func(tx *database.Tx) error {
		if _, err := tx.Exec("INSERT INTO thing (id) VALUES ('a')"); err != nil {
			return err
		}
		w.cut()
		return nil // so that COMMIT is what fails
	})
	wantUnavailable(t, "commit", err)
	w.mend()
	if got := ids(t, db); len(got) != 0 {
		t.Errorf("things = %v, want none", got)
	}
	err = db.InTx(context.Background(), func(tx *database.Tx) error {
		w.cut()
		_, err := tx.Exec("INSERT INTO thing (id) VALUES ('a')")
		return err
	})
	wantUnavailable(t, "statement", err)
}

func TestAbsentServerIsUnavailable(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = database.Open(context.Background(), "postgres://licet:SECRET@"+l.Addr().String()+"/licet?sslmode=disable", database.Options{})
	wantUnavailable(t, "open", err)
}

// wire is a way to a PostgreSQL server that can be cut.
type wire struct {
	t      *testing.T
	url    string
	listen net.Listener
	target string

	mu    sync.Mutex
	down  bool
	conns []net.Conn
	wg    sync.WaitGroup
}

func newWire(t *testing.T, server string) *wire {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, listen: l, target: u.Host}
	u.Host = l.Addr().String()
	w.url = u.String()
	w.wg.Go(w.accept)
	t.Cleanup(func() {
		_ = l.Close()
		w.cut()
		w.wg.Wait()
	})
	return w
}

func (w *wire) accept() {
	for {
		near, err := w.listen.Accept()
		if err != nil {
			return
		}
		w.join(near)
	}
}

// join carries bytes both ways, or hangs up while the wire is cut.
func (w *wire) join(near net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		_ = near.Close()
		return
	}
	far, err := new(net.Dialer).DialContext(context.Background(), "tcp", w.target)
	if err != nil {
		w.t.Errorf("dial: %v", err)
		_ = near.Close()
		return
	}
	w.conns = append(w.conns, near, far)
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // ends when either side hangs up
		_ = to.Close()
	}
	w.wg.Go(func() { carry(far, near) })
	w.wg.Go(func() { carry(near, far) })
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = true
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = false
}
