package database_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
)

// BenchmarkThreeStatementsFrom64Callers is the shape of the hot path: look up,
// guarded update, insert, from 64 callers at once. Divide: ns/op is the time per
// function with 64 in flight.
func BenchmarkThreeStatementsFrom64Callers(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkThreeStatements(b, databasetest.SQLiteURL(b)) })
	b.Run("postgres", func(b *testing.B) { benchmarkThreeStatements(b, databasetest.PostgresURL(b, nil)) })
}

func benchmarkThreeStatements(b *testing.B, url string) {
	db, err := database.Open(context.Background(), url, database.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Errorf("close: %v", err)
		}
	})
	if err := db.Migrate(context.Background(), schema()); err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	const counters = 1000
	err = db.InTx(ctx, func(tx *database.Tx) error {
		for i := range counters {
			if _, err := tx.Exec("INSERT INTO counter (name, value) VALUES (?, 0)", fmt.Sprint("counter-", i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(max(1, 64/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := next.Add(1)
			if err := threeStatements(db, n%counters, n); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "functions/s")
}

func threeStatements(db *database.DB, counter, id int64) error {
	name := fmt.Sprint("counter-", counter)
	return db.InTx(context.Background(), func(tx *database.Tx) error {
		value, err := database.One(tx, database.Value[int64], "SELECT value FROM counter WHERE name = ?", name)
		if err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE counter SET value = value + 1 WHERE name = ? AND value = ?", name, value)
		if err != nil || n != 1 {
			return fmt.Errorf("updated %d rows: %w", n, err)
		}
		_, err = tx.Exec("INSERT INTO thing (id, label, size) VALUES (?, ?, ?)", fmt.Sprintf("thing-%016d", id), name, value)
		return err
	})
}
