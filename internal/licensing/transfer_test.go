package licensing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func (p *publisher) transfer(s sold, to string) licensing.Transfer {
	p.t.Helper()
	made, err := p.TransferSubscription(p.t.Context(), p.actor, s.ID, to, licensing.TransferCorrection)
	if err != nil {
		p.t.Fatal(err)
	}
	return made
}

func TestATransferTakesKeysRowsAndHistoryAlongButNoGrants(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, buyer := p.plan(nil), p.organization("Buyer")
		s := p.sell(plan, func(n *licensing.NewSubscription) { allowed := true; n.OfflineAllowed = &allowed })
		i := p.install()
		i.must(i.request(licensefile.KindActivate, withKey(s.key)))
		i.must(i.request(licensefile.KindDeactivate))
		i.must(i.request(licensefile.KindActivate, withKey(s.key), offline))
		row := p.row(s)
		seller := p.member(p.org, identity.LicenseAdministrator, row.Key.ID)

		got := p.transfer(s, buyer)
		want := licensing.Transfer{
			SubscriptionID: s.ID, From: p.org, To: buyer, Reason: licensing.TransferCorrection, Keys: 1, Installations: 1,
			Activations: 1, GrantsRemoved: 1, OfflineUntil: &row.Activation.ExpiresAt,
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(licensing.Transfer{}, "ID")); diff != "" {
			t.Errorf("the transfer (-want +got):\n%s", diff)
		}
		again, err := p.Transfer(t.Context(), p.actor, got.ID)
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Errorf("the transfer in the log, %v (-was +is):\n%s", err, diff)
		}
		if rows := p.rows(licensing.RowFilter{OrganizationID: buyer}); len(rows) != 2 {
			t.Errorf("the buyer sees %d rows, want the live one and its history", len(rows))
		}
		if rows := p.rows(licensing.RowFilter{OrganizationID: p.org}); len(rows) != 0 {
			t.Errorf("the seller sees %d rows, want none", len(rows))
		}
		if _, err := p.Row(t.Context(), seller, row.Activation.ID); !problem.Is(err, problem.NotFound) {
			t.Errorf("the seller's license administrator: %v, want not_found", err)
		}
		i.must(i.request(licensefile.KindRefresh, offline))
		if name := i.license.Grant.Organization; name != "Buyer" {
			t.Errorf("the refreshed license names %q", name)
		}
		for _, organization := range []string{p.org, buyer} {
			if n := p.count(`SELECT COUNT(*) FROM event WHERE kind = 'subscription.transferred' AND organization_id = ?`, organization); n != 1 {
				t.Errorf("%d transfers recorded for %s, want 1", n, organization)
			}
		}
	})
}

func TestHistoryStaysWithTheInstallationThatMadeIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, buyer := p.plan(nil), p.organization("Buyer")
		s, kept := p.sell(plan, nil), p.sell(plan, nil)
		i := p.install().activate(s.key)
		i.activate(kept.key) // the installation goes on with another key
		if got := p.transfer(s, buyer); got.Installations != 0 || got.Activations != 0 {
			t.Errorf("%d installations with %d activations moved, want none", got.Installations, got.Activations)
		}
		if rows := p.rows(licensing.RowFilter{OrganizationID: p.org}); len(rows) != 2 {
			t.Errorf("the former organization sees %d rows, want its live one and its ended one", len(rows))
		}
		p.install().activate(s.key)
		if rows := p.rows(licensing.RowFilter{OrganizationID: buyer}); len(rows) != 1 {
			t.Errorf("the buyer sees %d rows, want its own", len(rows))
		}
	})
}

func TestAnInstallationThatUsesAnotherSubscriptionTooHoldsATransferUp(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, buyer := p.plan(nil), p.organization("Buyer")
		s, other := p.sell(plan, nil), p.sell(plan, nil)
		i := p.install().activate(s.key)
		second := i.clone()
		second.site.ID, second.sequence, second.serial = uuid.NewString(), 0, 0
		second.activate(other.key)
		before := p.holds(buyer)
		_, err := p.TransferSubscription(t.Context(), p.actor, s.ID, buyer, licensing.TransferOther)
		if diff := cmp.Diff(before, p.holds(buyer)); diff != "" || !problem.Is(err, problem.InstallationShared) {
			t.Errorf("got %v, want installation_shared; the buyer has (-before +after):\n%s", err, diff)
		}
		second.must(second.request(licensefile.KindDeactivate))
		p.transfer(s, buyer)
	})
}

