package licensing_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
)

// boxed issues a subscription whose key nobody has registered.
func (p *publisher) boxed() sold {
	p.t.Helper()
	return p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.OrganizationID = "" })
}

func business() *identity.NewOrganization {
	return &identity.NewOrganization{Name: "Blue Harbor", Address: "1 Quay Street", Phone: "+41 44 000 00 00", Country: "CH"}
}

func TestAnAccountAdministratorRegistersAKeyToTheirOrganization(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s, admin := p.boxed(), p.administrator()
		for range 2 { // the same again changes nothing
			got, err := p.RegisterKey(t.Context(), admin, licensing.Registration{Key: strings.ToLower(s.key), OrganizationID: p.org})
			if err != nil || got.ID != s.ID || got.OrganizationID != p.org {
				t.Fatalf("registered: %+v, %v", got, err)
			}
		}
		if n := p.events("key.registered"); n != 1 {
			t.Errorf("%d registrations recorded, want 1", n)
		}
		p.install().activate(s.key)
	})
}

func TestAPersonFoundsAnOrganizationByRegisteringAKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s, founder := p.boxed(), p.person()
		got, err := p.RegisterKey(t.Context(), founder, licensing.Registration{Key: s.key, Organization: business()})
		if err != nil || got.OrganizationName != "Blue Harbor" {
			t.Fatalf("registered: %+v, %v", got, err)
		}
		role := p.count(`SELECT COUNT(*) FROM membership WHERE organization_id = ? AND person_id = ? AND role = 'account_administrator'`,
			got.OrganizationID, founder.PersonID)
		kind := p.count(`SELECT COUNT(*) FROM organization WHERE id = ? AND kind = 'customer' AND address = '1 Quay Street' AND country = 'CH'`, got.OrganizationID)
		if role != 1 || kind != 1 {
			t.Errorf("account administrators %d, organizations %d; want one of each", role, kind)
		}
		founder.Memberships = []identity.Membership{{OrganizationID: got.OrganizationID, Role: identity.AccountAdministrator}}
		again, err := p.RegisterKey(t.Context(), founder, licensing.Registration{Key: s.key, Organization: business()})
		if err != nil || again.OrganizationID != got.OrganizationID {
			t.Errorf("once more: %+v, %v; want the organization that was founded", again, err)
		}
		if n := p.count(`SELECT COUNT(*) FROM organization WHERE name = 'Blue Harbor'`); n != 1 {
			t.Errorf("%d organizations founded, want 1", n)
		}
	})
}

func TestARefusedRegistrationFoundsNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		taken := p.sell(p.plan(nil), nil)
		_, err := p.RegisterKey(t.Context(), p.person(), licensing.Registration{Key: taken.key, Organization: business()})
		if !problem.Is(err, problem.KeyRegisteredElsewhere) {
			t.Errorf("got %v, want key_registered_elsewhere", err)
		}
		if n := p.count(`SELECT COUNT(*) FROM organization WHERE name = 'Blue Harbor'`); n != 0 {
			t.Errorf("%d organizations founded, want none", n)
		}
	})
}

