//go:build !unix

package server

import "os"

// lockFile takes no lock: where flock is missing, SQLite's own locks still keep
// two writers apart, and an operator must stop the server before a restore.
func lockFile(*os.File) error { return nil }
