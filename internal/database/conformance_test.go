package database_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/problem"
)

// schema is a small one of the tests' own.
func schema() fstest.MapFS {
	return fstest.MapFS{
		"0001_first.sql": {Data: []byte(`-- +goose Up
CREATE TABLE counter (
    name  {{key}} NOT NULL PRIMARY KEY,
    value {{int64}} NOT NULL,
    CHECK (value >= 0)
) {{strict}};
CREATE TABLE thing (
    id    {{key}} NOT NULL PRIMARY KEY,
    label TEXT,
    size  {{int64}},
    body  {{bytes}},
    facts {{json}},
    alive {{int64}} NOT NULL DEFAULT 1
) {{strict}};
CREATE TABLE part (
    thing_id {{key}} NOT NULL REFERENCES thing (id),
    name     TEXT NOT NULL,
    PRIMARY KEY (thing_id, name)
) {{strict}};
`)},
	}
}

func each(t *testing.T, fn func(t *testing.T, db *database.DB)) {
	t.Helper()
	databasetest.Each(t, schema(), fn)
}

func insert(db *database.DB, id string) error {
	return db.InTx(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", id)
		return err
	})
}

func ids(t *testing.T, db *database.DB) []string {
	t.Helper()
	all, err := database.All(db.Read(context.Background()), database.Value[string], "SELECT id FROM thing ORDER BY id")
	if err != nil {
		t.Fatalf("list things: %v", err)
	}
	return all
}

func TestWhatInTxReturnsNilForIsStored(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := insert(db, "a"); err != nil {
			t.Fatalf("insert: %v", err)
		}
		if diff := cmp.Diff([]string{"a"}, ids(t, db)); diff != "" {
			t.Errorf("things (-want +got):\n%s", diff)
		}
	})
}

func TestFailedFunctionLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		refused := errors.New("refused")
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			if _, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", "a"); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Errorf("error = %v, want the function's own", err)
		}
		if got := ids(t, db); len(got) != 0 {
			t.Errorf("things = %v, want none", got)
		}
	})
}

func TestFailingNeighborsDoNotDisturbEachOther(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		const callers = 300
		errs := make([]error, callers)
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				errs[i] = db.InTx(context.Background(), func(tx *database.Tx) error {
					if _, err := tx.Exec("UPDATE counter SET value = value + 1 WHERE name = ?", "even"); err != nil {
						return err
					}
					if _, err := tx.Exec("INSERT INTO counter (name, value) VALUES (?, ?)", names[i%len(names)]+string(rune('a'+i%26))+string(rune('a'+i/26)), i); err != nil {
						return err
					}
					return outcome(i)
				})
			})
		}
		wg.Wait()
		var failed int
		for _, err := range errs {
			if err != nil {
				failed++
			}
		}
		stored, err := database.One(db.Read(context.Background()), database.Value[int], "SELECT count(*) FROM counter")
		if err != nil {
			t.Fatal(err)
		}
		if failed != callers/3 || stored != callers-failed {
			t.Errorf("%d failed and %d are stored, want %d and %d", failed, stored, callers/3, callers-callers/3)
		}
	})
}

var names = []string{"x", "y", "z"}

// outcome makes every third function fail, in three ways.
func outcome(i int) error {
	switch i % 9 {
	case 0, 3:
		return errors.New("refused")
	case 6:
		panic("a fault in the function")
	default:
		return nil
	}
}

func TestPanicBecomesTheCallersError(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		err := db.InTx(context.Background(), func(*database.Tx) error { panic("a fault") })
		if !problem.Is(err, problem.InternalError) {
			t.Errorf("error = %v, want internal_error", err)
		}
		if err := errors.Join(insert(db, "a"), insert(db, "b")); err != nil {
			t.Fatal(err)
		}
		const query = "SELECT id FROM thing WHERE id <> ?"
		err = db.InTx(context.Background(), func(tx *database.Tx) error {
			return database.Each(tx, func(database.Row) error { panic("while rows are open") }, query, "x")
		})
		if !problem.Is(err, problem.InternalError) {
			t.Errorf("error = %v, want internal_error", err)
		}
		for range 3 {
			err = db.InTx(context.Background(), func(tx *database.Tx) error {
				return database.Each(tx, func(database.Row) error { return nil }, query, "y")
			})
			if err != nil {
				t.Errorf("after a panic: %v", err)
			}
		}
	})
}

func TestFunctionRunsAgainAfterErrAgain(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		runs := 0
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			runs++
			if _, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", "a"); err != nil {
				return err
			}
			return map[bool]error{true: database.ErrAgain}[runs < 3]
		})
		if err != nil || runs != 3 {
			t.Errorf("error = %v after %d runs, want none after 3", err, runs)
		}
		if diff := cmp.Diff([]string{"a"}, ids(t, db)); diff != "" {
			t.Errorf("things (-want +got):\n%s", diff)
		}
	})
}

