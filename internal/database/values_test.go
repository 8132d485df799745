package database_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
)

type (
	word   string
	amount int32
	flag   bool
	blob   []byte
)

// thing has one field for each type that may be stored.
type thing struct {
	ID    word
	Label *string
	Size  amount
	Body  blob
	Facts string
	Alive flag
}

func scanThing(r database.Row) (thing, error) {
	var v thing
	err := r.Scan(&v.ID, &v.Label, &v.Size, &v.Body, &v.Facts, &v.Alive)
	return v, err
}

func store(t *testing.T, db *database.DB, args ...any) {
	t.Helper()
	err := db.InTx(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec("INSERT INTO thing (id, label, size, body, facts, alive) VALUES (?, ?, ?, ?, ?, ?)", args...)
		return err
	})
	if err != nil {
		t.Fatalf("store %v: %v", args, err)
	}
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	label := "é ? ' \" \n 日本"
	for name, want := range map[string]thing{
		"everything": {ID: "a", Label: &label, Size: -5, Body: blob{0, 1, 255}, Facts: "[1]", Alive: true},
		"NULL":       {ID: "a", Label: nil, Size: 1 << 30, Body: nil, Facts: "{}", Alive: false},
		"empty":      {ID: "", Label: new(string), Size: 0, Body: blob{}, Facts: "null", Alive: false},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *database.DB) {
				store(t, db, want.ID, want.Label, want.Size, want.Body, want.Facts, want.Alive)
				got, err := database.One(db.Read(context.Background()), scanThing,
					"SELECT id, label, size, body, facts, alive FROM thing")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("thing (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestNullableValuesScan(t *testing.T) {
	noon := time.Date(2030, 5, 1, 12, 0, 0, 123456789, time.FixedZone("", 7200))
	each(t, func(t *testing.T, db *database.DB) {
		store(t, db, "a", sql.NullString{}, database.NullMicros(&noon), nil, nil, 1)
		store(t, db, "b", sql.NullString{String: "x", Valid: true}, database.NullInstant{}, []byte{1}, "{}", 0)
		type nullable struct {
			Label sql.NullString
			At    database.NullInstant
			Body  []byte
			Size  sql.NullInt64
			Alive bool
		}
		got, err := database.All(db.Read(context.Background()), func(r database.Row) (nullable, error) {
			var v nullable
			err := r.Scan(&v.Label, &v.At, &v.Body, &v.Size, &v.Alive)
			return v, err
		}, "SELECT label, size, body, size, alive FROM thing ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		us := noon.UnixMicro()
		want := []nullable{
			{At: database.NullInstant{Time: noon.UTC().Truncate(time.Microsecond), Valid: true}, Size: sql.NullInt64{Int64: us, Valid: true}, Alive: true},
			{Label: sql.NullString{String: "x", Valid: true}, Body: []byte{1}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestUnfitValuesAreRefused(t *testing.T) {
	for name, scan := range map[string]func(r database.Row) error{
		"NULL into a string":           func(r database.Row) error { var id, label string; return r.Scan(&id, &label, new(int)) },
		"text into an int":             func(r database.Row) error { var id int; return r.Scan(&id, new(*string), new(int)) },
		"too few columns":              func(r database.Row) error { return r.Scan(new(string)) },
		"too many columns":             func(r database.Row) error { return r.Scan(new(string), new(*string), new(int), new(int)) },
		"too large for an int8":        func(r database.Row) error { return r.Scan(new(string), new(*string), new(int8)) },
		"no truth value":               func(r database.Row) error { return r.Scan(new(string), new(*string), new(bool)) },
		"into something not a pointer": func(r database.Row) error { return r.Scan("", new(*string), new(int)) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *database.DB) {
				store(t, db, "a", nil, 1000, nil, nil, 1)
				err := database.Each(db.Read(context.Background()), scan, "SELECT id, label, size FROM thing")
				if err == nil {
					t.Error("it was scanned")
				}
			})
		})
	}
}

func TestUnfitArgumentsAreRefused(t *testing.T) {
	for name, arg := range map[string]any{
		"instant": time.Now,
		"time":    time.Unix(0, 0),
		"struct":  struct{ A int }{1},
		"map":     map[string]int{},
		"chan":    make(chan int),
		"uint64":  uint64(1),
		"list":    []string{"a"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *database.DB) {
				err := db.InTx(context.Background(), func(tx *database.Tx) error {
					_, err := tx.Exec("INSERT INTO thing (id, label) VALUES ('a', ?)", arg)
					return err
				})
				if err == nil {
					t.Error("it was stored")
				}
			})
		})
	}
}

func TestErrorsDoNotRepeatValues(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		add := func() error {
			return db.InTx(context.Background(), func(tx *database.Tx) error {
				_, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", "SECRET")
				return err
			})
		}
		if err := add(); err != nil {
			t.Fatal(err)
		}
		err := add()
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("error = %v, want one without the value", err)
		}
	})
}

