package licensing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
)

// ordered notes an order of a subscription that names a primary email.
func (p *publisher) ordered(s sold, order, email string) {
	p.t.Helper()
	err := p.DB.InTx(p.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO sales_order (id, channel, primary_email, placed_on, created_at) VALUES (?, 'direct', ?, '2026-01-01', 0)`, order, email)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO order_line (order_id, line, subscription_id, action) VALUES (?, 1, ?, 'new')`, order, s.ID)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func TestAnUpgradeSaysWhetherThePurchaseNamedThePerson(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		buyer, other := p.person(), p.person()
		s, silent := p.boxed(), p.boxed()
		p.ordered(s, "order-1", "somebody-before@example.com")
		p.ordered(s, "order-2", buyer.PersonID+"@EXAMPLE.com") // the newest counts
		for name, c := range map[string]struct {
			actor identity.Actor
			key   string
			from  string
			want  licensing.Purchaser
		}{
			"the buyer":               {buyer, s.key, "1.0", licensing.PurchaserYou},
			"somebody else":           {other, s.key, "1.0", licensing.PurchaserAnother},
			"an order without":        {buyer, silent.key, "1.0", ""},
			"at the first activation": {buyer, s.key, "", ""},
		} {
			t.Run(name, func(t *testing.T) {
				got, err := p.Recommend(t.Context(), c.actor, identity.DeviceRequest{Key: c.key, UpgradeFrom: c.from})
				if err != nil || got.Purchaser != c.want {
					t.Errorf("got %q %v, want %q", got.Purchaser, err, c.want)
				}
			})
		}
	})
}

func TestWithoutAKeyTheInstallationTellsItsOrganization(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		member, stranger := p.administrator(), p.person()
		s := p.sell(p.plan(nil), nil)
		p.ordered(s, "order-1", stranger.PersonID+"@example.com")
		p.install().activate(s.key)
		r := identity.DeviceRequest{Installation: p.rows(licensing.RowFilter{})[0].Installation.ID, UpgradeFrom: "1.0"}
		got, err := p.Recommend(t.Context(), member, r)
		want := licensing.Recommendation{HolderID: p.org, HolderName: member.Membership(p.org).OrganizationName, Purchaser: licensing.PurchaserAnother}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("a member (-want +got): %v\n%s", err, diff)
		}
		got, err = p.Recommend(t.Context(), stranger, r)
		want = licensing.Recommendation{Elsewhere: true, Purchaser: licensing.PurchaserYou}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("a stranger (-want +got): %v\n%s", err, diff)
		}
		if _, err := p.Recommend(t.Context(), staff(identity.Owner), r); !problem.Is(err, problem.Forbidden) {
			t.Errorf("without a session: %v, want forbidden", err)
		}
	})
}
