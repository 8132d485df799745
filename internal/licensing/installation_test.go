package licensing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func hosted(name string) func(*licensefile.Request) {
	return func(r *licensefile.Request) { r.About.HostName = name }
}

// names gives the names of the installations that an actor finds.
func (p *publisher) names(actor identity.Actor, f licensing.InstallationFilter) []string {
	p.t.Helper()
	found, err := p.Installations(p.t.Context(), actor, f, database.Listing{Sort: "name"})
	if err != nil {
		p.t.Fatal(err)
	}
	var names []string
	for _, i := range found.Items {
		names = append(names, i.Name)
	}
	return names
}

func TestInstallationsAreFoundByThoseWhoLookAfterTheirKeys(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		other := p.organization("Other")
		mine, second := p.sell(p.plan(nil), nil), p.sell(p.plan(nil), nil)
		foreign := p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.OrganizationID = other })
		for key, host := range map[string]string{mine.key: "alpha", foreign.key: "gamma"} {
			i := p.install()
			i.must(i.request(licensefile.KindActivate, withKey(key), hosted(host)))
		}
		beta := p.install()
		beta.site.Name = "Annex"
		beta.must(beta.request(licensefile.KindActivate, withKey(second.key), hosted("beta")))
		beta.must(beta.request(licensefile.KindDeactivate, hosted("beta")))
		admin, keeper := p.administrator(), p.member(p.org, identity.LicenseAdministrator, p.keyOf(mine))
		for name, c := range map[string]struct {
			actor identity.Actor
			f     licensing.InstallationFilter
			want  []string
		}{
			"staff":                            {p.actor, licensing.InstallationFilter{}, []string{"alpha", "beta", "gamma"}},
			"staff, of an organization":        {p.actor, licensing.InstallationFilter{OrganizationID: other}, []string{"gamma"}},
			"account administrator":            {admin, licensing.InstallationFilter{}, []string{"alpha", "beta"}},
			"license administrator":            {keeper, licensing.InstallationFilter{}, []string{"alpha"}},
			"active ones":                      {admin, licensing.InstallationFilter{State: licensing.InstallationActive}, []string{"alpha"}},
			"deactivated ones":                 {admin, licensing.InstallationFilter{State: licensing.InstallationDeactivated}, []string{"beta"}},
			"by a part of the host name":       {admin, licensing.InstallationFilter{Search: "ALP"}, []string{"alpha"}},
			"by the name of a site":            {admin, licensing.InstallationFilter{Search: "annex"}, []string{"beta"}},
			"of the product":                   {admin, licensing.InstallationFilter{ProductID: p.product}, []string{"alpha", "beta"}},
			"of a product that is not there":   {admin, licensing.InstallationFilter{ProductID: "absent"}, nil},
			"by what has a meaning in queries": {admin, licensing.InstallationFilter{Search: "%"}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				if diff := cmp.Diff(c.want, p.names(c.actor, c.f)); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
			})
		}
		if _, err := p.Installations(t.Context(), admin, licensing.InstallationFilter{OrganizationID: other}, database.Listing{}); !problem.Is(err, problem.NotFound) {
			t.Errorf("another organization's: %v, want not_found", err)
		}
	})
}

func TestAnInstallationIsRenamedByThoseWhoseKeyIsActiveThere(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		id, key := p.row(s).Installation.ID, p.keyOf(s)
		rename := func(actor identity.Actor, version int64) (licensing.KnownInstallation, error) {
			return p.ChangeInstallation(t.Context(), actor, id, licensing.InstallationChange{Name: ptr("Proxy West"), Notes: ptr("Rack 4\nask Kim")}, version)
		}
		keeper := p.member(p.org, identity.LicenseAdministrator, key)
		renamed, err := rename(keeper, 1)
		if err != nil || renamed.Name != "Proxy West" || renamed.Notes != "Rack 4\nask Kim" || renamed.Version != 2 {
			t.Fatalf("renamed: %+v, %v", renamed, err)
		}
		if _, err := rename(keeper, 0); err != nil || p.events("installation.described") != 1 {
			t.Errorf("the same again: %v, %d recorded, want 1", err, p.events("installation.described"))
		}
		i.must(i.request(licensefile.KindCheckIn, hosted("proxy-9"))) // what it says of itself does not undo that
		if row := p.row(s); row.Installation.Name != "Proxy West" || row.Installation.HostName != "proxy-9" {
			t.Errorf("after its next contact: %+v", row.Installation)
		}
		for name, c := range map[string]struct {
			actor   identity.Actor
			version int64
			want    problem.Code
		}{
			"an older version":        {keeper, 1, problem.VersionChanged},
			"without the key":         {p.member(p.org, identity.LicenseAdministrator), 0, problem.NotFound},
			"member":                  {p.member(p.org, identity.Member), 0, problem.Forbidden},
			"administrator elsewhere": {p.member(p.organization("Other"), identity.AccountAdministrator), 0, problem.NotFound},
			"sales":                   {staff(identity.Sales), 0, problem.Forbidden},
			"support":                 {staff(identity.Support), 0, ""},
			"nobody":                  {identity.Actor{}, 0, problem.Unauthenticated},
		} {
			if _, err := rename(c.actor, c.version); codeOf(err) != c.want {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
		i.must(i.request(licensefile.KindDeactivate, hosted("proxy-9")))
		if _, err := rename(keeper, 0); !problem.Is(err, problem.Forbidden) {
			t.Errorf("once its key is not active there: %v, want forbidden", err)
		}
		_, err = p.ChangeInstallation(t.Context(), p.administrator(), id, licensing.InstallationChange{Name: ptr(""), Notes: ptr("\x1b[2J")}, 0)
		if fields := problem.From(err).Fields; len(fields) != 2 {
			t.Errorf("faults: %+v", fields)
		}
	})
}

