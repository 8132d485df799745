package identity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// Organizations and keys of these tests.
const (
	harbor  = "harbor"
	orchard = "orchard"
	nowhere = "nowhere"

	primary = "primary"
	sub     = "sub"
)

// person gives somebody with a staff role, perhaps none, and memberships.
func person(role identity.Role, memberships ...identity.Membership) identity.Actor {
	return identity.Actor{Actor: event.Actor{Kind: event.Person, ID: "p"}, PersonID: "p", Role: role, Memberships: memberships, SessionID: "s"}
}

func in(organization string, role identity.MemberRole, keys ...string) identity.Membership {
	return identity.Membership{OrganizationID: organization, PersonID: "p", Role: role, Keys: keys}
}

// cast are the actors of these tests, by what they are.
var cast = map[string]identity.Actor{
	"nobody":                  {},
	"system":                  identity.System("test"),
	"owner":                   person(identity.Owner),
	"auditor":                 person(identity.Auditor),
	"administrator":           person("", in(harbor, identity.AccountAdministrator)),
	"holder":                  person("", in(harbor, identity.LicenseAdministrator, sub)),
	"member":                  person("", in(harbor, identity.Member, sub)),
	"stranger":                person("", in(orchard, identity.AccountAdministrator)),
	"loner":                   person(""),
	"auditor who administers": person(identity.Auditor, in(harbor, identity.AccountAdministrator)),
	"auditor who holds":       person(identity.Auditor, in(harbor, identity.LicenseAdministrator, sub)),
	"administrator of two":    person("", in(harbor, identity.AccountAdministrator), in(orchard, identity.Member)),
}

// codes gives what each of the cast is answered.
func codes(ask func(identity.Actor) error) map[string]problem.Code {
	got := map[string]problem.Code{}
	for name, actor := range cast {
		got[name] = ""
		if err := ask(actor); err != nil {
			got[name] = problem.From(err).Code
		}
	}
	return got
}

const (
	ok              = problem.Code("")
	forbidden       = problem.Forbidden
	notFound        = problem.NotFound
	unauthenticated = problem.Unauthenticated
)

