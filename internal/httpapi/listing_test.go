package httpapi_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
)

// shelf makes a list of several things, a caller who sees them all, and the
// request for all of them, without the filters of the row.
func (p *shop) shelf(t *testing.T, r row) (*cell, request) {
	t.Helper()
	c := p.allowed(t, r)
	asked := request{}
	for range 5 {
		asked = r.make(t, c)
	}
	asked.query = ""
	return c, asked
}

// page is a page of any list.
type page struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next_cursor"`
}

// read reads a page; parameters are added to those of the request.
func (c *cell) read(t testing.TB, op operation, r request, parameters string) page {
	t.Helper()
	r.query = strings.Trim(r.query+"&"+parameters, "&")
	got := c.call(t, op, r)
	var p page
	if err := json.Unmarshal([]byte(got.body), &p); err != nil || got.status != 200 {
		t.Fatalf("%s?%s: %d %s", op.ID, r.query, got.status, got.body)
	}
	return p
}

// walk reads a list to its end in pages of two.
func (c *cell) walk(t testing.TB, op operation, r request, sort string) []string {
	t.Helper()
	var all []string
	parameters := "limit=2&sort=" + sort
	for at := parameters; ; {
		p := c.read(t, op, r, at)
		if len(p.Items) > 2 {
			t.Fatalf("a page of two holds %d", len(p.Items))
		}
		for _, item := range p.Items {
			all = append(all, string(item))
		}
		if p.Next == "" {
			return all
		}
		at = parameters + "&cursor=" + p.Next
	}
}

var sortsNamed = regexp.MustCompile(`must be one of ([a-z_, ]+), with a minus`)

// sorts learns from the server how a list can be sorted.
func (c *cell) sorts(t testing.TB, op operation, r request) []string {
	t.Helper()
	r.query = strings.Trim(r.query+"&sort=nonsense", "&")
	got := c.call(t, op, r)
	named := sortsNamed.FindStringSubmatch(got.body)
	if got.code() != "validation_failed" || named == nil {
		t.Fatalf("an unknown sort: %d %s", got.status, got.body)
	}
	all := []string{""}
	for _, name := range strings.Split(named[1], ", ") {
		all = append(all, name, "-"+name)
	}
	return all
}

func TestEveryListSortsByEachOfItsSortsAndPagesWithoutLoss(t *testing.T) {
	eachOperation(t, operation.isList, func(t *testing.T, p *shop, op operation, r row) {
		c, asked := p.shelf(t, r)
		for _, sort := range c.sorts(t, op, asked) {
			var whole []string
			for _, item := range c.read(t, op, asked, "limit=200&sort="+sort).Items {
				whole = append(whole, string(item))
			}
			if len(whole) < 2 {
				t.Fatalf("by %q: %d things, want several", sort, len(whole))
			}
			if diff := cmp.Diff(whole, c.walk(t, op, asked, sort)); diff != "" {
				t.Errorf("by %q, at once and in pages of two (-at once +paged):\n%s", sort, diff)
			}
			once := slices.Compact(slices.Sorted(slices.Values(whole)))
			if len(once) != len(whole) {
				t.Errorf("by %q: something is listed twice: %d of %d", sort, len(whole)-len(once), len(whole))
			}
		}
	})
}

func TestEveryListRefusesACursorOfAnotherSort(t *testing.T) {
	eachOperation(t, operation.isList, func(t *testing.T, p *shop, op operation, r row) {
		c, asked := p.shelf(t, r)
		sorts := c.sorts(t, op, asked)
		cursor := c.read(t, op, asked, "limit=1&sort="+sorts[1]).Next
		for _, other := range []string{sorts[2], sorts[1] + "&cursor=e30", sorts[2] + "&cursor=" + strings.Repeat("A", 999)} {
			spoiled := asked
			spoiled.query = strings.Trim(asked.query+"&cursor="+cursor+"&sort="+other, "&")
			if strings.Contains(other, "cursor") {
				spoiled.query = strings.Trim(asked.query+"&sort="+other, "&")
			}
			if got := c.call(t, op, spoiled); got.code() != "validation_failed" {
				t.Errorf("%s: %d %s", spoiled.query, got.status, got.body)
			}
		}
	})
}

// spiteful are names that a spreadsheet would take for formulas.
var spiteful = []string{"=cmd|' /C calc'!A0", "+1+1", "-1-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠A1"}

// named lists columns that people fill with text, by table.
var named = map[string][]string{
	"organization": {"name", "address", "phone", "reference"}, "product": {"name"}, "plan": {"name"}, "site": {"name"},
	"installation": {"name", "host_name", "operating_system", "software_version", "notes"}, "license_key": {"name"},
	"person": {"first_name", "last_name"}, "activation": {"end_note"}, "api_token": {"name"},
	"sales_order": {"reseller", "contact_name", "contact_phone", "reference"},
}

