package database

import (
	"context"
	"database/sql/driver"
	"strings"

	"modernc.org/sqlite"
)

// sqliteDriver gives a driver whose lower() knows every letter, as PostgreSQL's
// does; SQLite's own knows those of ASCII.
func sqliteDriver() (*sqlite.Driver, error) {
	d := new(sqlite.Driver)
	err := d.RegisterDeterministicScalarFunction("lower", 1, lower)
	return d, err
}

func lower(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	if s, ok := args[0].(string); ok {
		return strings.ToLower(s), nil
	}
	return args[0], nil
}

// sqliteConnector opens connections of our driver for database/sql.
type sqliteConnector struct {
	driver *sqlite.Driver
	dsn    string
}

// Connect implements driver.Connector.
func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.driver.Open(c.dsn)
}

// Driver implements driver.Connector.
func (c sqliteConnector) Driver() driver.Driver { return c.driver }