func TestWhatCannotBeTransferred(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan, buyer := p.plan(nil), p.organization("Buyer")
		s := p.sell(plan, nil)
		boxed := p.sell(plan, func(n *licensing.NewSubscription) { n.OrganizationID = "" })
		tests := []struct {
			name   string
			actor  identity.Actor
			id, to string
			reason licensing.TransferReason
			want   problem.Code
		}{
			{"without a reason", p.actor, s.ID, buyer, "", problem.ValidationFailed},
			{"for a reason that is no word of ours", p.actor, s.ID, buyer, "because", problem.ValidationFailed},
			{"to nobody", p.actor, s.ID, "", licensing.TransferOther, problem.ValidationFailed},
			{"to an organization that is not there", p.actor, s.ID, "nowhere", licensing.TransferOther, problem.NotFound},
			{"a subscription that is not there", p.actor, "nothing", buyer, licensing.TransferOther, problem.NotFound},
			{"to where it is", p.actor, s.ID, p.org, licensing.TransferOther, problem.Conflict},
			{"an unregistered one", p.actor, boxed.ID, buyer, licensing.TransferOther, problem.KeyNotRegistered},
			{"by sales", staff(identity.Sales), s.ID, buyer, licensing.TransferOther, problem.Forbidden},
			{"by its administrator", p.administrator(), s.ID, buyer, licensing.TransferOther, problem.Forbidden},
			{"by nobody", identity.Actor{}, s.ID, buyer, licensing.TransferOther, problem.Unauthenticated},
		}
		for _, tt := range tests {
			if _, err := p.TransferSubscription(t.Context(), tt.actor, tt.id, tt.to, tt.reason); !problem.Is(err, tt.want) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
		if n := p.events("subscription.transferred"); n != 0 {
			t.Errorf("%d transfers recorded", n)
		}
	})
}

// TestKeysAreActivatedWhileTheirOwnerChanges races new installations of a key
// without a limit against transfers to and fro: no row may stand in one
// organization with a key of the other.
func TestKeysAreActivatedWhileTheirOwnerChanges(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 0 })
		s, owners := p.sell(plan, nil), []string{p.organization("Buyer"), p.org}
		p.race(func(i *installation) (licensing.Signed, error) {
			return i.send(i.request(licensefile.KindActivate, withKey(s.key)))
		}, func(round int) error {
			_, err := p.TransferSubscription(t.Context(), p.actor, s.ID, owners[round%2], licensing.TransferOther)
			return err
		})
		strays := p.count(`SELECT COUNT(*) FROM activation a JOIN subscription s ON s.id = a.subscription_id
			WHERE a.ended_at IS NULL AND a.organization_id <> s.organization_id`)
		if strays != 0 {
			t.Errorf("%d live rows stand in one organization with a key of another", strays)
		}
	})
}

// TestAgentsWorkWhileTheirOrganizationIsMerged races activations and reports
// against mergers: nothing is lost and nobody meets a fault of the server.
func TestAgentsWorkWhileTheirOrganizationIsMerged(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(func(policy *catalog.Policy) { policy.ActivationsPerKey = 0 })
		s, from := p.sell(plan, nil), p.org
		sent := p.race(func(i *installation) (licensing.Signed, error) {
			if _, err := i.send(i.request(licensefile.KindActivate, withKey(s.key))); err != nil {
				return licensing.Signed{}, err
			}
			return i.send(i.request(licensefile.KindReport, i.using(1)))
		}, func(int) error {
			into := p.organization("Next")
			_, err := p.MergeOrganizations(t.Context(), p.actor, from, into, false)
			from = into
			return err
		})
		if used := p.count(`SELECT CAST(SUM(used) AS BIGINT) FROM activation WHERE organization_id = ?`, from); used != sent {
			t.Errorf("the last organization uses %d, want %d", used, sent)
		}
		late := p.count(`SELECT COUNT(*) FROM event e WHERE e.kind = 'activation.started' AND NOT EXISTS (
			SELECT 1 FROM event m WHERE m.organization_id = e.organization_id)`)
		if late != 0 {
			t.Errorf("%d activations recorded for nobody", late)
		}
	})
}

// race sends requests of new installations while the rounds of a change run, and
// tells how many were answered; each is, in the end.
func (p *publisher) race(send func(*installation) (licensing.Signed, error), change func(round int) error) int64 {
	p.t.Helper()
	const rounds, agents, each = 6, 4, 10
	done := make(chan error, agents+1)
	for range agents {
		installations := make([]*installation, each)
		for n := range installations {
			installations[n] = p.install()
		}
		go func() {
			var failed error
			for _, i := range installations {
				if _, err := send(i); err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	go func() {
		var failed error
		for round := range rounds {
			if err := change(round); err != nil {
				failed = err
			}
		}
		done <- failed
	}()
	for range agents + 1 {
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	}
	return agents * each
}
