package identity_test

import (
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
)

// desk is where agents ask and people decide, under a clock that is moved.
type desk struct {
	*identity.Service
	now *time.Time
}

func desks(t *testing.T, fn func(t *testing.T, d *desk)) {
	databasetest.Each(t, database.ServerSchema(), func(t *testing.T, db *database.DB) {
		now := noon
		var master [32]byte
		fn(t, &desk{now: &now, Service: &identity.Service{
			DB: db, Keyring: seal.NewKeyring(master), Now: func() time.Time { return now }, Rand: rand.Reader,
		}})
	})
}

func (d *desk) advance(by time.Duration) { *d.now = d.now.Add(by) }

func someAgent() identity.DeviceRequest {
	return identity.DeviceRequest{
		Installation: strings.Repeat("a", 43), HostName: "mac-server.example.com", Product: "fleet-manager", Version: "2.0",
		LicenseType: "desktop", Site: "Oslo", Key: "ABCDE-12345", Address: "192.0.2.7",
	}
}

// ask asks to sign in by code and gives what people see and what the agent keeps.
func (d *desk) ask(t *testing.T) (asked identity.DeviceAuthorization, deviceCode string) {
	t.Helper()
	asked, code, err := d.AskDevice(t.Context(), someAgent())
	if err != nil {
		t.Fatal(err)
	}
	return asked, code
}

// administrator founds an organization and gives its account administrator.
func (d *desk) administrator(t *testing.T, email string) (identity.Actor, identity.Organization) {
	t.Helper()
	id := aPerson(t, d.Service, email)
	o := found(t, d.Service, id)
	return acting(t, d.Service, id), o
}

func (d *desk) approve(t *testing.T, by identity.Actor, code, organizationID string) {
	t.Helper()
	if _, err := d.ApproveDevice(t.Context(), by, code, identity.DeviceApproval{OrganizationID: organizationID}); err != nil {
		t.Fatal(err)
	}
}

// codeOf gives the code of an error, "" for none.
func codeOf(err error) problem.Code {
	if err == nil {
		return ""
	}
	return problem.From(err).Code
}

