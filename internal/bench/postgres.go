package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// newDatabase makes a database on the PostgreSQL server that address names, and
// gives its URL and what drops it. Nothing that is there already is touched.
func newDatabase(ctx context.Context, address string) (made string, drop func(context.Context) error, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", nil, fmt.Errorf("the database must be a postgres:// URL") // without the URL: it may hold a password
	}
	name := "licet_bench_" + strings.ToLower(rand.Text()[:12])
	if err := onServer(ctx, address, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func(ctx context.Context) error {
		return onServer(ctx, address, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}, nil
}

func onServer(ctx context.Context, address, statement string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}