func TestKeysAreOrderedByTheirBytes(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		for _, id := range []string{"b", "a", "B", "_", "é", "10", "9"} {
			if err := insert(db, id); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{"10", "9", "B", "_", "a", "b", "é"}, ids(t, db)); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

func TestFactsAreReadByMember(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		store(t, db, "a", nil, 0, nil, `{"color": "red?"}`, 1)
		got, err := database.One(db.Read(context.Background()), database.Value[string],
			"SELECT facts ->> 'color' FROM thing WHERE facts ->> 'color' = ?", "red?")
		if err != nil || got != "red?" {
			t.Errorf("color = %q, %v; want red?", got, err)
		}
	})
}

func TestSumsAndComparisonsScanAlike(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		store(t, db, "a", nil, 1<<40, nil, nil, 1)
		store(t, db, "b", nil, 2, nil, nil, 0)
		type answer struct {
			Sum    int64
			Most   int
			More   bool
			Exists flag
		}
		got, err := database.One(db.Read(context.Background()), func(r database.Row) (answer, error) {
			var a answer
			err := r.Scan(&a.Sum, &a.Most, &a.More, &a.Exists)
			return a, err
		}, "SELECT sum(size), max(size), count(*) > 1, EXISTS (SELECT 1 FROM thing WHERE id = 'c') FROM thing")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(answer{Sum: 1<<40 + 2, Most: 1 << 40, More: true}, got); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
}

func TestOneWithoutARowIsErrNoRows(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		_, err := database.One(db.Read(context.Background()), database.Value[string], "SELECT id FROM thing")
		if err != database.ErrNoRows { //nolint:errorlint // it is documented as the value itself
			t.Errorf("error = %v, want ErrNoRows", err)
		}
		err = db.InTx(context.Background(), func(tx *database.Tx) error {
			if _, err := database.One(tx, database.Value[string], "SELECT id FROM thing"); err != database.ErrNoRows { //nolint:errorlint // as above
				t.Errorf("error = %v, want ErrNoRows", err)
			}
			_, err := tx.Exec("INSERT INTO thing (id) VALUES ('a')")
			return err
		})
		if err != nil {
			t.Errorf("after ErrNoRows: %v, want the transaction to go on", err)
		}
	})
}

func TestReturningChangesEveryRowThoughOneIsRead(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		for _, id := range []string{"a", "b", "c"} {
			if err := insert(db, id); err != nil {
				t.Fatal(err)
			}
		}
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			_, err := database.One(tx, database.Value[string], "UPDATE thing SET label = ? RETURNING id", "x")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		n, err := database.One(db.Read(context.Background()), database.Value[int], "SELECT count(*) FROM thing WHERE label = ?", "x")
		if err != nil || n != 3 {
			t.Errorf("%d rows changed (%v), want 3", n, err)
		}
	})
}

func TestPlaceholdersAreNumberedOutsideQuotesAndComments(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1":                       "SELECT 1",
		"a = ? AND b = ?":                "a = $1 AND b = $2",
		"a = '?' AND b = ?":              "a = '?' AND b = $1",
		"a = 'it''s ?' AND b = ?":        "a = 'it''s ?' AND b = $1",
		`"what?" = ?`:                    `"what?" = $1`,
		"a = ? -- why?\n AND b = ?":      "a = $1 -- why?\n AND b = $2",
		"a /* ? */ = ? AND c -> 'x' > ?": "a /* ? */ = $1 AND c -> 'x' > $2",
		"unfinished '?":                  "unfinished '?",
		"(?,?,?,?,?,?,?,?,?,?,?)":        "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
		"a - ? / ?":                      "a - $1 / $2",
	} {
		t.Run(query, func(t *testing.T) {
			if got := database.NumberPlaceholders(query); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