func TestAnInstallationComesWithItsRowsAndItsHistory(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		desktop := p.plan(nil)
		mobile := p.plan(func(policy *catalog.Policy) { policy.Type.Code, policy.Type.Name = "mobile", "Mobile" })
		a, b := p.sell(desktop, nil), p.sell(mobile, nil)
		i := p.install().activate(a.key)
		second := i.clone()
		second.kind, second.sequence, second.serial = "mobile", 0, 0
		second.activate(b.key)
		i.must(i.request(licensefile.KindDeactivate))
		sealer := event.Sealer{DB: p.DB, Now: p.clock.now}
		if _, err := sealer.SealOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		id := p.row(b).Installation.ID
		keeper := p.member(p.org, identity.LicenseAdministrator, p.keyOf(b))
		type figures struct {
			Rows   int
			Events []string
		}
		for name, c := range map[string]struct {
			actor identity.Actor
			want  figures
		}{
			"account administrator": {p.administrator(), figures{2, []string{"activation.ended", "activation.started", "activation.started"}}},
			"license administrator": {keeper, figures{1, []string{"activation.started"}}},
		} {
			found, rows, err := p.Installation(t.Context(), c.actor, id)
			if err != nil || found.LiveRows != 1 || found.State != licensing.InstallationActive {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
			history, err := p.InstallationEvents(t.Context(), c.actor, id, database.Listing{})
			if err != nil {
				t.Fatal(err)
			}
			got := figures{Rows: len(rows)}
			for _, e := range history.Items {
				got.Events = append(got.Events, e.Kind)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if _, err := p.InstallationEvents(t.Context(), p.person(), id, database.Listing{}); !problem.Is(err, problem.NotFound) {
			t.Errorf("a stranger's history: %v, want not_found", err)
		}
	})
}

func TestRowsAreFoundByWhatTheyAre(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		well, over, near, ended := p.sell(plan, nil), p.sell(plan, nil), p.sell(plan, offlineToo), p.sell(plan, nil)
		suspended := p.sell(plan, nil)
		expired := p.sell(plan, func(n *licensing.NewSubscription) { n.EndsOn = "2026-04-03" })
		usage := map[string]int64{well.key: 10, over.key: 120, near.key: 90}
		named := map[string]sold{"well": well, "over": over, "near": near, "ended": ended, "suspended": suspended, "expired": expired}
		for host, s := range named {
			i := p.install()
			alter := []func(*licensefile.Request){withKey(s.key), hosted(host), i.using(usage[s.key])}
			if s.key == near.key {
				alter = append(alter, offline)
			}
			i.must(i.request(licensefile.KindActivate, alter...))
		}
		if _, err := p.Deactivate(t.Context(), p.actor, p.row(ended).Activation.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Suspend(t.Context(), p.actor, licensing.Change{ID: suspended.ID}); err != nil {
			t.Fatal(err)
		}
		p.clock.advance(6 * 24 * time.Hour)
		i := p.install()
		late := p.sell(plan, nil)
		i.must(i.request(licensefile.KindActivate, withKey(late.key), hosted("late")))
		p.clock.advance(36 * time.Hour) // a week is over for the others
		hosts := func(f licensing.RowFilter) []string {
			var hosts []string
			for l := (database.Listing{Limit: 2, Sort: "host_name"}); ; {
				page, err := p.Rows(t.Context(), p.administrator(), f, l)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range page.Items {
					hosts = append(hosts, row.Installation.HostName)
				}
				if l.Cursor = page.Next; page.Next == "" {
					return hosts
				}
			}
		}
		for name, c := range map[string]struct {
			f    licensing.RowFilter
			want []string
		}{
			"all":               {licensing.RowFilter{}, []string{"ended", "expired", "late", "near", "over", "suspended", "well"}},
			"active":            {licensing.RowFilter{Status: licensefile.RowActive}, []string{"late", "near", "well"}},
			"over limit":        {licensing.RowFilter{Status: licensefile.RowOverLimit}, []string{"over"}},
			"suspended":         {licensing.RowFilter{Status: licensefile.RowSuspended}, []string{"suspended"}},
			"expired":           {licensing.RowFilter{Status: licensefile.RowExpired}, []string{"expired"}},
			"deactivated":       {licensing.RowFilter{Status: licensefile.RowDeactivated}, []string{"ended"}},
			"stale":             {licensing.RowFilter{Stale: true}, []string{"expired", "near", "over", "suspended", "well"}},
			"offline":           {licensing.RowFilter{Method: licensefile.Offline}, []string{"near"}},
			"of a license type": {licensing.RowFilter{LicenseType: "mobile"}, nil},
			"of the product":    {licensing.RowFilter{ProductID: p.product, Status: licensefile.RowOverLimit}, []string{"over"}},
			"searched":          {licensing.RowFilter{Search: "SUSP"}, []string{"suspended"}},
		} {
			t.Run(name, func(t *testing.T) {
				if diff := cmp.Diff(c.want, hosts(c.f)); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
			})
		}
		row := p.row(over)
		if row.Decision.Code != licensefile.CodeOverLimit || len(row.Decision.Remedies) != 2 || row.Decision.Remedies[0].Count != 20 {
			t.Errorf("the row over its limit: %+v", row.Decision)
		}
		if row.NearLimit || !p.row(near).NearLimit || p.row(well).NearLimit {
			t.Error("only the row at 90 % is near its limit")
		}
		if row := p.row(late); !row.FiguresAt.Equal(p.clock.now().Add(-36*time.Hour)) || row.Stale {
			t.Errorf("the figures of the latest are of %s, stale %v", row.FiguresAt, row.Stale)
		}
	})
}