// poison gives every text that people fill the form of a formula. References are
// unique, so each gets its own.
func (p *shop) poison(t testing.TB, formula string) {
	t.Helper()
	for table, columns := range named {
		for _, column := range columns {
			value, args := "?", []any{formula}
			if column == "reference" && table == "organization" {
				value = "CAST(? AS TEXT) || id"
			}
			p.exec(t, "UPDATE "+table+" SET "+column+" = "+value, args...)
		}
	}
}

func TestEveryListAsCSVHoldsAllOfItAndNoFormula(t *testing.T) {
	eachOperation(t, operation.isList, func(t *testing.T, p *shop, op operation, r row) {
		c, asked := p.shelf(t, r)
		for _, formula := range spiteful {
			p.poison(t, formula)
			lines := c.csv(t, op, asked)
			whole := c.read(t, op, asked, "limit=200").Items
			if len(lines) != len(whole)+1 {
				t.Errorf("%d lines for %d things and their names", len(lines), len(whole))
			}
			for _, line := range lines {
				for i, cell := range line {
					if active(cell) {
						t.Errorf("%s: %q can be taken for a formula", lines[0][i], cell)
					}
				}
			}
			if inert := "'" + formula; strings.Contains(string(whole[0]), string(must[[]byte](t)(json.Marshal(formula)))) &&
				!slices.ContainsFunc(lines, func(line []string) bool { return slices.Contains(line, inert) }) {
				t.Errorf("%q stands nowhere", inert)
			}
		}
		p.poison(t, "Harmless")
	})
}

// csv reads a whole list as CSV.
func (c *cell) csv(t testing.TB, op operation, r request) [][]string {
	t.Helper()
	got := c.call(t, op, r, "Accept", "text/csv")
	byFormat := r
	byFormat.query = strings.Trim(r.query+"&format=csv&limit=1", "&")
	if other := c.call(t, op, byFormat); other.body != got.body || other.status != got.status {
		t.Errorf("by Accept and by format differ:\n%s\n%s", got.body, other.body)
	}
	kind, file := got.header.Get("Content-Type"), got.header.Get("Content-Disposition")
	if got.status != 200 || kind != "text/csv; charset=utf-8; header=present" || !strings.HasSuffix(file, ".csv") {
		t.Fatalf("%d, %s, %s: %s", got.status, kind, file, got.body)
	}
	// The reader of CSV makes one line break of CR LF, and nothing else.
	lines, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %q", err, got.body)
	}
	return lines
}

// active reports whether a spreadsheet could take a cell for more than text or a
// number.
func active(cell string) bool {
	if cell == "" || strings.IndexAny(cell, "=+-@\t\r\n＝＋－＠") != 0 {
		return false
	}
	_, err := strconv.ParseInt(cell, 10, 64)
	return err != nil
}

func TestACSVBeginsWithTheNamesOfTheMembers(t *testing.T) {
	eachOperation(t, func(op operation) bool { return op.ID == "list-organizations" }, func(t *testing.T, p *shop, op operation, r row) {
		c, asked := p.shelf(t, r)
		want := []string{"id", "kind", "name", "address", "phone", "country", "reference", "version", "created_at"}
		if diff := cmp.Diff(want, c.csv(t, op, asked)[0]); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
	})
}

func TestACSVHoldsMoreThanOneReadingOfTheDatabase(t *testing.T) {
	eachOperation(t, func(op operation) bool { return op.ID == "list-organizations" }, func(t *testing.T, p *shop, op operation, r row) {
		c, asked := p.shelf(t, r)
		want := len(c.csv(t, op, asked)) + 1201
		err := p.Data.DB.InTx(t.Context(), func(tx *database.Tx) error {
			for i := range 1201 {
				if _, err := tx.Exec(`INSERT INTO organization (id, kind, name, created_at) VALUES (?, 'customer', 'Same', 1)`, fmt.Sprint("x", i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, sort := range []string{"", "name", "-name", "created_at"} {
			asked.query = "sort=" + sort
			if got := len(c.csv(t, op, asked)); got != want {
				t.Errorf("by %q: %d lines, want %d", sort, got, want)
			}
		}
	})
}

func TestAListOfAnOrganizationThatIsNotOnesOwnIsNotFound(t *testing.T) {
	narrowed := func(op operation) bool { return op.isList() && op.takes("query", "organization_id") }
	eachOperation(t, narrowed, func(t *testing.T, p *shop, op operation, r row) {
		for _, w := range []who{foreigner, loner, blocked, boundElsewhere} {
			c := p.cell(t, w, r, op)
			var bodies []string
			for _, id := range []string{p.organization.ID, "01990000-0000-7000-8000-000000000000"} {
				asked := r.make(t, c)
				asked.query = "organization_id=" + id
				got := c.call(t, op, asked)
				if want := r.want(op, w); got.code() != "not_found" && (got.code() != want.code || want.code == "") {
					t.Errorf("%s of organization %s: %d %s", w, id, got.status, got.body)
				}
				bodies = append(bodies, withoutRequestID(t, got.body))
			}
			if bodies[0] != bodies[1] {
				t.Errorf("%s tells a foreign organization from none:\n%s\n%s", w, bodies[0], bodies[1])
			}
		}
	})
}
