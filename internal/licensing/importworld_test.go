package licensing_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// table is a file of an import as a program would make it.
type table struct {
	columns []string
	rows    [][]string
}

// text writes a table in one of the many ways that are CSV.
func (b table) text(rt *rapid.T) string {
	order := rapid.Permutation(slices.Collect(indices(len(b.columns)))).Draw(rt, "order")
	separator := rapid.SampledFrom([]string{",", ";"}).Draw(rt, "separator")
	end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "end")
	quotesAll := rapid.Bool().Draw(rt, "quotes all")
	var text strings.Builder
	text.WriteString(rapid.SampledFrom([]string{"", "\ufeff"}).Draw(rt, "mark"))
	for _, row := range append([][]string{b.columns}, b.rows...) {
		for i, column := range order {
			value := row[column]
			if quotesAll && i > 0 || strings.ContainsAny(value, "\",;\n") {
				value = `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
			}
			text.WriteString(map[bool]string{true: separator}[i > 0] + value)
		}
		text.WriteString(end)
	}
	return text.String()
}

func indices(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// exported reads the world of a prefix back as the tables that made it.
func (p *publisher) exported(prefix string) map[string][][]string {
	p.t.Helper()
	queries := map[string]string{
		"organizations": `SELECT reference, name, kind, address, phone, country FROM organization WHERE reference LIKE ? ORDER BY 1`,
		"people": `SELECT p.email, p.first_name, p.last_name, p.language, o.reference, m.role FROM membership m JOIN person p ON p.id = m.person_id
			JOIN organization o ON o.id = m.organization_id WHERE o.reference LIKE ? ORDER BY 1, 5`,
		"subscriptions": `SELECT s.reference, COALESCE(o.reference, ''), d.code, n.code, COALESCE(CAST(s.quantity AS TEXT), ''), s.starts_on, s.ends_on,
			CASE s.offline_allowed WHEN 1 THEN 'yes' ELSE 'no' END FROM subscription s JOIN plan n ON n.id = s.plan_id JOIN product d ON d.id = n.product_id
			LEFT JOIN organization o ON o.id = s.organization_id WHERE s.reference LIKE ? ORDER BY 1`,
		"keys": `SELECT s.reference, k.id, k.kind, k.name, COALESCE(CAST(k.quota AS TEXT), ''),
			CASE WHEN k.quota IS NULL THEN '' WHEN k.reserved = 1 THEN 'reserved' ELSE 'dynamic' END, COALESCE(k.ends_on, ''), k.issued_on
			FROM license_key k JOIN subscription s ON s.id = k.subscription_id WHERE s.reference LIKE ?`,
		"activations": `SELECT k.id, i.name, i.host_name, t.name, CAST(a.started_at AS TEXT), CAST(a.used AS TEXT), a.method FROM activation a
			JOIN slot l ON l.id = a.slot_id JOIN installation i ON i.id = l.installation_id JOIN site t ON t.organization_id = l.organization_id AND t.id = l.site_id
			JOIN license_key k ON k.id = a.key_id JOIN subscription s ON s.id = a.subscription_id WHERE s.reference LIKE ? AND a.ended_at IS NULL`,
	}
	width := map[string]int{"organizations": 6, "people": 6, "subscriptions": 8, "keys": 8, "activations": 7}
	found := map[string][][]string{}
	for file, query := range queries {
		rows, err := database.All(p.DB.Read(p.t.Context()), func(r database.Row) ([]string, error) {
			row := make([]string, width[file])
			to := make([]any, len(row))
			for i := range row {
				to[i] = &row[i]
			}
			return row, r.Scan(to...)
		}, query, prefix+"%")
		if err != nil {
			p.t.Fatal(err)
		}
		found[file] = rows
	}
	at := map[string]int{"keys": 1, "activations": 0}
	for file, column := range at {
		for _, row := range found[file] {
			row[column] = p.revealed(row[column])
		}
		slices.SortFunc(found[file], slices.Compare)
	}
	return found
}

// revealed gives a key in full, as it was imported.
func (p *publisher) revealed(keyID string) string {
	p.t.Helper()
	issued, err := p.RevealKey(p.t.Context(), p.actor, keyID)
	if err != nil {
		p.t.Fatal(err)
	}
	return issued.Key
}

// drawWorld draws a world of another system whose references begin with prefix.
func drawWorld(rt *rapid.T, prefix, plan string) map[string]table {
	line := rapid.StringMatching(`[A-Za-zé本;,"' ]{0,12}[A-Za-z]`)
	word := rapid.StringMatching(`[A-Za-z]{1,8}`)
	draw := func(g *rapid.Generator[string], name string) string {
		return strings.TrimLeft(g.Draw(rt, name), "' ")
	}
	day := func(name string) string {
		return fmt.Sprintf("20%d-%02d-%02d", rapid.IntRange(20, 25).Draw(rt, name), rapid.IntRange(1, 12).Draw(rt, name), rapid.IntRange(1, 28).Draw(rt, name))
	}
	count := func(most int, name string) int { return rapid.IntRange(0, most).Draw(rt, name) }
	world := map[string]table{
		"organizations": {columns: []string{"reference", "name", "kind", "address", "phone", "country"}},
		"people":        {columns: []string{"email", "first_name", "last_name", "language", "organization", "role"}},
		"subscriptions": {columns: []string{"reference", "organization", "product", "plan", "quantity", "starts_on", "ends_on", "offline_allowed"}},
		"keys":          {columns: []string{"subscription", "key", "kind", "name", "quota", "mode", "ends_on", "issued_on"}},
		"activations":   {columns: []string{"key", "installation", "host_name", "site", "activated_on", "used", "method"}},
	}
	add := func(file string, row ...string) {
		b := world[file]
		b.rows = append(b.rows, row)
		world[file] = b
	}
	for o := range 1 + count(3, "organizations") {
		reference := fmt.Sprintf("%s-C%d", prefix, o)
		add("organizations", reference, draw(line, "name"), rapid.SampledFrom([]string{"customer", "partner"}).Draw(rt, "kind"),
			draw(word, "street")+"\n"+draw(word, "town"), "+41 "+fmt.Sprint(o), rapid.SampledFrom([]string{"", "CH", "JP"}).Draw(rt, "country"))
		for m := range count(3, "people") {
			add("people", fmt.Sprintf("%s-%d-%d@example.com", strings.ToLower(prefix), o, m), draw(word, "first"), draw(line, "last"),
				rapid.SampledFrom([]string{"en", "ja", "fr"}).Draw(rt, "language"), reference,
				rapid.SampledFrom([]string{"member", "license_administrator", "account_administrator"}).Draw(rt, "role"))
		}
		for s := range count(3, "subscriptions") {
			of := fmt.Sprintf("%s-S%d-%d", prefix, o, s)
			add("subscriptions", of, reference, productCode, plan, rapid.SampledFrom([]string{"", "50", "1000"}).Draw(rt, "quantity"),
				day("starts"), "2028-02-29", rapid.SampledFrom([]string{"yes", "no"}).Draw(rt, "offline"))
			for k := range 1 + count(3, "keys") {
				key := fmt.Sprintf("%s-%d%d%d-KEY", prefix, o, s, k)
				if k == 0 {
					add("keys", of, key, "primary", "", "", "", "", day("issued"))
				} else {
					add("keys", of, key, "sublicense", draw(line, "part"), fmt.Sprint(rapid.IntRange(0, 16).Draw(rt, "quota")),
						rapid.SampledFrom([]string{"reserved", "dynamic"}).Draw(rt, "mode"), rapid.SampledFrom([]string{"", "2027-12-31"}).Draw(rt, "ends"), day("issued"))
				}
				for a := range count(2, "activations") {
					add("activations", key, draw(line, "installation")+fmt.Sprint(a), draw(word, "host"), strings.ToLower(draw(word, "site")), day("activated"),
						fmt.Sprint(rapid.IntRange(0, 99).Draw(rt, "used")), rapid.SampledFrom([]string{"online", "offline"}).Draw(rt, "method"))
				}
			}
		}
	}
	return world
}

func TestAnImportedWorldIsTheExportedOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		code := p.planCode(p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 0 }))
		worlds := 0
		rapid.Check(t, func(rt *rapid.T) {
			worlds++
			prefix := fmt.Sprintf("W%04d", worlds)
			world := drawWorld(rt, prefix, code)
			files := licensing.ImportFiles{
				Organizations: world["organizations"].text(rt), People: world["people"].text(rt), Subscriptions: world["subscriptions"].text(rt),
				Keys: world["keys"].text(rt), Activations: world["activations"].text(rt),
			}
			for range 2 { // the second time changes nothing
				if _, err := p.Import(t.Context(), p.actor, files, false); err != nil {
					rt.Fatalf("%v %+v", err, problem.From(err).Fields)
				}
				want := map[string][][]string{}
				for file, b := range world {
					for _, row := range b.rows {
						want[file] = append(want[file], p.asStored(file, row))
					}
					slices.SortFunc(want[file], slices.Compare)
				}
				got := p.exported(prefix)
				for file := range world {
					slices.SortFunc(got[file], slices.Compare)
					if diff := cmp.Diff(want[file], got[file]); diff != "" && len(want[file])+len(got[file]) > 0 {
						rt.Fatalf("%s (-want +got):\n%s", file, diff)
					}
				}
			}
		})
	})
}

