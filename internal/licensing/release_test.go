package licensing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// keyOf gives the id of the primary key of a subscription.
func (p *publisher) keyOf(s sold) string {
	p.t.Helper()
	_, key, err := p.Issued(p.t.Context(), p.actor, s.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return key.ID
}

// offlineToo lets a subscription be activated by file.
func offlineToo(n *licensing.NewSubscription) { n.OfflineAllowed = ptr(true) }

func TestAnOnlineRowIsDeactivatedFromThePortalAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		row := p.row(s)
		ended, err := p.Deactivate(t.Context(), p.member(p.org, identity.LicenseAdministrator, p.keyOf(s)), row.Activation.ID)
		if err != nil || ended.Status != licensefile.RowDeactivated || ended.Activation.EndReason != licensing.EndReleased {
			t.Fatalf("deactivated: %+v, %v", ended, err)
		}
		p.install().activate(s.key) // the key is free at once
		receipt := i.receipt(i.must(i.request(licensefile.KindRefresh)))
		if receipt.Body.Status != licensefile.StatusDeactivated || receipt.Body.Reason != string(licensing.EndReleased) {
			t.Errorf("the installation hears %+v", receipt.Body)
		}
	})
}

func TestWhoMayDeactivateARowAndHow(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 0 }), offlineToo)
		key := p.keyOf(s)
		activate := func(alter ...func(*licensefile.Request)) string {
			i := p.install()
			i.must(i.request(licensefile.KindActivate, append(alter, withKey(s.key))...))
			return p.rows(licensing.RowFilter{SubscriptionID: s.ID, State: "live"})[0].Activation.ID
		}
		foreign := p.member(p.organization("Other"), identity.AccountAdministrator)
		for name, c := range map[string]struct {
			actor           identity.Actor
			online, offline problem.Code
		}{
			"account administrator":                  {p.administrator(), "", problem.ReleaseNeedsFile},
			"license administrator with the key":     {p.member(p.org, identity.LicenseAdministrator, key), "", problem.ReleaseNeedsFile},
			"license administrator without the key":  {p.member(p.org, identity.LicenseAdministrator), problem.NotFound, problem.NotFound},
			"member":                                 {p.member(p.org, identity.Member), problem.Forbidden, problem.Forbidden},
			"administrator of another organization":  {foreign, problem.NotFound, problem.NotFound},
			"support, who releases it with a reason": {staff(identity.Support), "", problem.ReleaseNeedsFile},
			"sales":                                  {staff(identity.Sales), problem.Forbidden, problem.Forbidden},
			"nobody":                                 {identity.Actor{}, problem.Unauthenticated, problem.Unauthenticated},
		} {
			t.Run(name, func(t *testing.T) {
				_, online := p.Deactivate(t.Context(), c.actor, activate())
				_, offlineErr := p.Deactivate(t.Context(), c.actor, activate(offline))
				if codeOf(online) != c.online || codeOf(offlineErr) != c.offline {
					t.Errorf("online %v, offline %v; want %q and %q", online, offlineErr, c.online, c.offline)
				}
			})
		}
	})
}

func TestSeveralRowsAreDeactivatedEachByItself(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		other := p.organization("Other")
		mine, mineOffline := p.sell(p.plan(nil), nil), p.sell(p.plan(nil), offlineToo)
		foreign := p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.OrganizationID = other })
		p.install().activate(mine.key)
		p.install().activate(foreign.key)
		i := p.install()
		i.must(i.request(licensefile.KindActivate, withKey(mineOffline.key), offline))
		one := p.row(mine).Activation.ID
		ids := []string{one, "absent", p.row(foreign).Activation.ID, p.row(mineOffline).Activation.ID, one}
		outcomes, err := p.DeactivateAll(t.Context(), p.administrator(), ids)
		if err != nil {
			t.Fatal(err)
		}
		var got []problem.Code
		for n, o := range outcomes {
			got = append(got, codeOf(o.Refusal))
			if o.ID != ids[n] {
				t.Errorf("outcome %d is of %s, want %s", n, o.ID, ids[n])
			}
		}
		want := []problem.Code{"", problem.NotFound, problem.NotFound, problem.ReleaseNeedsFile, problem.AlreadyEnded}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if absent, hidden := outcomes[1].Refusal.Error(), outcomes[2].Refusal.Error(); absent != hidden {
			t.Errorf("absent says %q, foreign %q", absent, hidden)
		}
		if live := p.count(`SELECT COUNT(*) FROM activation WHERE ended_at IS NULL`); live != 2 {
			t.Errorf("%d live rows, want 2", live)
		}
		for _, many := range [][]string{nil, make([]string, licensing.MaxDeactivations+1)} {
			if _, err := p.DeactivateAll(t.Context(), p.administrator(), many); !problem.Is(err, problem.ValidationFailed) {
				t.Errorf("%d ids: %v, want validation_failed", len(many), err)
			}
		}
	})
}

func TestALicenseIsMadeForARowByThoseWhoLookAfterItsKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		row := p.row(s)
		signed, err := p.IssueLicense(t.Context(), p.member(p.org, identity.LicenseAdministrator, p.keyOf(s)), row.Activation.ID)
		if err != nil {
			t.Fatal(err)
		}
		i.take(signed.Compact)
		for name, c := range map[string]struct {
			actor identity.Actor
			want  problem.Code
		}{
			"without the key": {p.member(p.org, identity.LicenseAdministrator), problem.NotFound},
			"member":          {p.member(p.org, identity.Member), problem.Forbidden},
			"elsewhere":       {p.person(), problem.NotFound},
			"auditor":         {staff(identity.Auditor), problem.Forbidden},
		} {
			if _, err := p.IssueLicense(t.Context(), c.actor, row.Activation.ID); codeOf(err) != c.want {
				t.Errorf("%s: got %v, want %s", name, err, c.want)
			}
		}
	})
}
