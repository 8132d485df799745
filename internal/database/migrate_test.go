package database_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
)

var (
	newerStep = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE newer (id {{int64}} PRIMARY KEY) {{strict}};\n")}
	slowStep  = &fstest.MapFile{Data: []byte(`-- +goose Up
CREATE TABLE slow (id {{int64}} PRIMARY KEY) {{strict}};
INSERT INTO slow (id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT max(i) FROM n;
`)}
	brokenStep = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE half (id {{int64}} PRIMARY KEY) {{strict}};\nCREATE TABLE counter (id {{int64}} PRIMARY KEY) {{strict}};\n")}
)

func TestProgramsThatStartTogetherMigrateOnce(t *testing.T) {
	slow := schema()
	slow["0002_slow.sql"] = slowStep // so that they all meet in it
	for engine, newURL := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return databasetest.SQLiteURL(t) },
		"postgres": func(t *testing.T) string { return databasetest.PostgresURL(t, nil) },
	} {
		t.Run(engine, func(t *testing.T) {
			const programs = 4
			url := newURL(t)
			dbs := make([]*database.DB, programs)
			for i := range dbs {
				dbs[i] = openURL(t, url, database.Options{Readers: 2})
			}
			if err := dbs[0].Migrate(context.Background(), schema()); err != nil {
				t.Fatal(err)
			}
			errs := make([]error, programs)
			var wg sync.WaitGroup
			for i, db := range dbs {
				wg.Go(func() { errs[i] = db.Migrate(context.Background(), slow) })
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
			if err := insert(dbs[0], "a"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDatabaseOfANewerProgramIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		newer := schema()
		newer["0002_second.sql"] = newerStep
		if err := db.Migrate(context.Background(), newer); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(context.Background(), schema()); err == nil {
			t.Error("an older program took a newer database")
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		broken := schema()
		broken["0002_second.sql"] = brokenStep
		if err := db.Migrate(context.Background(), broken); err == nil {
			t.Fatal("a broken migration passed")
		}
		if _, err := database.One(db.Read(context.Background()), database.Value[int], "SELECT count(*) FROM half"); err == nil {
			t.Error("half a migration is there")
		}
		if err := db.Migrate(context.Background(), schema()); err != nil {
			t.Errorf("without the broken step: %v", err)
		}
	})
}

func TestMigrateTwiceChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := insert(db, "a"); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(context.Background(), schema()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a"}, ids(t, db)); diff != "" {
			t.Errorf("things (-want +got):\n%s", diff)
		}
	})
}
