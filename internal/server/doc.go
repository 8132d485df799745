// Package server is the one place that wires a Licet server: data folder,
// database, services, schedules, routes. The command, the demo and the tests all
// run it by Run.
//
// # The data folder
//
// It holds the SQLite database (unless PostgreSQL is named), the master key
// unless that is kept elsewhere, and a lock file. A running server holds the
// lock; restore wants it too, so a database is never replaced under a server.
// Other operator commands (OpenData) work beside a running server: they go
// through the same transactions, and the server asks the database each time
// which certificate signs and where the log stands.
//
// # Life
//
// Run opens everything, makes the publisher at first start, checks the master
// key, listens, and serves until its context is done. Then it drains requests,
// stops the schedules, and closes the database last, so that whatever was
// acknowledged is stored. When the process dies instead, nothing is lost that
// was acknowledged: answers leave only after the commit.
package server
