package database_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/problem"
)

// another opens the file as a second program would.
func another(t *testing.T, url string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), db.Close()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return conn
}

func must(t *testing.T, conn *sql.Conn, statement string) {
	t.Helper()
	if _, err := conn.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// impatient opens a migrated database that waits for locks only briefly.
func impatient(t *testing.T) (db *database.DB, url string) {
	t.Helper()
	url = databasetest.SQLiteURL(t)
	db, err := database.Open(context.Background(), url, database.Options{LockTimeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := db.Migrate(context.Background(), schema()); err != nil {
		t.Fatal(err)
	}
	return db, url
}

func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	p := problem.From(err)
	if p == nil || p.Code != problem.DatabaseUnavailable || p.RetryAfter < time.Second || p.RetryAfter > 5*time.Second {
		t.Errorf("%s: %v, want database_unavailable with a wait of 1 to 5 s", what, err)
	}
	if !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("%s: %v, want it to wrap ErrUnavailable", what, err)
	}
}

func TestLockedFileIsUnavailableUntilReleased(t *testing.T) {
	db, url := impatient(t)
	other := another(t, url)
	must(t, other, "BEGIN IMMEDIATE")
	wantUnavailable(t, "insert", insert(db, "a"))
	wantUnavailable(t, "ping", db.Ping(context.Background()))
	must(t, other, "ROLLBACK")
	if err := insert(db, "b"); err != nil {
		t.Errorf("after release: %v", err)
	}
	if diff := cmp.Diff([]string{"b"}, ids(t, db)); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
}

func TestFullDiskIsUnavailableUntilThereIsRoom(t *testing.T) {
	db, _ := impatient(t)
	limit := func(pages int64) error {
		return db.InTx(context.Background(), func(tx *database.Tx) error {
			_, err := database.One(tx, database.Value[int64], "PRAGMA max_page_count = "+sprint(pages))
			return err
		})
	}
	if err := limit(1); err != nil { // SQLite takes the number of pages in use
		t.Fatal(err)
	}
	big := strings.Repeat("x", 1<<20)
	fill := func(tx *database.Tx) error {
		_, err := tx.Exec("INSERT INTO thing (id, label) VALUES (?, ?)", "big", big)
		return err
	}
	wantUnavailable(t, "insert", db.InTx(context.Background(), fill))
	wantUnavailable(t, "insert whose function looks away", db.InTx(context.Background(), func(tx *database.Tx) error {
		_ = fill(tx)
		return nil
	}))
	if got := ids(t, db); len(got) != 0 {
		t.Errorf("things = %v, want none", got)
	}
	if err := limit(1 << 20); err != nil {
		t.Fatal(err)
	}
	if err := db.InTx(context.Background(), fill); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// group makes the writer run the functions in one transaction: it is held in a
// first one until they all wait. It gives their errors.
func group(t *testing.T, db *database.DB, fns ...func(tx *database.Tx) error) []error {
	t.Helper()
	entered, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = db.InTx(context.Background(), func(*database.Tx) error {
			close(entered)
			<-release
			return nil
		})
	})
	<-entered
	errs := make([]error, len(fns))
	for i, fn := range fns {
		before := database.Waiting(db)
		wg.Go(func() { errs[i] = db.InTx(context.Background(), fn) })
		for database.Waiting(db) == before {
			runtime.Gosched() // yields until the call stands in the queue
		}
	}
	close(release)
	wg.Wait()
	return errs
}

func inserting(id string) func(tx *database.Tx) error {
	return func(tx *database.Tx) error {
		_, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", id)
		return err
	}
}

func TestGroupSharesOneCommit(t *testing.T) {
	db := databasetest.Open(t, schema())
	seen := 0
	errs := group(t, db, inserting("a"), inserting("b"), func(tx *database.Tx) error {
		n, err := database.One(tx, database.Value[int], "SELECT count(*) FROM thing")
		seen = n
		if err == nil && len(ids(t, db)) != 0 {
			err = errors.New("a neighbor was committed before the group")
		}
		return err
	})
	if err := errors.Join(errs...); err != nil || seen != 2 {
		t.Errorf("the last saw %d of its neighbors (%v), want 2", seen, err)
	}
}