func TestAnApprovedAgentGetsATokenThatRegistersKeysInThatOrganizationAlone(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		administrator, o := d.administrator(t, "administrator@example.com")
		asked, code := d.ask(t)
		seen, err := d.InspectDevice(t.Context(), administrator, identity.ShownUserCode(asked.UserCode))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(someAgent(), seen.Request); diff != "" {
			t.Errorf("what asks (-want +got):\n%s", diff)
		}
		d.approve(t, administrator, strings.ToLower(asked.UserCode), o.ID)
		grant, err := d.DeviceToken(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		want := identity.DeviceGrant{OrganizationID: o.ID, OrganizationName: "Blue Harbor", Token: grant.Token, ExpiresAt: noon.Add(15 * time.Minute)}
		if diff := cmp.Diff(want, grant); diff != "" {
			t.Errorf("grant (-want +got):\n%s", diff)
		}
		agent, err := d.Authenticate(t.Context(), grant.Token)
		if err != nil {
			t.Fatal(err)
		}
		wantActor := identity.Actor{
			Actor:    event.Actor{Kind: event.Token, ID: agent.ID, OnBehalfOf: administrator.PersonID},
			PersonID: administrator.PersonID, OrganizationID: o.ID, Memberships: administrator.Memberships,
			Scopes: identity.Scopes{identity.Write(identity.ScopeRegistration)},
		}
		if diff := cmp.Diff(wantActor, agent); diff != "" {
			t.Errorf("who the token is (-want +got):\n%s", diff)
		}
		d.advance(15 * time.Minute)
		if _, err := d.Authenticate(t.Context(), grant.Token); codeOf(err) != problem.Unauthenticated {
			t.Errorf("the token at its end: %v, want unauthenticated", err)
		}
		wantKinds := []string{
			"organization.created", "membership.created", "device_authorization.approved", "token.created", "device_authorization.used",
		}
		if diff := cmp.Diff(wantKinds, kinds(t, d.DB)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestATokenIsGivenOnceHoweverManyAsk(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		administrator, o := d.administrator(t, "administrator@example.com")
		const rounds = 12
		for range rounds {
			asked, code := d.ask(t)
			d.approve(t, administrator, asked.UserCode, o.ID)
			got := race(8, func(int) problem.Code {
				_, err := d.DeviceToken(t.Context(), code)
				return codeOf(err)
			})
			if diff := cmp.Diff(map[problem.Code]int{"": 1, problem.AuthorizationExpired: 7}, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		}
		tokens, err := database.One(d.DB.Read(t.Context()), database.Value[int64], `SELECT COUNT(*) FROM api_token`)
		if err != nil || tokens != rounds {
			t.Errorf("tokens: %d %v, want %d", tokens, err, rounds)
		}
	})
}

// race runs something at once so many times and counts what came of it.
func race(n int, do func(i int) problem.Code) map[problem.Code]int {
	var wg sync.WaitGroup
	codes := make([]problem.Code, n)
	for i := range n {
		wg.Go(func() { codes[i] = do(i) })
	}
	wg.Wait()
	count := map[problem.Code]int{}
	for _, c := range codes {
		count[c]++
	}
	return count
}

func TestOfThoseWhoDecideAtOnceOneDoes(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		first, o := d.administrator(t, "first@example.com")
		second, p := d.administrator(t, "second@example.com")
		third := acting(t, d.Service, aPerson(t, d.Service, "third@example.com"))
		founding := &identity.NewOrganization{Name: "Green Field", Address: "1 Example Street", Phone: "+1 555 0100"}
		for range 8 { // a race may go well by chance
			asked, _ := d.ask(t)
			before := d.stored(t)
			approve := func(by identity.Actor, a identity.DeviceApproval) func() error {
				return func() error {
					_, err := d.ApproveDevice(t.Context(), by, asked.UserCode, a)
					return err
				}
			}
			decide := []func() error{
				approve(first, identity.DeviceApproval{OrganizationID: o.ID}), approve(second, identity.DeviceApproval{OrganizationID: p.ID}),
				approve(third, identity.DeviceApproval{Organization: founding}),
				func() error { return d.DenyDevice(t.Context(), first, asked.UserCode) },
			}
			got := race(12, func(i int) problem.Code { return codeOf(decide[i%len(decide)]()) })
			if diff := cmp.Diff(map[problem.Code]int{"": 1, problem.AuthorizationExpired: 11}, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			after := d.stored(t)
			if after.decided != before.decided+1 || after.organizations != before.organizations+after.founded-before.founded {
				t.Errorf("stored before %+v, after %+v; want one decision more, and nothing of those who lost", before, after)
			}
		}
	})
}

// stored is how much there is of what decisions make.
type stored struct {
	decided, organizations int64
	founded                int64 // that an agent may sign in for
}

func (d *desk) stored(t *testing.T) stored {
	t.Helper()
	got, err := database.One(d.DB.Read(t.Context()), func(r database.Row) (s stored, err error) {
		err = r.Scan(&s.decided, &s.organizations, &s.founded)
		return s, err
	}, `SELECT (SELECT COUNT(*) FROM event WHERE kind LIKE 'device_authorization.%'), (SELECT COUNT(*) FROM organization),
		(SELECT COUNT(*) FROM device_authorization a JOIN organization o ON o.id = a.organization_id WHERE o.name = 'Green Field')`)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWhoMayApprove(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		administrator, o := d.administrator(t, "administrator@example.com")
		stranger, _ := d.administrator(t, "stranger@example.com")
		loner := acting(t, d.Service, aPerson(t, d.Service, "loner@example.com"))
		staff := identity.Actor{Actor: event.Actor{Kind: event.Person, ID: "p"}, PersonID: "p", Role: identity.Owner, SessionID: "s"}
		token := administrator
		token.Kind, token.SessionID = event.Token, ""
		demoted := administrator
		demoted.Memberships = []identity.Membership{{OrganizationID: o.ID, Role: identity.LicenseAdministrator}}
		for name, c := range map[string]struct {
			actor identity.Actor
			to    string
			want  problem.Code
		}{
			"nobody":                    {identity.Actor{}, o.ID, problem.Unauthenticated},
			"a token of theirs":         {token, o.ID, problem.Forbidden},
			"staff":                     {staff, o.ID, problem.Forbidden},
			"a license administrator":   {demoted, o.ID, problem.Forbidden},
			"another's administrator":   {stranger, o.ID, problem.NotFound},
			"a person without any":      {loner, o.ID, problem.NotFound},
			"for one that is not there": {administrator, "01990000-0000-7000-8000-000000000000", problem.NotFound},
			"for none":                  {administrator, "", problem.ValidationFailed},
			"the account administrator": {administrator, o.ID, ""},
		} {
			t.Run(name, func(t *testing.T) {
				asked, _ := d.ask(t)
				_, err := d.ApproveDevice(t.Context(), c.actor, asked.UserCode, identity.DeviceApproval{OrganizationID: c.to})
				if got := codeOf(err); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		}
	})
}

func TestWhoLeftTheOrganizationMeanwhileRegistersNothing(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		administrator, o := d.administrator(t, "administrator@example.com")
		asked, code := d.ask(t)
		d.approve(t, administrator, asked.UserCode, o.ID)
		err := d.DB.InTx(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(`UPDATE membership SET blocked_at = 1 WHERE person_id = ?`, administrator.PersonID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		grant, err := d.DeviceToken(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Authenticate(t.Context(), grant.Token); codeOf(err) != problem.Unauthenticated {
			t.Errorf("the token of somebody blocked: %v, want unauthenticated", err)
		}
	})
}

func TestAPollIsAnsweredByStateAndPace(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		_, code := d.ask(t)
		type answered struct {
			Code problem.Code
			Wait time.Duration
		}
		var got []answered
		for _, pause := range []time.Duration{0, 5, 4, 9, 10, 14, 20} {
			d.advance(pause * time.Second)
			_, err := d.DeviceToken(t.Context(), code)
			got = append(got, answered{codeOf(err), problem.From(err).RetryAfter})
		}
		want := []answered{
			{problem.AuthorizationPending, 5 * time.Second},
			{problem.AuthorizationPending, 5 * time.Second},
			{problem.SlowDown, 10 * time.Second},
			{problem.SlowDown, 15 * time.Second}, // nine seconds after the last are too few by now
			{problem.SlowDown, 20 * time.Second},
			{problem.SlowDown, 25 * time.Second},
			{problem.SlowDown, 30 * time.Second},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		d.advance(30 * time.Second)
		if _, err := d.DeviceToken(t.Context(), code); codeOf(err) != problem.AuthorizationPending {
			t.Errorf("after the whole wait: %v, want authorization_pending", err)
		}
	})
}

func TestACodeEndsWithItsTimeItsDenialAndItsUse(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		administrator, o := d.administrator(t, "administrator@example.com")
		for name, c := range map[string]struct {
			decide func(userCode string)
			wait   time.Duration
			want   problem.Code
		}{
			"approved and late": {func(code string) { d.approve(t, administrator, code, o.ID) }, 15 * time.Minute, problem.AuthorizationExpired},
			"nobody came":       {func(string) {}, 15 * time.Minute, problem.AuthorizationExpired},
			"denied":            {func(code string) { _ = d.DenyDevice(t.Context(), administrator, code) }, 0, problem.AuthorizationDenied},
			"just in time": {func(code string) {
				d.advance(15*time.Minute - time.Microsecond)
				d.approve(t, administrator, code, o.ID)
			}, 0, ""},
		} {
			t.Run(name, func(t *testing.T) {
				asked, code := d.ask(t)
				c.decide(asked.UserCode)
				d.advance(c.wait)
				if _, err := d.DeviceToken(t.Context(), code); codeOf(err) != c.want {
					t.Errorf("the agent gets %v, want %q", err, c.want)
				}
				_, late := d.ApproveDevice(t.Context(), administrator, asked.UserCode, identity.DeviceApproval{OrganizationID: o.ID})
				_, inspected := d.InspectDevice(t.Context(), administrator, asked.UserCode)
				if codeOf(late) != problem.AuthorizationExpired || codeOf(inspected) != problem.AuthorizationExpired {
					t.Errorf("people get %v and %v, want authorization_expired", late, inspected)
				}
			})
		}
		if _, err := d.DeviceToken(t.Context(), "guess"); codeOf(err) != problem.AuthorizationExpired {
			t.Errorf("a device code that nobody has: %v, want authorization_expired", err)
		}
	})
}