func TestWhyAKeyIsNotRegistered(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		boxed := p.boxed()
		elsewhere := p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.OrganizationID = p.organization("Other") })
		unknown, err := licensing.GenerateKey(catalog.DefaultPolicy(catalog.Subscription).KeyFormat, p.Rand)
		if err != nil {
			t.Fatal(err)
		}
		ended := p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.OrganizationID, n.EndsOn = "", "2026-05-31" })
		p.clock.advance(90 * 24 * time.Hour)
		admin := p.administrator()
		bound := admin
		bound.Kind, bound.OrganizationID = "token", p.org
		founding := func(alter func(*identity.NewOrganization)) licensing.Registration {
			o := business()
			alter(o)
			return licensing.Registration{Key: boxed.key, Organization: o}
		}
		for name, c := range map[string]struct {
			actor identity.Actor
			r     licensing.Registration
			want  problem.Code
		}{
			"unknown":                       {admin, licensing.Registration{Key: unknown, OrganizationID: p.org}, problem.KeyUnknown},
			"mistyped":                      {admin, licensing.Registration{Key: unknown[:len(unknown)-2] + "!!", OrganizationID: p.org}, problem.KeyMistyped},
			"another organization's":        {admin, licensing.Registration{Key: elsewhere.key, OrganizationID: p.org}, problem.KeyRegisteredElsewhere},
			"of an ended subscription":      {admin, licensing.Registration{Key: ended.key, OrganizationID: p.org}, problem.SubscriptionExpired},
			"to a foreign organization":     {p.person(), licensing.Registration{Key: boxed.key, OrganizationID: p.org}, problem.NotFound},
			"to one that does not exist":    {admin, licensing.Registration{Key: boxed.key, OrganizationID: "absent"}, problem.NotFound},
			"staff, to none that exists":    {staff(identity.Sales), licensing.Registration{Key: boxed.key, OrganizationID: "absent"}, problem.NotFound},
			"by a license administrator":    {p.member(p.org, identity.LicenseAdministrator), licensing.Registration{Key: boxed.key, OrganizationID: p.org}, problem.Forbidden},
			"by support":                    {staff(identity.Support), licensing.Registration{Key: boxed.key, OrganizationID: p.org}, problem.Forbidden},
			"staff founding":                {staff(identity.Owner), licensing.Registration{Key: boxed.key, Organization: business()}, problem.Forbidden},
			"a bound token founding":        {bound, licensing.Registration{Key: boxed.key, Organization: business()}, problem.Forbidden},
			"nobody":                        {identity.Actor{}, licensing.Registration{Key: boxed.key, Organization: business()}, problem.Unauthenticated},
			"nobody, to one":                {identity.Actor{}, licensing.Registration{Key: boxed.key, OrganizationID: p.org}, problem.Unauthenticated},
			"without an organization":       {admin, licensing.Registration{Key: boxed.key}, problem.ValidationFailed},
			"with two organizations":        {admin, licensing.Registration{Key: boxed.key, OrganizationID: p.org, Organization: business()}, problem.ValidationFailed},
			"founding without an address":   {p.person(), founding(func(o *identity.NewOrganization) { o.Address = "" }), problem.ValidationFailed},
			"founding without a phone":      {p.person(), founding(func(o *identity.NewOrganization) { o.Phone = "" }), problem.ValidationFailed},
			"founding without a name":       {p.person(), founding(func(o *identity.NewOrganization) { o.Name = "" }), problem.ValidationFailed},
			"founding in no such a country": {p.person(), founding(func(o *identity.NewOrganization) { o.Country = "Narnia" }), problem.ValidationFailed},
		} {
			t.Run(name, func(t *testing.T) {
				if _, err := p.RegisterKey(t.Context(), c.actor, c.r); !problem.Is(err, c.want) {
					t.Errorf("got %v, want %s", err, c.want)
				}
			})
		}
		if n := p.count(`SELECT COUNT(*) FROM subscription WHERE id = ? AND organization_id IS NOT NULL`, boxed.ID); n != 0 {
			t.Error("a refused registration registered the key")
		}
	})
}

func TestFaultsOfAFoundedOrganizationNameItsMembers(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		_, err := p.RegisterKey(t.Context(), p.person(), licensing.Registration{
			Key: p.boxed().key, Organization: &identity.NewOrganization{Name: " ", Address: "1 Quay Street", Phone: "1", Country: "x"},
		})
		var got []string
		for _, f := range problem.From(err).Fields {
			got = append(got, f.Pointer)
		}
		if diff := cmp.Diff([]string{"/organization/name", "/organization/country"}, got); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
	})
}

// TestTwoFoundersRegisterOneKey races people who each found an organization with
// the key of one box: one wins, and the others have founded nothing.
func TestTwoFoundersRegisterOneKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.boxed()
		codes := make([]problem.Code, 8)
		var racing sync.WaitGroup
		for n := range codes {
			founder := p.person()
			racing.Go(func() {
				_, err := p.RegisterKey(t.Context(), founder, licensing.Registration{Key: s.key, Organization: business()})
				codes[n] = codeOf(err)
			})
		}
		racing.Wait()
		got := map[problem.Code]int{}
		for _, code := range codes {
			got[code]++
		}
		if diff := cmp.Diff(map[problem.Code]int{"": 1, problem.KeyRegisteredElsewhere: 7}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if n := p.count(`SELECT COUNT(*) FROM organization WHERE name = 'Blue Harbor'`); n != 1 {
			t.Errorf("%d organizations founded, want 1", n)
		}
	})
}
