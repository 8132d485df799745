package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// Backup writes a consistent copy of the database to a new file while the server
// may be running, after signing where the log stands. The master key is not in
// it. On PostgreSQL it refuses.
func (d *Data) Backup(ctx context.Context, to string) (event.Checkpoint, error) {
	if d.DB.Engine() != database.SQLite {
		return event.Checkpoint{}, problem.Newf(problem.NotSupported,
			"Back up a PostgreSQL database with pg_dump, and keep the master key elsewhere.")
	}
	checkpoint, err := d.Checkpoint(ctx, "backup")
	if err != nil {
		return checkpoint, err
	}
	return checkpoint, d.DB.BackupTo(ctx, to)
}

// Restore puts a backup into a data folder without a database, and gives what
// the log of the backup is like. It checks the master key and the log before the
// database gets its name. It refuses while a server runs, when there is a
// database already, and on PostgreSQL.
func Restore(ctx context.Context, folder Folder, from string) (event.Report, error) {
	var none event.Report
	file, isSQLite := folder.sqliteFile()
	if !isSQLite {
		return none, problem.Newf(problem.NotSupported, "Restore a PostgreSQL database with pg_restore or psql.")
	}
	if err := os.MkdirAll(folder.Path, 0o700); err != nil {
		return none, problem.Newf(problem.ConfigurationInvalid, "The data folder cannot be made.").Because(err)
	}
	release, err := lockFolder(folder.Path)
	if err != nil {
		return none, err
	}
	report, err := restore(ctx, folder, file, from)
	return report, errors.Join(err, release())
}

func restore(ctx context.Context, folder Folder, file, from string) (event.Report, error) {
	var none event.Report
	if _, err := os.Lstat(file); err == nil {
		return none, problem.Newf(problem.Conflict, "There is a database in the data folder already. Move it away first, or restore into an empty folder.")
	}
	trial := file + ".restoring"
	removeDatabase(trial) // of a restore that did not end; the lock is ours
	defer removeDatabase(trial)
	if err := copyFile(trial, from); err != nil {
		return none, problem.Newf(problem.ConfigurationInvalid, "The backup cannot be copied into the data folder.").Because(err)
	}
	report, err := inspect(ctx, folder, trial)
	if err != nil {
		return none, err
	}
	if !report.Intact() {
		return report, problem.Newf(problem.Conflict, "The log in the backup is not intact at position %d: %s. Nothing was restored.", report.FirstBad, report.Fault)
	}
	// A link, unlike a rename, refuses to replace what has come meanwhile.
	if err := os.Link(trial, file); err != nil {
		return report, fmt.Errorf("name the restored database: %w", err)
	}
	return report, syncFolder(filepath.Dir(file))
}

// inspect opens a copy of the backup as a server would: with the master key.
func inspect(ctx context.Context, folder Folder, trial string) (event.Report, error) {
	folder.Database = "sqlite:" + trial
	d, err := OpenData(ctx, folder)
	if err != nil {
		return event.Report{}, err
	}
	report, err := d.VerifyEvents(ctx)
	// Closing folds the write-ahead log back into the file.
	return report, errors.Join(err, d.Close())
}

// copyFile copies into a new file that is on the disk when it returns nil.
func copyFile(to, from string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}

// removeDatabase removes a database that has another name by now, or none.
func removeDatabase(file string) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(file + suffix) // what is not there need not go
	}
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