// asStored gives a row as it is read back: a day of activation as its instant.
func (p *publisher) asStored(file string, row []string) []string {
	if file != "activations" {
		return row
	}
	row = slices.Clone(row)
	row[4] = fmt.Sprint(p.instantOf(row[4]))
	return row
}

// TestTwoImportsOfOneFileAtOnce races the same import, again and again: one
// stores it, the others find it stored.
func TestTwoImportsOfOneFileAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		for round := range 12 {
			files := p.migration(plan)
			other := strings.NewReplacer("C-", fmt.Sprintf("C%d-", round), "S-", fmt.Sprintf("S%d-", round), "OLD", fmt.Sprintf("OLD%d", round), "old", fmt.Sprintf("old%d", round))
			for _, file := range []*string{&files.Organizations, &files.People, &files.Subscriptions, &files.Keys, &files.Activations} {
				*file = other.Replace(*file)
			}
			made, errs := make([]licensing.Import, 6), make([]error, 6)
			var racing sync.WaitGroup
			for n := range made {
				racing.Go(func() { made[n], errs[n] = p.Import(t.Context(), p.actor, files, false) })
			}
			racing.Wait()
			created := int64(0)
			for n := range made {
				created += made[n].Counts["keys"].Created
				if errs[n] != nil {
					t.Errorf("round %d: %v", round, errs[n])
				}
			}
			if created != 3 {
				t.Errorf("round %d: %d keys created, want the 3 of the file", round, created)
			}
		}
	})
}

// instantOf gives the beginning of a day in the publisher's zone as it is stored.
func (p *publisher) instantOf(day string) int64 {
	p.t.Helper()
	current, err := p.Issuer.Current(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return database.Micros(licensefile.Date(day).StartIn(current.Zone))
}
