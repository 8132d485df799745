package event_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
)

// BenchmarkSeal gives the sealer's time per event when many wait.
func BenchmarkSeal(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkSeal(b, databasetest.SQLiteURL(b)) })
	b.Run("postgres", func(b *testing.B) { benchmarkSeal(b, databasetest.PostgresURL(b, nil)) })
}

func benchmarkSeal(b *testing.B, url string) {
	db, err := database.Open(context.Background(), url, database.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Errorf("close: %v", err)
		}
	})
	if err := db.Migrate(context.Background(), database.ServerSchema()); err != nil {
		b.Fatal(err)
	}
	err = db.InTx(context.Background(), func(tx *database.Tx) error {
		for i := range b.N {
			if err := event.Record(tx, suspended(strconv.Itoa(i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if n := seal(b, db); n != b.N {
		b.Fatalf("sealed %d of %d", n, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
