package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

// pair is two servers on one PostgreSQL database.
type pair [2]*servertest.Server

func newPair(t *testing.T) pair {
	t.Helper()
	url := databasetest.PostgresURL(t, database.ServerSchema())
	first := servertest.Start(t, func(c *server.Config) { c.Folder.Database = url })
	key, err := os.ReadFile(filepath.Join(first.Config.Folder.Path, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	second := servertest.Start(t, func(c *server.Config) { c.Folder.Database, c.Folder.MasterKey = url, string(key) })
	return pair{first, second}
}

// sessions gives clients of both servers for one session of a person.
func (p pair) sessions(t *testing.T, personID string) [2]*api.Client {
	t.Helper()
	first := p[0].Session(t, personID)
	second := api.New(p[1].URL, "")
	second.HTTP.Transport = first.HTTP.Transport
	return [2]*api.Client{first, second}
}

func (p pair) organization(t *testing.T) string {
	t.Helper()
	made, err := p[0].Client(t, identity.Sales).CreateOrganization(t.Context(), api.NewOrganization{Kind: "customer", Name: "Blue Harbor"})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// atOnce makes calls at the same time and gives the codes of their problems.
func atOnce(calls ...func(ctx context.Context) error) []string {
	codes := make([]string, len(calls))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() {
			<-start
			codes[i] = refusal(call(context.Background()))
		})
	}
	close(start)
	wg.Wait()
	return codes
}

// refusal gives the code of a problem; empty for none.
func refusal(err error) string {
	var p *api.Problem
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return p.Code
	default:
		return err.Error()
	}
}

// tally counts texts.
func tally(texts []string) map[string]int {
	n := map[string]int{}
	for _, text := range texts {
		n[text]++
	}
	return n
}

const rounds = 10

func TestASessionCountsOnBothServersAndEndsOnBoth(t *testing.T) {
	p := newPair(t)
	organization := p.organization(t)
	boss := p.sessions(t, p[0].Member(t, organization, identity.AccountAdministrator).ID)
	member := p[0].Member(t, organization, identity.Member).ID
	theirs := p.sessions(t, member)
	for i, client := range theirs {
		if _, err := client.Organization(t.Context(), organization); err != nil {
			t.Errorf("at server %d: %v", i, err)
		}
	}
	if _, err := boss[0].BlockMember(t.Context(), organization, member); err != nil {
		t.Fatal(err)
	}
	for i, client := range theirs {
		if _, err := client.Organization(t.Context(), organization); refusal(err) != "unauthenticated" {
			t.Errorf("blocked, at server %d: %v, want unauthenticated at once", i, err)
		}
	}
}

func TestTwoServersLeaveAnOrganizationItsLastAdministrator(t *testing.T) {
	p := newPair(t)
	for range rounds {
		organization := p.organization(t)
		a := p[0].Member(t, organization, identity.AccountAdministrator).ID
		b := p[0].Member(t, organization, identity.AccountAdministrator).ID
		demoted := string(identity.Member)
		asA, asB := p[0].Session(t, a), p[1].Session(t, b)
		atOnce(
			func(ctx context.Context) error {
				_, err := asA.ChangeMember(ctx, organization, b, api.MemberChange{Role: &demoted})
				return err
			},
			func(ctx context.Context) error { return asB.RemoveMember(ctx, organization, a) },
		)
		left, err := database.One(p[0].Data.DB.Read(t.Context()), database.Value[int64],
			`SELECT COUNT(*) FROM membership WHERE organization_id = ? AND role = 'account_administrator' AND blocked_at IS NULL`, organization)
		if err != nil || left != 1 {
			t.Fatalf("%d administrators are left (%v), want 1", left, err)
		}
	}
}