func TestCodesThatCannotBeAreLikeThoseThatAreNot(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		administrator, _ := d.administrator(t, "administrator@example.com")
		asked, _ := d.ask(t)
		for _, typed := range []string{
			"", "BBBBBBBB", asked.UserCode[:7], asked.UserCode + "B", "%", "AEIOUAEI", "ſßssssss", asked.UserCode[:4] + "\x00" + asked.UserCode[4:],
		} {
			if _, err := d.InspectDevice(t.Context(), administrator, typed); codeOf(err) != problem.AuthorizationExpired {
				t.Errorf("%q: %v, want authorization_expired", typed, err)
			}
		}
	})
}

func TestWhatExpiredIsForgottenWhenTheNextAsks(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.ask(t)
		d.advance(15 * time.Minute)
		d.ask(t)
		n, err := database.One(d.DB.Read(t.Context()), database.Value[int64], `SELECT COUNT(*) FROM device_authorization`)
		if err != nil || n != 1 {
			t.Errorf("stored requests: %d %v, want the new one alone", n, err)
		}
	})
}

func TestWhatAnAgentSaysIsSealed(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		_, code := d.ask(t)
		type row struct {
			hash, sealed []byte
		}
		stored, err := database.One(d.DB.Read(t.Context()), func(r database.Row) (v row, err error) {
			err = r.Scan(&v.hash, &v.sealed)
			return v, err
		}, `SELECT device_hash, sealed FROM device_authorization`)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{someAgent().Key, someAgent().HostName, code} {
			if strings.Contains(string(stored.sealed)+string(stored.hash), secret) {
				t.Errorf("%q is stored as it is", secret)
			}
		}
	})
}

