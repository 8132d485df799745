package licensing_test

import (
	"slices"
	"sync"
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

// exec changes rows that no verb of licensing writes.
func (p *publisher) exec(query string, args ...any) {
	p.t.Helper()
	err := p.DB.InTx(p.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// furnish gives an organization a row in every table that names organizations.
func (p *publisher) furnish(organizationID, plan string) (sold, *installation) {
	p.t.Helper()
	s := p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = organizationID })
	i := p.install().activate(s.key)
	keyID := p.row(s).Key.ID
	member := p.member(organizationID, identity.LicenseAdministrator, keyID)
	p.exec(`UPDATE membership SET volume_purchasing = 1, every_site = 0 WHERE organization_id = ?`, organizationID)
	p.exec(`INSERT INTO membership_site (organization_id, person_id, site_id) VALUES (?, ?, ?)`, organizationID, member.PersonID, i.site.ID)
	p.exec(`INSERT INTO invitation (id, organization_id, email, email_key, role, language, hash, expires_at, sent_at, created_at)
		VALUES (?, ?, 'guest@example.com', 'guest@example.com', 'member', 'en', ?, 1, 1, 1)`, "invitation-"+organizationID, organizationID, []byte(organizationID))
	p.exec(`INSERT INTO api_token (id, person_id, organization_id, name, hash, scopes, created_at) VALUES (?, ?, ?, 'build', ?, 'keys:read', 1)`,
		"token-"+organizationID, member.PersonID, organizationID, []byte(organizationID))
	p.exec(`INSERT INTO session (id, person_id, hash, stage, organization_id, user_agent, address, created_at, last_seen_at, expires_at)
		VALUES (?, ?, ?, 'complete', ?, '', '', 1, 1, 1)`, "session-"+organizationID, member.PersonID, []byte(organizationID), organizationID)
	p.exec(`INSERT INTO device_authorization (id, device_hash, user_code, sealed, state, organization_id, poll_seconds, created_at, expires_at)
		VALUES (?, ?, ?, ?, 'approved', ?, 5, 1, 1)`, "device-"+organizationID, []byte(organizationID), organizationID, []byte("x"), organizationID)
	p.exec(`INSERT INTO sales_order (id, organization_id, channel, placed_on, created_at) VALUES (?, ?, 'direct', '2026-01-01', 1)`,
		"order-"+organizationID, organizationID)
	return s, i
}

// naming lists the tables that name organizations, but for the log, which keeps
// what was.
func (p *publisher) naming() []string {
	p.t.Helper()
	query := `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'organization_id'
		WHERE m.type = 'table' AND m.name <> 'event' ORDER BY 1`
	if p.DB.Engine() == database.PostgreSQL {
		query = `SELECT table_name FROM information_schema.columns
			WHERE table_schema = current_schema() AND column_name = 'organization_id' AND table_name <> 'event' ORDER BY 1`
	}
	tables, err := database.All(p.DB.Read(p.t.Context()), database.Value[string], query)
	if err != nil {
		p.t.Fatal(err)
	}
	return tables
}

// holds counts what an organization has, table by table.
func (p *publisher) holds(organizationID string) map[string]int64 {
	p.t.Helper()
	held := map[string]int64{}
	for _, table := range p.naming() {
		held[table] = p.count(`SELECT COUNT(*) FROM `+table+` WHERE organization_id = ?`, organizationID)
	}
	return held
}

func (p *publisher) merge(from, into string) licensing.Merger {
	p.t.Helper()
	m, err := p.MergeOrganizations(p.t.Context(), p.actor, from, into, false)
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func TestMergingMovesWhateverNamesTheOrganization(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, twin := p.plan(nil), p.organization("Example Customer Ltd")
		p.furnish(p.org, plan)
		_, moved := p.furnish(twin, plan)
		before, own := p.holds(twin), p.holds(p.org)
		for table, n := range before {
			if n == 0 {
				t.Errorf("%s has no row of the organization: furnish it", table)
			}
		}
		want := licensing.Merger{
			From: twin, Into: p.org, MovedPeople: identity.MovedPeople{Members: 1, Sites: 1, Invitations: 1, Tokens: 1},
			MovedLicenses: licensing.MovedLicenses{Subscriptions: 1, Keys: 1, Installations: 1, Activations: 1, Orders: 1},
		}
		preview, err := p.MergeOrganizations(t.Context(), p.actor, twin, p.org, true)
		if diff := cmp.Diff(before, p.holds(twin)); diff != "" || err != nil || !preview.Preview {
			t.Errorf("the preview %+v (%v) changed (-before +after):\n%s", preview, err, diff)
		}
		got := p.merge(twin, p.org)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(licensing.Merger{}, "ID")); diff != "" {
			t.Errorf("the merger (-want +got):\n%s", diff)
		}
		again, err := p.Merger(t.Context(), p.actor, got.ID)
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Errorf("the merger in the log, %v (-was +is):\n%s", err, diff)
		}
		for table, n := range p.holds(p.org) {
			if n != own[table]+before[table] {
				t.Errorf("%s: %d rows, want %d of one and %d of the other", table, n, own[table], before[table])
			}
		}
		people := &identity.Service{DB: p.DB}
		if _, err := people.Organization(t.Context(), p.actor, twin); !problem.Is(err, problem.NotFound) {
			t.Errorf("the merged organization: %v, want not_found", err)
		}
		moved.must(moved.request(licensefile.KindRefresh))
		if name := moved.license.Grant.Organization; name != "Example Customer" {
			t.Errorf("the refreshed license names %q", name)
		}
		if n := p.events("organization.merged"); n != 2 {
			t.Errorf("%d mergers recorded, want one in each log", n)
		}
	})
}

