package database_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/problem"
)

// listed is a row of thing as lists read it.
type listed struct {
	ID    string
	Label string
	Size  int64
}

func scanListed(r database.Row) (l listed, err error) {
	err = r.Scan(&l.ID, &l.Label, &l.Size)
	return l, err
}

var listedOrders = database.Orders[listed]{
	IDColumn: "id", ID: func(l listed) string { return l.ID },
	By: map[string]database.Order[listed]{
		"label": {Column: "COALESCE(label, '')", Key: func(l listed) any { return l.Label }},
		"size":  {Column: "COALESCE(size, 0)", Key: func(l listed) any { return l.Size }},
	},
}

func list(db *database.DB, l database.Listing) (database.Page[listed], error) {
	return database.List(db.Read(context.Background()), scanListed,
		`SELECT id, COALESCE(label, ''), COALESCE(size, 0) FROM thing WHERE alive = 1`, nil, listedOrders, l)
}

func put(db *database.DB, all ...listed) error {
	return db.InTx(context.Background(), func(tx *database.Tx) error {
		for _, l := range all {
			if _, err := tx.Exec(`INSERT INTO thing (id, label, size) VALUES (?, ?, ?)`, l.ID, l.Label, l.Size); err != nil {
				return err
			}
		}
		return nil
	})
}

// walk reads a list page by page.
func walk(t rapid.TB, db *database.DB, sort string, limit int) []listed {
	var all []listed
	for l := (database.Listing{Limit: limit, Sort: sort}); ; {
		page, err := list(db, l)
		if err != nil {
			t.Fatalf("list by %q: %v", sort, err)
		}
		if len(page.Items) > limit {
			t.Fatalf("a page of %d holds %d", limit, len(page.Items))
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all
		}
		l.Cursor = page.Next
	}
}

// sorts are all ways to sort, and nothing for the list's own.
var sorts = []string{"", "label", "-label", "size", "-size"}

func TestPagesHoldEverythingOnceAlsoWhereKeysAreEqual(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		n := 0
		rapid.Check(t, func(t *rapid.T) {
			empty(t, db)
			labels := rapid.SampledFrom([]string{"", "a", "A", "b", "É", "日本", "a b", "%", "'"})
			count := rapid.IntRange(0, 12).Draw(t, "count")
			var made []listed
			for range count {
				n++
				made = append(made, listed{fmt.Sprintf("%06d", n), labels.Draw(t, "label"), rapid.Int64Range(-1, 1).Draw(t, "size")})
			}
			if err := put(db, made...); err != nil {
				t.Fatal(err)
			}
			sort := rapid.SampledFrom(sorts).Draw(t, "sort")
			got := walk(t, db, sort, rapid.IntRange(1, 5).Draw(t, "limit"))
			whole := walk(t, db, sort, 100)
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Errorf("by %q, at once and page by page (-at once +paged):\n%s", sort, diff)
			}
			byID := func(a, b listed) int { return strings.Compare(a.ID, b.ID) }
			slices.SortFunc(got, byID)
			if diff := cmp.Diff(made, got); diff != "" {
				t.Errorf("by %q, what there is and what is listed (-is +listed):\n%s", sort, diff)
			}
		})
	})
}

func empty(t rapid.TB, db *database.DB) {
	err := db.InTx(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(`DELETE FROM thing`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSortedPagesAreInOrder(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := put(db, listed{"1", "b", 2}, listed{"2", "a", 2}, listed{"3", "a", 1}); err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{
			"": {"3", "2", "1"}, "label": {"2", "3", "1"}, "-label": {"1", "3", "2"}, "size": {"3", "1", "2"}, "-size": {"2", "1", "3"},
		}
		got := map[string][]string{}
		for sort := range want {
			page, err := list(db, database.Listing{Sort: sort})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page.Items {
				got[sort] = append(got[sort], l.ID)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ids by sort (-want +got):\n%s", diff)
		}
	})
}

func TestWhatWasThereIsListedOnceWhileOthersAdd(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		var there []string
		for i := range 40 {
			there = append(there, fmt.Sprintf("m%03d", i))
			if err := put(db, listed{there[i], fmt.Sprint(i % 3), int64(i % 2)}); err != nil {
				t.Fatal(err)
			}
		}
		stop := make(chan struct{})
		var adding sync.WaitGroup
		adding.Go(func() { add(t, db, stop) })
		for range 4 {
			for _, sort := range sorts {
				seen := map[string]int{}
				for _, l := range walk(t, db, sort, 3) {
					seen[l.ID]++
				}
				for _, id := range there {
					if seen[id] != 1 {
						t.Errorf("by %q: %s is listed %d times", sort, id, seen[id])
					}
				}
			}
		}
		close(stop)
		adding.Wait()
	})
}

// add adds things among those that are there until it is told to stop.
func add(t *testing.T, db *database.DB, stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		id := fmt.Sprintf("%c%06d", 'a'+rune(i%26), i)
		if err := put(db, listed{id, fmt.Sprint(i % 3), int64(i % 2)}); err != nil {
			t.Error(err)
			return
		}
		if err := db.InTx(context.Background(), func(tx *database.Tx) error {
			_, err := tx.Exec(`UPDATE thing SET alive = 0 WHERE id = ? AND size = 0`, id)
			return err
		}); err != nil {
			t.Error(err)
			return
		}
		if i > 400 { // enough; a list that grows faster than it is read never ends
			<-stop
			return
		}
	}
}