// salable makes a product with a plan and gives the plan's id.
func (p pair) salable(t *testing.T) string {
	t.Helper()
	owner := p[0].Client(t, identity.Owner)
	product, err := owner.CreateProduct(t.Context(), api.NewProduct{Code: "mac-management", Name: "Mac Management"})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := owner.CreatePlan(t.Context(), api.NewPlan{ProductID: product.ID, Code: "desktop", Name: "Desktop", Policy: api.NewPolicy{
		Model: "subscription", LicenseType: api.LicenseType{Code: "desktop", Name: "Desktop", Metric: "devices"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return plan.ID
}

func TestTwoServersRegisterAKeyToOneOrganization(t *testing.T) {
	p := newPair(t)
	plan, sales := p.salable(t), p[0].Client(t, identity.Sales)
	for range rounds {
		sold, err := sales.CreateSubscription(t.Context(), api.NewSubscription{PlanID: plan, EndsOn: "2099-12-31"})
		if err != nil {
			t.Fatal(err)
		}
		register := func(s *servertest.Server) func(context.Context) error {
			organization := p.organization(t)
			client := s.Session(t, s.Member(t, organization, identity.AccountAdministrator).ID)
			return func(ctx context.Context) error {
				_, err := client.RegisterKey(ctx, api.Registration{Key: sold.Key.Key, OrganizationID: organization})
				return err
			}
		}
		got := tally(atOnce(register(p[0]), register(p[1])))
		if diff := cmp.Diff(map[string]int{"": 1, "key_registered_elsewhere": 1}, got); diff != "" {
			t.Fatalf("one key, two organizations (-want +got):\n%s", diff)
		}
	}
}

func TestTwoServersReserveNoMoreThanThereIs(t *testing.T) {
	const seats, asking, quota = 10, 24, 1
	p := newPair(t)
	plan, organization := p.salable(t), p.organization(t)
	sold, err := p[0].Client(t, identity.Sales).CreateSubscription(t.Context(), api.NewSubscription{
		PlanID: plan, OrganizationID: organization, Quantity: new(int64(seats)), EndsOn: "2099-12-31",
	})
	if err != nil {
		t.Fatal(err)
	}
	boss := p.sessions(t, p[0].Member(t, organization, identity.AccountAdministrator).ID)
	calls := make([]func(context.Context) error, asking)
	for i := range calls {
		calls[i] = func(ctx context.Context) error {
			_, err := boss[i%2].CreateSublicense(ctx, sold.Subscription.ID, api.NewSublicense{Name: "Branch", Quota: quota, Mode: "reserved"})
			return err
		}
	}
	want := map[string]int{"": seats, "pool_exhausted": asking - seats}
	if diff := cmp.Diff(want, tally(atOnce(calls...))); diff != "" {
		t.Errorf("sublicenses of %d at both servers (-want +got):\n%s", quota, diff)
	}
	now, err := p[1].Client(t, identity.Auditor).Subscription(t.Context(), sold.Subscription.ID)
	if err != nil || now.Seats.Reserved != seats {
		t.Errorf("%d reserved (%v), want %d", now.Seats.Reserved, err, seats)
	}
}

func TestTwoServersTakeAnInvitationOnce(t *testing.T) {
	p := newPair(t)
	for range rounds {
		organization := p.organization(t)
		boss := p[0].Session(t, p[0].Member(t, organization, identity.AccountAdministrator).ID)
		guest := p[0].Person(t, "Guest", "Desk")
		if _, err := boss.Invite(t.Context(), organization, api.NewInvitations{Emails: []string{guest.Email}, Role: "member", Language: "en"}); err != nil {
			t.Fatal(err)
		}
		token := ""
		for _, link := range p[0].Mail(t, guest.Email).Links {
			if _, after, ok := strings.Cut(link, "/invite?token="); ok {
				token = after
			}
		}
		theirs := p.sessions(t, guest.ID)
		accept := func(at int) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := theirs[at].AcceptInvitation(ctx, api.Acceptance{Token: token})
				return err
			}
		}
		if got := tally(atOnce(accept(0), accept(1))); got[""] != 1 || got["invitation_ended"]+got["already_member"] != 1 {
			t.Fatalf("one invitation accepted at both servers: %v, want once", got)
		}
	}
}

func TestTwoServersDoARepeatedRequestOnce(t *testing.T) {
	p := newPair(t)
	plan, token := p.salable(t), p[0].Token(t, identity.Sales)
	clients := [2]*api.Client{api.New(p[0].URL, token), api.New(p[1].URL, token)}
	for i := range rounds {
		key := string(rune('a' + i))
		ids := [2]string{}
		sell := func(at int) func(context.Context) error {
			return func(ctx context.Context) error {
				made, err := clients[at].CreateSubscription(api.Repeatable(ctx, key), api.NewSubscription{PlanID: plan, EndsOn: "2099-12-31"})
				ids[at] = made.Subscription.ID
				return err
			}
		}
		if got := tally(atOnce(sell(0), sell(1))); got[""] != 2 || ids[0] != ids[1] {
			t.Fatalf("the same request at both servers: %v and %v, want one subscription told twice", got, ids)
		}
	}
	n, err := database.One(p[0].Data.DB.Read(t.Context()), database.Value[int64], `SELECT COUNT(*) FROM subscription`)
	if err != nil || n != rounds {
		t.Errorf("%d subscriptions (%v), want %d", n, err, rounds)
	}
}
