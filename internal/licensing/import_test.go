package licensing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// counted gives what a dry run or an import says of created and unchanged rows.
func counted(created, unchanged [5]int64) map[string]licensing.ImportCount {
	counts := map[string]licensing.ImportCount{}
	for i, file := range []string{"organizations", "people", "subscriptions", "keys", "activations"} {
		counts[file] = licensing.ImportCount{Created: created[i], Unchanged: unchanged[i]}
	}
	return counts
}

// planCode gives the code of a plan.
func (p *publisher) planCode(id string) string {
	p.t.Helper()
	plan, err := p.catalog().Plan(p.t.Context(), p.actor, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return plan.Code
}

// migration is a small world of another system; %s is the plan's code.
func (p *publisher) migration(plan string) licensing.ImportFiles {
	code := p.planCode(plan)
	return licensing.ImportFiles{
		Organizations: "reference,name,kind,address,phone,country\n" +
			"C-1,Blue Harbor,customer,\"1 Quay\nHarbor\",'+41 44 000 00 00,CH\nC-2,Green Field,partner,,,\n",
		People: "\ufeffemail;first_name;last_name;language;organization;role\r\n" +
			"Ada@example.com;Ada;Example;ja;C-1;account_administrator\r\nada@example.com;Ada;Example;ja;C-2;\r\nsolo@example.com;;;;;\r\n",
		Subscriptions: "reference,organization,product,plan,quantity,starts_on,ends_on,offline_allowed\n" +
			"S-1,C-1," + productCode + "," + code + ",100,2025-06-01,2027-05-31,yes\n" +
			"S-2,C-2," + productCode + "," + code + ",,2025-06-01,2027-05-31,\n" +
			"S-3,," + productCode + "," + code + ",5,2025-06-01,2027-05-31,no\n",
		Keys: "subscription,key,kind,name,quota,mode,ends_on,issued_on\n" +
			"S-1,OLD-0001-KEY,primary,,,,,2025-06-01\nS-1,old 0002 key,sublicense,Ops,30,reserved,2026-12-31,\n" +
			"S-1,OLD-0003-KEY,sublicense,Lab,50,dynamic,,\n",
		Activations: "key,installation,host_name,site,activated_on,used,method\n" +
			"OLD0001KEY,Proxy,proxy-1,Harbor,2025-06-02,40,online\nOLD-0002-KEY,Ops,,,2025-07-01,10,\n",
	}
}

func (p *publisher) dryRun(files licensing.ImportFiles) licensing.Import {
	p.t.Helper()
	told, err := p.Import(p.t.Context(), p.actor, files, true)
	if err != nil {
		p.t.Fatal(err)
	}
	return told
}

func (p *publisher) imported(files licensing.ImportFiles) licensing.Import {
	p.t.Helper()
	made, err := p.Import(p.t.Context(), p.actor, files, false)
	if err != nil {
		p.t.Fatalf("%v %+v", err, problem.From(err).Fields)
	}
	return made
}

func TestAnImportBringsAWorldOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		files := p.migration(p.plan(nil))
		before := p.count(`SELECT COUNT(*) FROM event`)
		want := licensing.Import{DryRun: true, Counts: counted([5]int64{2, 3, 3, 3, 2}, [5]int64{}), GeneratedKeys: 2}
		if diff := cmp.Diff(want, p.dryRun(files), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the dry run (-want +got):\n%s", diff)
		}
		if n := p.count(`SELECT COUNT(*) FROM event`); n != before {
			t.Errorf("the dry run recorded %d events", n-before)
		}
		want.DryRun = false
		made := p.imported(files)
		if diff := cmp.Diff(want, made, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(licensing.Import{}, "ID")); diff != "" {
			t.Errorf("the import (-want +got):\n%s", diff)
		}
		told, err := p.Imported(t.Context(), p.actor, made.ID)
		if diff := cmp.Diff(made, told, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("the import in the log, %v (-was +is):\n%s", err, diff)
		}
		recorded := map[string]int64{
			"organization.created": 2, "person.created": 2, "membership.created": 2, "subscription.created": 3,
			"sublicense.created": 2, "activation.started": 2, "import.stored": 1,
		}
		for kind, n := range recorded {
			if got := p.count(`SELECT COUNT(*) FROM event WHERE kind = ? AND data LIKE ?`, kind, "%"+made.ID+"%"); got != n {
				t.Errorf("%d events %s name the import, want %d", got, kind, n)
			}
		}
		before = p.count(`SELECT COUNT(*) FROM event`)
		want.Counts, want.GeneratedKeys = counted([5]int64{}, [5]int64{2, 3, 3, 3, 2}), 0
		if diff := cmp.Diff(want, p.imported(files), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(licensing.Import{}, "ID")); diff != "" {
			t.Errorf("the same import again (-want +got):\n%s", diff)
		}
		if n := p.count(`SELECT COUNT(*) FROM event`); n != before+1 {
			t.Errorf("the same import again recorded %d events, want that there was one", n-before)
		}
	})
}

