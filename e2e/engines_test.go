package e2e

import (
	"os"
	"testing"

	"github.com/licethq/licet/internal/bench"
	"github.com/licethq/licet/internal/database/databasetest"
)

// postgres gives the URL of the PostgreSQL server to test with, or skips.
func postgres(t *testing.T) string {
	t.Helper()
	url := os.Getenv("LICET_TEST_POSTGRES")
	databasetest.SkipUnless(t, "postgres", url != "", "LICET_TEST_POSTGRES does not hold the URL of a server")
	return url
}

// onEachEngine runs a test with a server on SQLite and with one on PostgreSQL.
func onEachEngine(t *testing.T, test func(t *testing.T, cfg bench.ServerConfig)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, bench.ServerConfig{}) })
	t.Run("postgres", func(t *testing.T) { test(t, bench.ServerConfig{Database: postgres(t)}) })
}