func TestNobodyIsAcknowledgedWhenCommitFails(t *testing.T) {
	db := databasetest.Open(t, schema())
	// A deferred constraint is the simplest thing that fails at COMMIT only.
	broken := func(tx *database.Tx) error {
		if _, err := tx.Exec("PRAGMA defer_foreign_keys = ON"); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO part (thing_id, name) VALUES ('missing', 'p')")
		return err
	}
	errs := group(t, db, inserting("a"), broken, inserting("b"))
	for i, err := range errs {
		wantUnavailable(t, "caller "+strconv.Itoa(i), err)
	}
	if got := ids(t, db); len(got) != 0 {
		t.Errorf("things = %v, want none", got)
	}
	if err := insert(db, "c"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestLostTransactionIsNobodysSuccess(t *testing.T) {
	db := databasetest.Open(t, schema())
	errs := group(t, db, inserting("a"), func(tx *database.Tx) error {
		_, err := tx.Exec("ROLLBACK") // as SQLite does by itself after some errors
		return err
	}, inserting("b"))
	for i, err := range errs {
		wantUnavailable(t, "caller "+strconv.Itoa(i), err)
	}
	if got := ids(t, db); len(got) != 0 {
		t.Errorf("things = %v, want none", got)
	}
}

func TestWriterOutlivesAFunctionThatEndsItsGoroutine(t *testing.T) {
	db := databasetest.Open(t, schema())
	errs := group(t, db, inserting("a"), func(*database.Tx) error { runtime.Goexit(); return nil })
	for i, err := range errs {
		wantUnavailable(t, "caller "+strconv.Itoa(i), err)
	}
	if err := insert(db, "b"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if diff := cmp.Diff([]string{"b"}, ids(t, db)); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
}

func TestWaitingCallerLeavesWithoutHarm(t *testing.T) {
	db := databasetest.Open(t, schema())
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error, 1)
	nothing := func(*database.Tx) error { return nil }
	errs := group(t, db, inserting("a"), nothing, inserting("b"))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	entered, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = db.InTx(context.Background(), func(*database.Tx) error {
			close(entered)
			<-release
			return nil
		})
	})
	<-entered
	wg.Go(func() { left <- db.InTx(ctx, inserting("left")) })
	for database.Waiting(db) == 0 {
		runtime.Gosched() // yields until the call stands in the queue
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want canceled while the writer is busy", err)
	}
	close(release)
	wg.Wait()
	if err := insert(db, "c"); err != nil { // it waits behind the one who left
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, ids(t, db)); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
}

func TestCloseFinishesWhatWasAccepted(t *testing.T) {
	url := databasetest.SQLiteURL(t)
	open := func() *database.DB {
		db, err := database.Open(context.Background(), url, database.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(context.Background(), schema()); err != nil {
			t.Fatal(err)
		}
		return db
	}
	db := open()
	var wg sync.WaitGroup
	const callers = 200
	errs := make([]error, callers)
	for i := range callers {
		wg.Go(func() { errs[i] = insert(db, "thing-"+strconv.Itoa(i)) })
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	accepted := 0
	for _, err := range errs {
		if err == nil {
			accepted++
		} else if !problem.Is(err, problem.ShuttingDown) {
			t.Errorf("error = %v, want shutting_down", err)
		}
	}
	db = open()
	if got := len(ids(t, db)); got != accepted {
		t.Errorf("%d things are stored, %d were acknowledged", got, accepted)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestBackupIsWholeWhileWritersWork(t *testing.T) {
	db := databasetest.Open(t, schema())
	if err := insert(db, "a"); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := int64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
				if err := insert(db, "w"+sprint(i)); err != nil {
					t.Errorf("insert: %v", err)
					return
				}
			}
		}
	})
	path := filepath.Join(t.TempDir(), "copy #1?.db")
	err := db.BackupTo(context.Background(), path)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, want 0600", info.Mode().Perm())
	}
	if err := db.BackupTo(context.Background(), path); err == nil {
		t.Error("a backup was overwritten")
	}
	copied, err := database.Open(context.Background(), "sqlite:"+path, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(t, copied); len(got) == 0 || got[0] != "a" {
		t.Errorf("the backup holds %v, want at least a", got)
	}
	if err := copied.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.unfinished"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestDatabaseFileIsForItsOwnerOnly(t *testing.T) {
	db, url := impatient(t)
	if err := insert(db, "a"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(strings.TrimPrefix(url, "sqlite:") + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("files = %v, %v", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(f), info.Mode().Perm())
		}
	}
}

func TestOddFileNamesAreFileNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c=d#e%41.db")
	db, err := database.Open(context.Background(), "sqlite:"+path, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(context.Background(), schema()); err != nil {
		t.Fatal(err)
	}
	if err := insert(db, "a"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 || files[0].Name() != filepath.Base(path) {
		t.Errorf("files = %v, %v; want the one named", files, err)
	}
}

func sprint(n int64) string { return strconv.FormatInt(n, 10) }
