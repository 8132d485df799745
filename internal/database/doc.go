// Package database opens Licet's database, SQLite or PostgreSQL, and runs one
// SQL text on both.
//
// # Writing
//
// InTx is the only way to write. On SQLite one goroutine owns the only writing
// connection: it takes up to 64 waiting functions, runs each in its own
// SAVEPOINT inside one BEGIN IMMEDIATE transaction, commits, and only then
// answers everybody (group commit). On PostgreSQL every call is a READ COMMITTED
// transaction of its own, repeated when the server reports a serialization
// failure or a deadlock.
//
// A function given to InTx
//
//   - may run again (after ErrAgain, a deadlock, a serialization failure), so it
//     sets its results rather than adds to them;
//   - does no I/O, no signing, and calls neither InTx, Read nor Snapshot;
//   - gets no context: a caller that leaves before its turn is skipped, one whose
//     function has begun is answered with what became of it;
//   - ends at its first failed statement. PostgreSQL aborts the transaction there,
//     so on SQLite, too, every later statement fails and nothing of it is kept,
//     even when the function returns nil.
//
// # Reading
//
// Read gives single statements outside a transaction, Snapshot several over one
// consistent state. Neither waits for writers on SQLite (WAL).
//
// # SQL
//
// Placeholders are ?, rewritten to $n for PostgreSQL. Migrations hold the tokens
// {{int64}} {{bytes}} {{json}} {{key}} {{strict}}; the last, behind a table, makes
// SQLite hold it to its types and keep its rows in the order of its primary key,
// which every table has. Instants are BIGINT microseconds (Micros, Instant);
// booleans are 0 and 1, and a Go bool may be passed and scanned. A time.Time is
// refused as an argument.
//
// # Failure
//
// Whatever keeps the database from answering (locked, disk full, I/O error, server
// away) becomes a problem database_unavailable that wraps ErrUnavailable and says
// when to try again. Nothing is acknowledged that did not commit: if COMMIT fails,
// every function of the group gets the error.
package database