func TestAnImportedKeyIsActivatedAsPeopleWriteIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		p.imported(p.migration(p.plan(nil)))
		i := p.install()
		i.must(i.request(licensefile.KindActivate, withKey("ｏｌｄ-0003　key")))
		if got := *i.license.Grant.Maximum; got != 30 { // 100 owned, 30 reserved, 40 used by the primary key
			t.Errorf("the dynamic sublicense may use %d, want what the main pool holds", got)
		}
	})
}

func TestTheFirstInstallationTakesTheStandInsPlace(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		p.imported(p.migration(p.plan(nil)))
		i, late := p.install(), p.install()
		i.must(i.request(licensefile.KindPreview, withKey("OLD-0001-KEY")))
		i.must(i.request(licensefile.KindActivate, withKey("OLD-0001-KEY"), i.using(41)))
		late.refused(late.request(licensefile.KindActivate, withKey("OLD-0001-KEY")), problem.KeyInUse)
		pool := p.count(`SELECT CAST(SUM(used) AS BIGINT) FROM activation WHERE ended_at IS NULL`)
		if pool != 41+10 {
			t.Errorf("live rows use %d, want 41 of the installation and 10 of the other key's stand-in", pool)
		}
		if n := p.count(`SELECT activations FROM license_key WHERE last_four = '1KEY'`); n != 1 {
			t.Errorf("the key counts %d activations, want 1", n)
		}
		ended := p.count(`SELECT COUNT(*) FROM event WHERE kind = 'activation.ended' AND data LIKE '%moved%'`)
		if ended != 1 {
			t.Errorf("%d ends recorded, want that of the stand-in", ended)
		}
		i.must(i.request(licensefile.KindDeactivate))
		late.must(late.request(licensefile.KindActivate, withKey("OLD-0001-KEY")))
		if again := p.imported(p.migration(p.lastPlan())); again.Counts["activations"].Unchanged != 2 {
			t.Errorf("the same import later: %+v, want both stand-ins known", again.Counts)
		}
	})
}

// lastPlan gives the plan that was made last.
func (p *publisher) lastPlan() string {
	p.t.Helper()
	plans, err := p.catalog().Plans(p.t.Context(), p.actor, p.product, database.Listing{})
	if err != nil || len(plans.Items) == 0 {
		p.t.Fatal(err)
	}
	return plans.Items[0].ID
}

func TestStandInsOfAKeyWithoutALimitAreTakenOverOneByOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		files := p.migration(p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 0 }))
		files.Activations = "key,installation,host_name,activated_on,used\n" +
			"OLD0001KEY,First,elsewhere,2025-06-02,7\nOLD0001KEY,Second,PROXY-1,2025-06-02,9\n"
		p.imported(files)
		live := func() int64 { return p.count(`SELECT COUNT(*) FROM activation WHERE ended_at IS NULL`) }
		p.install().activate("OLD-0001-KEY") // says that it is proxy-1
		if left := p.count(`SELECT CAST(SUM(used) AS BIGINT) FROM activation WHERE ended_at IS NULL`); left != 7 || live() != 2 {
			t.Errorf("%d live rows use %d, want the first stand-in beside the installation", live(), left)
		}
		p.install().activate("OLD-0001-KEY")
		if live() != 2 {
			t.Errorf("%d live rows, want 2 installations", live())
		}
		p.install().activate("OLD-0001-KEY")
		if live() != 3 {
			t.Errorf("%d live rows, want 3 installations", live())
		}
	})
}

