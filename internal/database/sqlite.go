package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// sqliteDB is a SQLite file: one writer, and readers that never wait for it.
type sqliteDB struct {
	path    string
	dsn     string
	o       Options
	driver  *sqlite.Driver
	writer  *writer
	readers chan *sqliteConn
	closed  chan struct{}
	once    sync.Once
}

func openSQLite(path string, o Options) (*sqliteDB, error) {
	if path == "" || path == ":memory:" {
		return nil, errors.New("a SQLite database needs a file: sqlite:PATH")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// The file holds sealed secrets and people's names: for its owner only. SQLite
	// gives its -wal and -shm files the same permissions.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unavailable(err)
	}
	if err := f.Close(); err != nil {
		return nil, unavailable(err)
	}
	s := &sqliteDB{path: path, dsn: sqliteDSN(path), o: o, closed: make(chan struct{})}
	if s.driver, err = sqliteDriver(); err != nil {
		return nil, err
	}
	if s.writer, err = newWriter(s.dialWriter, o.Logger); err != nil {
		return nil, err
	}
	if err := s.openReaders(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// sqliteDSN names a file so that no character of its path is taken for a parameter.
func sqliteDSN(path string) string {
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func timeoutPragma(d time.Duration) string {
	return fmt.Sprintf("busy_timeout = %d", d.Milliseconds())
}

// dialWriter opens the writing connection. FULL makes every commit wait for the
// disk, also in WAL mode; the cache is shared by nobody.
func (s *sqliteDB) dialWriter() (*sqliteConn, error) {
	c, err := dialSQLite(s.driver, s.dsn, []string{
		timeoutPragma(s.o.LockTimeout),
		"journal_mode = WAL",
		"synchronous = FULL",
		"foreign_keys = ON",
		"temp_store = MEMORY",
		"cache_size = -8000",
		"journal_size_limit = 67108864",
	})
	if err != nil {
		return nil, err
	}
	mode, err := One(&session{ctx: context.Background(), conn: c}, Value[string], "PRAGMA journal_mode")
	if err == nil && mode != "wal" {
		err = fmt.Errorf("the folder of %s does not allow SQLite's WAL mode; is it on a network drive?", s.path)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (s *sqliteDB) dialReader() (*sqliteConn, error) {
	return dialSQLite(s.driver, s.dsn, []string{
		timeoutPragma(s.o.LockTimeout),
		"query_only = ON",
		"temp_store = MEMORY",
		"cache_size = -2000",
	})
}

func (s *sqliteDB) openReaders() error {
	n := s.o.Readers
	if n <= 0 {
		n = max(4, runtime.GOMAXPROCS(0))
	}
	s.readers = make(chan *sqliteConn, n)
	for range n {
		c, err := s.dialReader()
		if err != nil {
			return err
		}
		s.readers <- c
	}
	return nil
}

func (s *sqliteDB) inTx(ctx context.Context, fn func(tx *Tx) error) error {
	return s.writer.inTx(ctx, fn)
}

// borrow takes a reading connection; give puts it back.
func (s *sqliteDB) borrow(ctx context.Context) (*sqliteConn, error) {
	select {
	case c := <-s.readers:
		return c, nil
	default:
	}
	select {
	case c := <-s.readers:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closed:
		return nil, shuttingDown()
	}
}

func (s *sqliteDB) give(c *sqliteConn) { s.readers <- c }

// sqliteReader runs each statement on whichever reading connection is free.
type sqliteReader struct {
	s   *sqliteDB
	ctx context.Context
}

func (s *sqliteDB) read(ctx context.Context) Querier { return sqliteReader{s: s, ctx: ctx} }

func (r sqliteReader) each(query string, args []any, visit visitor) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	c, err := r.s.borrow(r.ctx)
	if err != nil {
		return err
	}
	defer r.s.give(c)
	// A cancelable context would cost a goroutine for every statement; single
	// statements are short, and each looks at the caller's context between rows.
	one := session{ctx: context.WithoutCancel(r.ctx), conn: c}
	return one.each(query, args, whileHere(r.ctx, visit))
}

func (s *sqliteDB) snapshot(ctx context.Context, fn func(q Querier) error) (err error) {
	c, err := s.borrow(ctx)
	if err != nil {
		return err
	}
	defer s.give(c)
	own := context.WithoutCancel(ctx)
	if _, err := c.exec(own, "BEGIN", nil); err != nil {
		return err
	}
	defer func() {
		if _, endErr := c.exec(own, "ROLLBACK", nil); err == nil {
			err = endErr
		}
	}()
	// Reports may run long in one statement, so here the context interrupts.
	return fn(&session{ctx: ctx, conn: c})
}

func (s *sqliteDB) ping(ctx context.Context) error {
	return s.inTx(ctx, func(tx *Tx) error {
		_, err := One(tx, Value[int64], "SELECT count(*) FROM sqlite_schema")
		return err
	})
}

// backupTo copies into a file beside path and moves it there when it is complete
// and on the disk, so that a file with that name is always a whole backup.
func (s *sqliteDB) backupTo(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("backup: %s exists already", path)
	}
	unfinished := path + ".unfinished"
	// VACUUM INTO writes into an empty file, which is the only way to choose its
	// permissions beforehand.
	f, err := os.OpenFile(unfinished, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(unfinished))
		}
	}()
	c, err := dialSQLite(s.driver, s.dsn, []string{timeoutPragma(s.o.LockTimeout), "cache_size = -2000"})
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, "VACUUM INTO ?", []any{unfinished})
	if err := errors.Join(err, c.close()); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	// A link, unlike a rename, refuses to replace a file that has come meanwhile.
	if err := os.Link(unfinished, path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return errors.Join(os.Remove(unfinished), syncFolder(filepath.Dir(path)))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// migrationWait is how long a program waits for another that migrates the file:
// changing a large table takes longer than any other transaction may.
const migrationWait = 5 * time.Minute

// forMigration opens the file by database/sql, which goose needs.
func (s *sqliteDB) forMigration() *sql.DB {
	q := url.Values{}
	q.Add("_pragma", timeoutPragma(max(s.o.LockTimeout, migrationWait)))
	q.Add("_pragma", "foreign_keys = ON")
	q.Add("_pragma", "synchronous = FULL")
	q.Set("_txlock", "immediate")
	db := sql.OpenDB(sqliteConnector{driver: s.driver, dsn: s.dsn + "?" + q.Encode()})
	db.SetMaxOpenConns(1)
	return db
}

func (s *sqliteDB) close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		if s.writer != nil {
			err = s.writer.close()
		}
		for range cap(s.readers) {
			c := <-s.readers
			err = errors.Join(err, c.close())
		}
	})
	return err
}