func TestActorsMayWhatTheirRolesSay(t *testing.T) {
	tests := map[string]struct {
		ask  func(identity.Actor) error
		want map[string]problem.Code
	}{
		"owners": {
			func(a identity.Actor) error { return a.Require(identity.Owners...) },
			map[string]problem.Code{
				"nobody": unauthenticated, "system": ok, "owner": ok, "auditor": forbidden, "administrator": forbidden, "holder": forbidden,
				"member": forbidden, "stranger": forbidden, "loner": forbidden, "auditor who administers": forbidden,
				"auditor who holds": forbidden, "administrator of two": forbidden,
			},
		},
		"no role at all": {
			func(a identity.Actor) error { return a.Require() },
			map[string]problem.Code{
				"nobody": unauthenticated, "system": ok, "owner": forbidden, "auditor": forbidden, "administrator": forbidden, "holder": forbidden,
				"member": forbidden, "stranger": forbidden, "loner": forbidden, "auditor who administers": forbidden,
				"auditor who holds": forbidden, "administrator of two": forbidden,
			},
		},
		"account administrators and sellers": {
			func(a identity.Actor) error {
				return a.RequireIn(harbor, identity.AccountAdministrator, identity.Sellers...)
			},
			map[string]problem.Code{
				"nobody": unauthenticated, "system": ok, "owner": ok, "auditor": forbidden, "administrator": ok, "holder": forbidden,
				"member": forbidden, "stranger": notFound, "loner": notFound, "auditor who administers": ok,
				"auditor who holds": forbidden, "administrator of two": ok,
			},
		},
		"members, of an organization that is not there": {
			func(a identity.Actor) error { return a.RequireIn(nowhere, identity.Member) },
			map[string]problem.Code{
				"nobody": unauthenticated, "system": ok, "owner": forbidden, "auditor": forbidden, "administrator": notFound, "holder": notFound,
				"member": notFound, "stranger": notFound, "loner": notFound, "auditor who administers": forbidden,
				"auditor who holds": forbidden, "administrator of two": notFound,
			},
		},
		"members, of no organization": {
			func(a identity.Actor) error { return a.RequireIn("", identity.Member, identity.AnyStaff...) },
			map[string]problem.Code{
				"nobody": unauthenticated, "system": ok, "owner": ok, "auditor": ok, "administrator": notFound, "holder": notFound,
				"member": notFound, "stranger": notFound, "loner": notFound, "auditor who administers": ok,
				"auditor who holds": ok, "administrator of two": notFound,
			},
		},
		"holders of a key that is granted": {
			func(a identity.Actor) error { return a.RequireKey(harbor, sub, identity.Helpers...) },
			map[string]problem.Code{
				"nobody": unauthenticated, "system": ok, "owner": ok, "auditor": forbidden, "administrator": ok, "holder": ok,
				"member": forbidden, "stranger": notFound, "loner": notFound, "auditor who administers": ok,
				"auditor who holds": ok, "administrator of two": ok,
			},
		},
		"holders of a key that is not": {
			func(a identity.Actor) error { return a.RequireKey(harbor, primary, identity.Helpers...) },
			map[string]problem.Code{
				"nobody": unauthenticated, "system": ok, "owner": ok, "auditor": forbidden, "administrator": ok, "holder": notFound,
				"member": forbidden, "stranger": notFound, "loner": notFound, "auditor who administers": ok,
				"auditor who holds": forbidden, "administrator of two": ok,
			},
		},
		"a key that nobody has registered": {
			func(a identity.Actor) error { return a.RequireKey("", primary, identity.Helpers...) },
			map[string]problem.Code{
				"nobody": unauthenticated, "system": ok, "owner": ok, "auditor": forbidden, "administrator": notFound, "holder": notFound,
				"member": notFound, "stranger": notFound, "loner": notFound, "auditor who administers": forbidden,
				"auditor who holds": forbidden, "administrator of two": notFound,
			},
		},
		"people by a session": {
			identity.Actor.RequirePerson,
			map[string]problem.Code{
				"nobody": unauthenticated, "system": forbidden, "owner": ok, "auditor": ok, "administrator": ok, "holder": ok, "member": ok,
				"stranger": ok, "loner": ok, "auditor who administers": ok, "auditor who holds": ok, "administrator of two": ok,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, codes(tt.ask)); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListsShowWhatTheirReaderMaySee(t *testing.T) {
	everything := identity.Sight{}
	ofHarbor := identity.Sight{OrganizationID: harbor}
	theirKeys := identity.Sight{OrganizationID: harbor, Limited: true, Keys: []string{sub}}
	tests := map[string]struct {
		ask  func(identity.Actor) (identity.Sight, error)
		want map[string]any // a Sight or a code
	}{
		"nothing named, for staff of any role": {
			func(a identity.Actor) (identity.Sight, error) { return a.See("", identity.AnyStaff...) },
			map[string]any{
				"nobody": unauthenticated, "system": everything, "owner": everything, "auditor": everything, "administrator": ofHarbor,
				"holder": theirKeys, "member": forbidden, "stranger": identity.Sight{OrganizationID: orchard}, "loner": forbidden,
				"auditor who administers": everything, "auditor who holds": everything, "administrator of two": problem.ValidationFailed,
			},
		},
		"the harbor, for staff of any role": {
			func(a identity.Actor) (identity.Sight, error) { return a.See(harbor, identity.AnyStaff...) },
			map[string]any{
				"nobody": unauthenticated, "system": ofHarbor, "owner": ofHarbor, "auditor": ofHarbor, "administrator": ofHarbor,
				"holder": theirKeys, "member": forbidden, "stranger": notFound, "loner": notFound,
				"auditor who administers": ofHarbor, "auditor who holds": ofHarbor, "administrator of two": ofHarbor,
			},
		},
		"nothing named, for owners alone": {
			func(a identity.Actor) (identity.Sight, error) { return a.See("", identity.Owners...) },
			map[string]any{
				"nobody": unauthenticated, "system": everything, "owner": everything, "auditor": forbidden, "administrator": ofHarbor,
				"holder": theirKeys, "member": forbidden, "stranger": identity.Sight{OrganizationID: orchard}, "loner": forbidden,
				"auditor who administers": ofHarbor, "auditor who holds": theirKeys, "administrator of two": problem.ValidationFailed,
			},
		},
		"an organization that is not there": {
			func(a identity.Actor) (identity.Sight, error) { return a.See(nowhere, identity.Owners...) },
			map[string]any{
				"nobody": unauthenticated, "system": identity.Sight{OrganizationID: nowhere}, "owner": identity.Sight{OrganizationID: nowhere},
				"auditor": forbidden, "administrator": notFound, "holder": notFound, "member": notFound, "stranger": notFound,
				"loner": notFound, "auditor who administers": forbidden, "auditor who holds": forbidden, "administrator of two": notFound,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := map[string]any{}
			for who, actor := range cast {
				got[who] = sightOrCode(tt.ask(actor))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("seen (-want +got):\n%s", diff)
			}
		})
	}
}

func sightOrCode(s identity.Sight, err error) any {
	if err != nil {
		return problem.From(err).Code
	}
	return s
}

func TestAMemberOfSeveralMeansTheOneTheyLookAt(t *testing.T) {
	both := []identity.Membership{in(harbor, identity.AccountAdministrator), in(orchard, identity.Member)}
	tests := []struct {
		name, looksAt, named string
		memberships          []identity.Membership
		want                 any
	}{
		{"the named one", orchard, harbor, both, harbor},
		{"the one they look at", orchard, "", both, orchard},
		{"one that they have left since", "left", "", both[:1], harbor},
		{"nothing, with two", "", "", both, problem.ValidationFailed},
		{"nothing, with two and one that they left", "left", "", both, problem.ValidationFailed},
		{"nothing, with none", "", "", nil, forbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := person("", tt.memberships...)
			a.OrganizationID = tt.looksAt
			if got := textOrCode(a.Means(tt.named)); got != tt.want {
				t.Errorf("means %v, want %v", got, tt.want)
			}
		})
	}
}

func textOrCode(s string, err error) any {
	if err != nil {
		return problem.From(err).Code
	}
	return s
}

// Whoever is not the system, not staff, and not a member of an organization gets
// the same answer for it as for one that does not exist, whatever is asked.
func TestAForeignOrganizationLooksLikeNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := person("", rapid.SliceOfN(rapid.Custom(func(t *rapid.T) identity.Membership {
			return in(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "organization"),
				rapid.SampledFrom(identity.MemberRoles).Draw(t, "role"), rapid.SampledFrom([]string{primary, sub}).Draw(t, "key"))
		}), 0, 2).Draw(t, "memberships")...)
		least := rapid.SampledFrom(identity.MemberRoles).Draw(t, "least")
		for _, ask := range []func(string) error{
			func(id string) error { return a.RequireIn(id, least, identity.AnyStaff...) },
			func(id string) error { return a.RequireKey(id, sub, identity.AnyStaff...) },
			func(id string) error { _, err := a.See(id, identity.AnyStaff...); return err },
		} {
			foreign, absent := ask(harbor), ask(nowhere)
			if !problem.Is(foreign, notFound) || foreign.Error() != absent.Error() {
				t.Errorf("foreign %v, absent %v", foreign, absent)
			}
		}
	})
}