func TestErrAgainForEverIsUnavailable(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		runs := 0
		err := db.InTx(context.Background(), func(*database.Tx) error {
			runs++
			return database.ErrAgain
		})
		if !problem.Is(err, problem.DatabaseUnavailable) || runs != 10 {
			t.Errorf("error = %v after %d runs, want database_unavailable after 10", err, runs)
		}
	})
}

func TestUniqueViolationIsRecognized(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := insert(db, "a"); err != nil {
			t.Fatal(err)
		}
		if err := insert(db, "a"); !database.IsUnique(err) {
			t.Errorf("error = %v, want a unique violation", err)
		}
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			_, err := tx.Exec("INSERT INTO part (thing_id, name) VALUES (?, ?)", "missing", "p")
			return err
		})
		if err == nil || database.IsUnique(err) {
			t.Errorf("error = %v, want a foreign key violation", err)
		}
	})
}

func TestSwallowedFailureStoresNothing(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := insert(db, "a"); err != nil {
			t.Fatal(err)
		}
		var later error
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			if _, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", "b"); err != nil {
				return err
			}
			_, _ = tx.Exec("INSERT INTO thing (id) VALUES (?)", "a")
			_, later = tx.Exec("INSERT INTO thing (id) VALUES (?)", "c")
			return nil
		})
		if !database.IsUnique(err) || !database.IsUnique(later) {
			t.Errorf("errors = %v and %v, want the unique violation twice", err, later)
		}
		if diff := cmp.Diff([]string{"a"}, ids(t, db)); diff != "" {
			t.Errorf("things (-want +got):\n%s", diff)
		}
	})
}

func TestCanceledCallerIsSkipped(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		ran := false
		err := db.InTx(ctx, func(*database.Tx) error { ran = true; return nil })
		if !errors.Is(err, context.Canceled) || ran {
			t.Errorf("error = %v, ran = %v; want canceled and not run", err, ran)
		}
	})
}

func TestCallerWhoLeavesMeanwhileHearsTheOutcome(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		err := db.InTx(ctx, func(tx *database.Tx) error {
			cancel()
			_, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", "a")
			return err
		})
		if err != nil {
			t.Errorf("error = %v, want none: it was stored", err)
		}
		if diff := cmp.Diff([]string{"a"}, ids(t, db)); diff != "" {
			t.Errorf("things (-want +got):\n%s", diff)
		}
	})
}

func TestGuardedUpdateGrantsExactlyN(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		const seats, callers = 10, 60
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			_, err := tx.Exec("INSERT INTO counter (name, value) VALUES (?, ?)", "seats", seats)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var granted atomic.Int64
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				err := db.InTx(context.Background(), func(tx *database.Tx) error {
					n, err := tx.Exec("UPDATE counter SET value = value - 1 WHERE name = ? AND value > 0", "seats")
					if err == nil && n == 0 {
						err = errors.New("none left")
					}
					return err
				})
				if err == nil {
					granted.Add(1)
				}
			})
		}
		wg.Wait()
		if granted.Load() != seats {
			t.Errorf("granted %d of %d seats", granted.Load(), seats)
		}
	})
}

func TestSnapshotSeesOneState(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		count := func(q database.Querier) int {
			n, err := database.One(q, database.Value[int], "SELECT count(*) FROM thing")
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		err := db.Snapshot(context.Background(), func(q database.Querier) error {
			before := count(q)
			if err := insert(db, "a"); err != nil {
				t.Fatal(err)
			}
			if outside := count(db.Read(context.Background())); outside != 1 {
				t.Errorf("outside there are %d things, want 1", outside)
			}
			if after := count(q); before != 0 || after != 0 {
				t.Errorf("inside there were %d things and then %d, want none", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestReadersCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		err := db.Snapshot(context.Background(), func(q database.Querier) error {
			_, err := database.All(q, database.Value[string], "INSERT INTO thing (id) VALUES ('a') RETURNING id")
			return err
		})
		if err == nil {
			t.Error("a snapshot wrote")
		}
	})
}

func TestStatementsDoNotNest(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			return database.Each(tx, func(database.Row) error {
				_, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", "a")
				return err
			}, "SELECT 1")
		})
		if err == nil {
			t.Error("a statement ran while rows were being read")
		}
	})
}

func TestTransactionEndsWithItsFunction(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		var kept *database.Tx
		if err := db.InTx(context.Background(), func(tx *database.Tx) error { kept = tx; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := kept.Exec("INSERT INTO thing (id) VALUES (?)", "a"); err == nil {
			t.Error("a transaction went on after its end")
		}
	})
}

func TestClosedDatabaseIsShuttingDown(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := insert(db, "a"); !problem.Is(err, problem.ShuttingDown) {
			t.Errorf("InTx after Close: %v, want shutting_down", err)
		}
		_, err := database.One(db.Read(context.Background()), database.Value[int], "SELECT 1")
		if !problem.Is(err, problem.ShuttingDown) {
			t.Errorf("Read after Close: %v, want shutting_down", err)
		}
	})
}

func TestPingAsksTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := db.Ping(context.Background()); err != nil {
			t.Errorf("ping: %v", err)
		}
	})
}