func TestOneRowWithAFaultKeepsTheWholeImportOut(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		files := p.migration(p.plan(nil))
		files.Activations += "OLD-0001-KEY,Another,,,2025-06-02,1,online\n"
		_, err := p.Import(t.Context(), p.actor, files, false)
		fields := problem.From(err).Fields
		if !problem.Is(err, problem.ImportRefused) || len(fields) != 1 || fields[0].Pointer != "/activations/4/key" {
			t.Errorf("got %v with %+v, want import_refused for the last line", err, fields)
		}
		if n := p.count(`SELECT COUNT(*) FROM organization`); n != 1 {
			t.Errorf("%d organizations, want the one that was there", n)
		}
	})
}

func TestAnImportThatFailsHalfWayStoresNothing(t *testing.T) {
	tables := []string{"organization", "person", "membership", "subscription", "license_key", "site", "installation", "slot", "activation", "event"}
	onEachEngine(t, func(t *testing.T, p *publisher) {
		files := p.migration(p.plan(nil))
		before := map[string]int64{}
		for _, table := range tables {
			before[table] = p.count(`SELECT COUNT(*) FROM ` + table)
		}
		p.exec(`ALTER TABLE activation ADD COLUMN obstacle INTEGER CHECK (obstacle IS NOT NULL) DEFAULT NULL`)
		if _, err := p.Import(t.Context(), p.actor, files, false); err == nil {
			t.Error("the import went through an obstacle")
		}
		for _, table := range tables {
			if n := p.count(`SELECT COUNT(*) FROM ` + table); n != before[table] {
				t.Errorf("%s has %d rows, want %d", table, n, before[table])
			}
		}
	})
}

func TestOnlySellersImport(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		actors := map[problem.Code][]identity.Actor{
			problem.Forbidden:       {staff(identity.Support), staff(identity.Auditor), p.administrator()},
			problem.Unauthenticated: {{}},
		}
		for want, denied := range actors {
			for _, actor := range denied {
				if _, err := p.Import(t.Context(), actor, licensing.ImportFiles{}, true); !problem.Is(err, want) {
					t.Errorf("%s: %v, want %s", actor.ID, err, want)
				}
			}
		}
	})
}

// TestTenThousandRows holds the time that an import has the writer to what other
// callers can wait for; the figure is logged.
func TestTenThousandRows(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		code := p.planCode(p.plan(nil))
		var o, s, k, a strings.Builder
		o.WriteString("reference,name\n")
		s.WriteString("reference,organization,product,plan,starts_on,ends_on,quantity\n")
		k.WriteString("subscription,key\n")
		a.WriteString("key,installation,activated_on,used\n")
		for n := range 2500 {
			fmt.Fprintf(&o, "C-%d,Customer %d\n", n, n)
			fmt.Fprintf(&s, "S-%d,C-%d,%s,%s,2025-01-01,2028-01-01,10\n", n, n, productCode, code)
			fmt.Fprintf(&k, "S-%d,OLD-%06d\n", n, n)
			fmt.Fprintf(&a, "OLD-%06d,Proxy,2025-01-01,5\n", n)
		}
		files := licensing.ImportFiles{Organizations: o.String(), Subscriptions: s.String(), Keys: k.String(), Activations: a.String()}
		made := p.imported(files)
		if diff := cmp.Diff(counted([5]int64{2500, 0, 2500, 2500, 2500}, [5]int64{}), made.Counts); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
	})
}