func TestSitesAndInstallationsOfBothAreUnited(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, twin := p.plan(nil), p.organization("Twin")
		a := p.install().activate(p.sell(plan, nil).key)
		b := p.install()
		b.site = a.site
		b.activate(p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = twin }).key)
		p.merge(twin, p.org)
		a.must(a.request(licensefile.KindReport, a.using(3)))
		b.must(b.request(licensefile.KindReport, b.using(4)))
		if n := p.count(`SELECT COUNT(*) FROM site`); n != 1 {
			t.Errorf("%d sites, want one", n)
		}
	})
}

func TestWhatCannotBeMerged(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		people := &identity.Service{DB: p.DB, Now: p.clock.now}
		partner, err := people.CreateOrganization(t.Context(), p.actor, identity.NewOrganization{Kind: identity.Partner, Name: "Partner"})
		if err != nil {
			t.Fatal(err)
		}
		twin := p.organization("Twin")
		tests := []struct {
			name       string
			actor      identity.Actor
			from, into string
			want       problem.Code
		}{
			{"into itself", p.actor, twin, twin, problem.ValidationFailed},
			{"into nothing", p.actor, twin, "", problem.ValidationFailed},
			{"into one that is not there", p.actor, twin, "nowhere", problem.NotFound},
			{"one that is not there", p.actor, "nowhere", twin, problem.NotFound},
			{"another kind", p.actor, twin, partner.ID, problem.OrganizationsDiffer},
			{"by sales", staff(identity.Sales), twin, p.org, problem.Forbidden},
			{"by an administrator of it", p.member(twin, identity.AccountAdministrator), twin, p.org, problem.Forbidden},
			{"by nobody", identity.Actor{}, twin, p.org, problem.Unauthenticated},
		}
		for _, tt := range tests {
			for _, preview := range []bool{true, false} {
				if _, err := p.MergeOrganizations(t.Context(), tt.actor, tt.from, tt.into, preview); !problem.Is(err, tt.want) {
					t.Errorf("%s (preview %t): %v, want %s", tt.name, preview, err, tt.want)
				}
			}
		}
		if n := p.events("organization.merged"); n != 0 {
			t.Errorf("%d mergers recorded", n)
		}
	})
}

func TestAMergerThatFailsHalfWayMovesNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, twin := p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 0 }), p.organization("Twin")
		p.furnish(p.org, plan)
		p.furnish(twin, plan)
		before := p.holds(twin)
		p.exec(`CREATE TABLE obstacle (organization_id TEXT NOT NULL REFERENCES organization (id))`)
		p.exec(`INSERT INTO obstacle (organization_id) VALUES (?)`, twin)
		if _, err := p.MergeOrganizations(t.Context(), p.actor, twin, p.org, false); err == nil {
			t.Error("an organization was removed to which something belongs")
		}
		p.exec(`DROP TABLE obstacle`)
		if diff := cmp.Diff(before, p.holds(twin)); diff != "" {
			t.Errorf("what the organization has (-before +after):\n%s", diff)
		}
	})
}

// TestKeysOfABlockedPlaceAreNotBroughtAlong merges somebody who was blocked in
// one of two organizations: the keys that were granted there stay behind.
func TestKeysOfABlockedPlaceAreNotBroughtAlong(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, twin := p.plan(nil), p.organization("Twin")
		keyOf := func(organizationID string) string {
			p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = organizationID })
			id, err := database.One(p.DB.Read(t.Context()), database.Value[string],
				`SELECT id FROM license_key WHERE organization_id = ?`, organizationID)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		brought, own := keyOf(twin), keyOf(p.org)
		fired, kept := p.member(twin, identity.LicenseAdministrator, brought), p.member(twin, identity.LicenseAdministrator, brought)
		p.exec(`UPDATE membership SET blocked_at = 1 WHERE person_id = ?`, fired.PersonID)
		for _, a := range []identity.Actor{fired, kept} {
			p.exec(`INSERT INTO membership (organization_id, person_id, role, created_at) VALUES (?, ?, 'license_administrator', 1)`, p.org, a.PersonID)
			p.exec(`INSERT INTO key_grant (organization_id, person_id, key_id, created_at) VALUES (?, ?, ?, 1)`, p.org, a.PersonID, own)
		}
		p.merge(twin, p.org)
		granted := func(a identity.Actor) int64 {
			return p.count(`SELECT COUNT(*) FROM key_grant WHERE person_id = ?`, a.PersonID)
		}
		if granted(fired) != 1 || granted(kept) != 2 {
			t.Errorf("%d keys of who was blocked and %d of who was not, want 1 and 2", granted(fired), granted(kept))
		}
	})
}

// TestAKeyIsRegisteredWhileItIsTransferred races registrations of a key in a box
// by its first owner with transfers away: it ends with one of the two, and keys
// and subscription agree.
func TestAKeyIsRegisteredWhileItIsTransferred(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, buyer := p.plan(nil), p.organization("Buyer")
		for range 5 {
			s := p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = "" })
			var racing sync.WaitGroup
			codes := make([]problem.Code, 6)
			for n := range codes {
				racing.Go(func() {
					var err error
					if n%2 == 0 {
						_, err = p.RegisterKey(t.Context(), p.actor, licensing.Registration{Key: s.key, OrganizationID: p.org})
					} else {
						_, err = p.TransferSubscription(t.Context(), p.actor, s.ID, buyer, licensing.TransferOther)
					}
					codes[n] = codeOf(err)
				})
			}
			racing.Wait()
			for n, code := range codes {
				if !slices.Contains([]problem.Code{"", problem.KeyNotRegistered, problem.KeyRegisteredElsewhere, problem.Conflict}, code) {
					t.Errorf("caller %d: %s", n, code)
				}
			}
			apart := p.count(`SELECT COUNT(*) FROM license_key k JOIN subscription s ON s.id = k.subscription_id
				WHERE k.organization_id IS NULL OR k.organization_id <> s.organization_id`)
			if apart != 0 {
				t.Errorf("%d keys belong elsewhere than their subscription", apart)
			}
		}
	})
}