// encoded makes a cursor of any text.
func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestCursorsAndSortsThatAListDoesNotHaveAreRefused(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := put(db, listed{"1", "b", 2}, listed{"2", "a", 2}); err != nil {
			t.Fatal(err)
		}
		byLabel, err := list(db, database.Listing{Sort: "label", Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		tests := map[string]database.Listing{
			"a sort of no list":           {Sort: "color"},
			"only a minus":                {Sort: "-"},
			"two minuses":                 {Sort: "--label"},
			"a column":                    {Sort: "alive"},
			"SQL":                         {Sort: "label; DROP TABLE thing"},
			"a cursor of another sort":    {Sort: "size", Cursor: byLabel.Next},
			"a cursor turned round":       {Sort: "-label", Cursor: byLabel.Next},
			"a cursor for no sort":        {Cursor: byLabel.Next},
			"not base64":                  {Cursor: "!!!"},
			"base64 with padding":         {Cursor: "e30="},
			"not JSON":                    {Cursor: encoded("x")},
			"nothing":                     {Cursor: encoded("{}")},
			"no id":                       {Sort: "label", Cursor: encoded(`{"s":"label","k":"a"}`)},
			"no key":                      {Sort: "label", Cursor: encoded(`{"s":"label","i":"1"}`)},
			"a number for a text":         {Sort: "label", Cursor: encoded(`{"s":"label","k":1,"i":"1"}`)},
			"a text for a number":         {Sort: "size", Cursor: encoded(`{"s":"size","k":"a","i":"1"}`)},
			"a fraction":                  {Sort: "size", Cursor: encoded(`{"s":"size","k":1.5,"i":"1"}`)},
			"a number beyond all":         {Sort: "size", Cursor: encoded(`{"s":"size","k":9223372036854775808,"i":"1"}`)},
			"a list for a key":            {Sort: "size", Cursor: encoded(`{"s":"size","k":[1],"i":"1"}`)},
			"true for a key":              {Sort: "size", Cursor: encoded(`{"s":"size","k":true,"i":"1"}`)},
			"a key where none is":         {Cursor: encoded(`{"s":"","k":"a","i":"1"}`)},
			"a zero byte in the key":      {Sort: "label", Cursor: encoded(`{"s":"label","k":"a\u0000","i":"1"}`)},
			"a zero byte in the id":       {Cursor: encoded(`{"s":"","i":"\u0000"}`)},
			"a number for an id":          {Cursor: encoded(`{"s":"","i":1}`)},
			"a cursor that is cut":        {Sort: "label", Cursor: byLabel.Next[:len(byLabel.Next)-2]},
			"a cursor of a list as JSON":  {Sort: "label", Cursor: encoded(`["label"]`)},
			"a cursor of null":            {Sort: "label", Cursor: encoded(`null`)},
			"a sort that is not a string": {Sort: "label", Cursor: encoded(`{"s":1,"k":"a","i":"1"}`)},
		}
		for name, l := range tests {
			if _, err := list(db, l); !problem.Is(err, problem.ValidationFailed) {
				t.Errorf("%s: %v, want validation_failed", name, err)
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	db := databasetest.Open(f, schema())
	if err := put(db, listed{"1", "b", 2}, listed{"2", "a", 2}); err != nil {
		f.Fatal(err)
	}
	for _, sort := range sorts {
		page, err := list(db, database.Listing{Sort: sort, Limit: 1})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sort, page.Next)
	}
	f.Add("label", encoded(`{"s":"label","k":"a\ud800","i":"1"}`))
	f.Add("size", encoded(`{"s":"size","k":-9223372036854775808,"i":"1"} x`))
	f.Fuzz(func(t *testing.T, sort, cursor string) {
		_, err := list(db, database.Listing{Sort: sort, Cursor: cursor, Limit: 1})
		if err != nil && !problem.Is(err, problem.ValidationFailed) {
			t.Errorf("sort %q, cursor %q: %v", sort, cursor, err)
		}
	})
}

func TestSearchesFindLettersOfAnyCaseAndScript(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		for i, label := range []string{"École Élysée", "Straße GmbH", "日本製鉄", "100%", "a_b", `back\slash`, "ПРИВЕТ"} {
			if err := put(db, listed{fmt.Sprint(i), label, 0}); err != nil {
				t.Fatal(err)
			}
		}
		want := map[string][]string{
			"ÉCOLE": {"0"}, "élysée": {"0"}, "STRAß": {"1"}, "straße": {"1"}, "日本": {"2"}, "0%": {"3"}, "%": {"3"}, "_": {"4"},
			`K\S`: {"5"}, "привет": {"6"}, "ecole": nil, "": {"0", "1", "2", "3", "4", "5", "6"},
		}
		got := map[string][]string{}
		for part := range want {
			found, err := database.All(db.Read(t.Context()), database.Value[string],
				`SELECT id FROM thing WHERE LOWER(label) LIKE ? ESCAPE '\' ORDER BY id`, database.Contains(part))
			if err != nil {
				t.Fatal(err)
			}
			got[part] = found
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("found by part (-want +got):\n%s", diff)
		}
	})
}

func TestLowerOfNothingIsNothing(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := insert(db, "a"); err != nil {
			t.Fatal(err)
		}
		n, err := database.One(db.Read(t.Context()), database.Value[int64], `SELECT COUNT(*) FROM thing WHERE LOWER(label) IS NULL`)
		if err != nil || n != 1 {
			t.Errorf("labels that are NULL in lower case: %d, %v", n, err)
		}
	})
}
