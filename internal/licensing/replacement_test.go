package licensing_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func TestAReplacedKeysActivationGoesOnUnderTheNewKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		branch, oldKey := p.divide(s, licensing.Sublicense{Name: "Branch", Quota: 30, Reserved: true, EndsOn: "2026-12-31"})
		keeper := p.member(p.org, identity.LicenseAdministrator, branch.ID)
		i := p.install().activate(oldKey)
		i.must(i.request(licensefile.KindReport, i.using(10)))
		made, issued, err := p.ReplaceKey(t.Context(), p.administrator(), branch.ID)
		if err != nil {
			t.Fatal(err)
		}
		got := []any{made.Name, *made.Quota, made.Reserved, made.EndsOn, made.Rows, made.Used, made.People, made.State, made.Activations}
		want := []any{"Branch", int64(30), true, licensefile.Date("2026-12-31"), int64(1), int64(10), int64(1), licensing.KeyValid, int64(1)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the new key (-want +got):\n%s", diff)
		}
		i.must(i.request(licensefile.KindRefresh))
		if i.license.Grant.Key != made.Masked() || *i.license.Grant.Maximum != 30 {
			t.Errorf("the license shows %s and a maximum of %d", i.license.Grant.Key, *i.license.Grant.Maximum)
		}
		stranger := p.install()
		stranger.refused(stranger.request(licensefile.KindActivate, withKey(oldKey)), problem.KeyReplaced)
		stranger.refused(stranger.request(licensefile.KindActivate, withKey(issued.Key)), problem.KeyInUse)
		old, err := p.KeyByID(t.Context(), p.actor, branch.ID)
		if err != nil || old.State != licensing.KeyReplacedBy || old.ReplacedBy != made.ID || old.Rows != 0 || *old.Maximum != 0 {
			t.Errorf("the old key: %+v, %v", old, err)
		}
		_, _, err = p.ReplaceKey(t.Context(), p.administrator(), branch.ID)
		if !problem.Is(err, problem.KeyReplaced) {
			t.Errorf("once more: %v, want key_replaced", err)
		}
		if n := p.count(`SELECT COUNT(*) FROM key_grant WHERE key_id = ? AND person_id = ?`, made.ID, keeper.PersonID); n != 1 {
			t.Error("who looked after the old key does not look after the new one")
		}
		if err := p.EndSublicenses(t.Context(), licensefile.Date("2027-01-01").EndIn(zurich(t))); err != nil || p.events("sublicense.ended") != 1 {
			t.Errorf("its end: %v, %d recorded, want 1", err, p.events("sublicense.ended"))
		}
		i.must(i.request(licensefile.KindDeactivate))
	})
}

func TestThePrimaryKeyIsReplacedByThoseWhoMay(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		for name, c := range map[string]struct {
			actor func(s sold) identity.Actor
			want  problem.Code
		}{
			"account administrator":   {func(sold) identity.Actor { return p.administrator() }, ""},
			"sales":                   {func(sold) identity.Actor { return staff(identity.Sales) }, ""},
			"support":                 {func(sold) identity.Actor { return staff(identity.Support) }, ""},
			"auditor":                 {func(sold) identity.Actor { return staff(identity.Auditor) }, problem.Forbidden},
			"who looks after it":      {func(s sold) identity.Actor { return p.member(p.org, identity.LicenseAdministrator, p.keyOf(s)) }, problem.Forbidden},
			"administrator elsewhere": {func(sold) identity.Actor { return p.member(p.organization("Other"), identity.AccountAdministrator) }, problem.NotFound},
			"nobody":                  {func(sold) identity.Actor { return identity.Actor{} }, problem.Unauthenticated},
		} {
			t.Run(name, func(t *testing.T) {
				s := p.sell(p.plan(nil), nil)
				old := p.keyOf(s)
				_, issued, err := p.ReplaceKey(t.Context(), c.actor(s), old)
				if codeOf(err) != c.want {
					t.Errorf("got %v, want %q", err, c.want)
				}
				works := map[bool]string{true: issued.Key, false: s.key}[err == nil]
				p.install().activate(works)
			})
		}
	})
}

// TestAKeyIsReplacedWhileItsRowsComeAndGo races the replacement of keys with
// deactivations, refreshes and activations of them: no counter leaks and no row
// stays with an old key.
func TestAKeyIsReplacedWhileItsRowsComeAndGo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		admin, doors := p.administrator(), p.doors()
		for _, limit := range []int64{0, 3} {
			plan := p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = limit })
			var racing sync.WaitGroup
			for range 15 {
				s := p.sell(plan, nil)
				old := p.keyOf(s)
				leaves, stays, comes := p.install().activate(s.key), p.install().activate(s.key), p.install()
				requests := []string{
					leaves.seal(leaves.request(licensefile.KindDeactivate)),
					stays.seal(stays.request(licensefile.KindRefresh, stays.using(7))),
					comes.seal(comes.request(licensefile.KindActivate, withKey(s.key))),
				}
				for n, compact := range requests {
					racing.Go(func() {
						_, err := doors[n%len(doors)].Exchange(t.Context(), compact)
						if err != nil && (n != 2 || !problem.Is(err, problem.KeyReplaced)) {
							t.Errorf("request %d: %v", n, err)
						}
					})
				}
				racing.Go(func() {
					if _, _, err := p.ReplaceKey(t.Context(), admin, old); err != nil {
						t.Errorf("replace: %v", err)
					}
				})
			}
			racing.Wait()
		}
		strays := p.count(`SELECT COUNT(*) FROM activation a JOIN license_key k ON k.id = a.key_id WHERE a.ended_at IS NULL AND k.replaced_by IS NOT NULL`)
		wrong := p.count(`SELECT COUNT(*) FROM license_key k WHERE k.activations <> CASE WHEN k.activation_limit IS NULL THEN 0 ELSE
			(SELECT COUNT(*) FROM activation a WHERE a.key_id = k.id AND a.ended_at IS NULL) END`)
		if strays != 0 || wrong != 0 {
			t.Errorf("%d live rows of replaced keys, %d keys that count wrongly; want none", strays, wrong)
		}
	})
}
