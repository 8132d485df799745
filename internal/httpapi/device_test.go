package httpapi_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

// signedIn gives the token of an agent whose sign-in was approved.
func (p *shop) signedIn(t testing.TB) api.DeviceToken {
	t.Helper()
	asked, _ := p.approved(t)
	return must[api.DeviceToken](t)(api.New(p.URL, "").DeviceToken(t.Context(), asked.DeviceCode))
}

func TestATokenOfASignInByCodeDoesNothingButRegisterInItsOrganization(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		token := p.signedIn(t).Token
		_, ops := operations(t, s)
		table := matrix(t)
		mine := []string{"register-key", "get-session"}                      // any token may ask whose it is
		refused := map[string]bool{"scope_missing": true, "forbidden": true} // by the scope, or for want of a session
		for _, id := range slices.Sorted(maps.Keys(ops)) {
			anonymous := table[id].anonymous || table[id].anyScope
			c := p.allowed(t, table[id])
			c.token, c.cookie = token, ""
			asked := table[id].make(t, c)
			before := p.events(t)
			answer := c.call(t, ops[id], asked)
			changed := p.events(t) - before
			if may := anonymous || slices.Contains(mine, id); may == refused[answer.code()] || !may && changed > 0 {
				t.Errorf("%s: %d with %d events; may is %t: %s", id, answer.status, changed, may, answer.body)
			}
		}
		agent := api.New(p.URL, token)
		key := p.sell(t, "").Key.Key
		_, foreign := agent.RegisterKey(t.Context(), api.Registration{Key: key, OrganizationID: p.another(t)})
		_, founding := agent.RegisterKey(t.Context(), api.Registration{Key: key, Organization: &api.NewBusiness{Name: "A", Address: "B", Phone: "C"}})
		if code(foreign) != "not_found" || code(founding) != "forbidden" {
			t.Errorf("another organization: %v; a new one: %v; want not_found and forbidden", foreign, founding)
		}
		registered := must[api.Subscription](t)(agent.RegisterKey(t.Context(), api.Registration{Key: key, OrganizationID: p.organization.ID}))
		if registered.OrganizationID != p.organization.ID {
			t.Errorf("registered to %s, want %s", registered.OrganizationID, p.organization.ID)
		}
	}, patient)
}

func TestGuessedUserCodesAreHeldBackEvenWhenOneIsRight(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.FailuresPerMinute = 5 })
	p := open(t, s)
	asked := p.ask(t, "")
	administrator := s.Session(t, s.Member(t, p.organization.ID, identity.AccountAdministrator).ID)
	guess := func(userCode string) string {
		_, inspected := administrator.InspectDevice(t.Context(), userCode)
		return code(inspected)
	}
	var got []string
	for range 5 {
		got = append(got, guess("BBBB-BBBB"))
	}
	_, approved := administrator.ApproveDevice(t.Context(), api.DeviceApproval{UserCode: asked.UserCode, OrganizationID: p.organization.ID})
	got = append(got, guess(asked.UserCode), code(approved), code(administrator.DenyDevice(t.Context(), asked.UserCode)))
	want := append(slices.Repeat([]string{"authorization_expired"}, 5), slices.Repeat([]string{"too_many_failures"}, 3)...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestAnAddressAsksSoManyTimesAMinute(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.FailuresPerMinute = 3 })
	p := open(t, s)
	for range 3 {
		p.ask(t, "")
	}
	_, err := api.New(p.URL, "").AskDevice(t.Context(), asking("mac", ""))
	if code(err) != "busy" || err.(*api.Problem).RetryAfter <= 0 { //nolint:errorlint // code has looked
		t.Errorf("the fourth: %v, want busy with a time to wait", err)
	}
}

func TestAPersonSeesWhatAsksAndWhichOrganizationIsRecommended(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		registered, unregistered := p.sell(t, p.organization.ID).Key.Key, p.sell(t, "").Key.Key
		administrator := s.Session(t, s.Member(t, p.organization.ID, identity.AccountAdministrator).ID)
		member := s.Session(t, s.Member(t, p.organization.ID, identity.Member).ID)
		stranger := s.Session(t, s.Person(t, "Mika", "Stone").ID)
		home := func(may, recommended bool) api.DeviceOrganization {
			return api.DeviceOrganization{ID: p.organization.ID, Name: "Blue Harbor", MayApprove: may, Recommended: recommended}
		}
		type shown struct {
			Holder    *api.DeviceOrganization
			Elsewhere bool
			Choice    []api.DeviceOrganization
			MayFound  bool
			Problem   string
		}
		for name, c := range map[string]struct {
			client *api.Client
			key    string
			want   shown
		}{
			"the holder's administrator": {administrator, registered, shown{ptr(home(true, true)), false, []api.DeviceOrganization{home(true, true)}, false, ""}},
			"the holder's member":        {member, registered, shown{ptr(home(false, true)), false, []api.DeviceOrganization{}, false, ""}},
			"a stranger":                 {stranger, registered, shown{nil, true, []api.DeviceOrganization{}, false, ""}},
			"a key of nobody":            {administrator, unregistered, shown{nil, false, []api.DeviceOrganization{home(true, false)}, true, ""}},
			"a mistyped key":             {stranger, "ABCDE-FGHJK", shown{nil, false, []api.DeviceOrganization{}, true, "key_mistyped"}},
		} {
			t.Run(name, func(t *testing.T) {
				asked := p.ask(t, c.key)
				if !strings.HasPrefix(asked.VerificationURIComplete, s.URL+"/device?code="+asked.UserCode) || asked.Interval != 5 || asked.ExpiresIn != 900 {
					t.Errorf("asked: %+v", asked)
				}
				seen := must[api.DeviceInspection](t)(c.client.InspectDevice(t.Context(), asked.UserCode))
				got := shown{seen.Holder, seen.RegisteredElsewhere, seen.Organizations, seen.MayFound, seen.KeyProblem}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("recommendation (-want +got):\n%s", diff)
				}
				if seen.Address != "127.0.0.1" || seen.Site != "Oslo" || !seen.KeptForLater || strings.Contains(seen.Key, c.key) {
					t.Errorf("what asks: %+v", seen)
				}
			})
		}
	})
}

func TestApprovingTwiceWithOneIdempotencyKeyFoundsOneOrganization(t *testing.T) {
	s := servertest.Start(t)
	p := open(t, s)
	asked := p.ask(t, "")
	c := p.caller(t, loner)
	_, ops := operations(t, s)
	r := request{body: api.DeviceApproval{UserCode: asked.UserCode, Organization: &api.NewBusiness{Name: "Green Field", Address: "1 Example Street", Phone: "555"}}}
	first := c.call(t, ops["approve-device"], r, "Idempotency-Key", "once")
	c.cookie = p.Cookie(t, c.person) // who is a member now
	again := c.call(t, ops["approve-device"], r, "Idempotency-Key", "once")
	if first.status != 200 || first.body != again.body {
		t.Errorf("first %d %s, again %d %s; want the same", first.status, first.body, again.status, again.body)
	}
}