func TestAnAgentSaysNothingThatSteersPagesOrTerminals(t *testing.T) {
	for name, change := range map[string]func(*identity.DeviceRequest){
		"/host_name":    func(r *identity.DeviceRequest) { r.HostName = "mac\x1b[2J" },
		"/site":         func(r *identity.DeviceRequest) { r.Site = "Oslo\u202eevil" },
		"/product":      func(r *identity.DeviceRequest) { r.Product = "a\nb" },
		"/version":      func(r *identity.DeviceRequest) { r.Version = "2\u200b.0" },
		"/license_type": func(r *identity.DeviceRequest) { r.LicenseType = "" },
		"/upgrade_from": func(r *identity.DeviceRequest) { r.UpgradeFrom = "1\r" },
		"/key":          func(r *identity.DeviceRequest) { r.Key = strings.Repeat("A", 201) },
		"/installation": func(r *identity.DeviceRequest) { r.Installation = "https://example.com" },
	} {
		t.Run(name, func(t *testing.T) {
			r := someAgent()
			change(&r)
			pointers := map[string]bool{}
			for _, f := range problem.From(r.Validate()).Fields {
				pointers[f.Pointer] = true
			}
			if got := slices.Collect(maps.Keys(pointers)); !slices.Equal(got, []string{name}) {
				t.Errorf("faults at %v, want %s", got, name)
			}
		})
	}
}

func TestAUserCodeIsReadHoweverItIsTyped(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		administrator, _ := d.administrator(t, "administrator@example.com")
		asked, _ := d.ask(t)
		rapid.Check(t, func(r *rapid.T) {
			var typed strings.Builder
			for _, letter := range asked.UserCode {
				typed.WriteString(rapid.SampledFrom([]string{"", " ", "-", "\u00a0"}).Draw(r, "between"))
				typed.WriteString(rapid.SampledFrom([]string{string(letter), strings.ToLower(string(letter))}).Draw(r, "letter"))
			}
			seen, err := d.InspectDevice(t.Context(), administrator, typed.String())
			if err != nil || seen.ID != asked.ID {
				r.Fatalf("%q: %v, want the request", typed.String(), err)
			}
		})
	})
}
