package identity

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/licethq/licet/internal/problem"
)

func TestTheOnlyAccountAdministratorWhoIsNotBlockedStaysOne(t *testing.T) {
	then := time.Unix(1, 0)
	member := func(id string, role MemberRole, blocked *time.Time) Membership {
		return Membership{PersonID: id, Role: role, BlockedAt: blocked}
	}
	alone := roster{member("a", AccountAdministrator, nil), member("b", AccountAdministrator, &then), member("c", LicenseAdministrator, nil)}
	pair := append(roster{member("d", AccountAdministrator, nil)}, alone...)
	demoted, barred, same := member("a", Member, nil), member("a", AccountAdministrator, &then), member("a", AccountAdministrator, nil)
	tests := []struct {
		name    string
		r       roster
		person  string
		becomes *Membership
		want    problem.Code
	}{
		{"the only one leaves", alone, "a", nil, problem.LastAdministrator},
		{"the only one is demoted", alone, "a", &demoted, problem.LastAdministrator},
		{"the only one is blocked", alone, "a", &barred, problem.LastAdministrator},
		{"the only one stays", alone, "a", &same, ""},
		{"a blocked one leaves", alone, "b", nil, ""},
		{"somebody else leaves", alone, "c", nil, ""},
		{"one of two leaves", pair, "a", nil, ""},
		{"one of two is blocked", pair, "a", &barred, ""},
		{"a stranger", alone, "x", nil, ""},
	}
	for _, tt := range tests {
		if got := codeOf(tt.r.mayBecome(tt.person, tt.becomes)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// codeOf gives the code of a problem; "" of none.
func codeOf(err error) problem.Code {
	if p := problem.From(err); p != nil {
		return p.Code
	}
	return ""
}

func TestWhateverIsAllowedLeavesAnAdministratorWhereThereWasOne(t *testing.T) {
	then := time.Unix(1, 0)
	roles := rapid.SampledFrom(MemberRoles)
	instants := rapid.SampledFrom([]*time.Time{nil, &then})
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "members")
		r := make(roster, n)
		for i := range r {
			r[i] = Membership{PersonID: string(rune('a' + i)), Role: roles.Draw(t, "role"), BlockedAt: instants.Draw(t, "blocked")}
		}
		before := administrators(r)
		i := rapid.IntRange(0, n-1).Draw(t, "who")
		becomes := &Membership{PersonID: r[i].PersonID, Role: roles.Draw(t, "becomes"), BlockedAt: instants.Draw(t, "then blocked")}
		if rapid.Bool().Draw(t, "leaves") {
			becomes = nil
		}
		allowed := r.mayBecome(r[i].PersonID, becomes) == nil
		r[i] = Membership{}
		if becomes != nil {
			r[i] = *becomes
		}
		if after := administrators(r); allowed == (before > 0 && after == 0) {
			t.Fatalf("allowed %v, with %d administrators before and %d after", allowed, before, after)
		}
	})
}

func administrators(r roster) int {
	n := 0
	for _, m := range r {
		if m.administers() {
			n++
		}
	}
	return n
}

func TestAnOwnerAlwaysRemains(t *testing.T) {
	one := []Staff{{PersonID: "a", Role: Owner}, {PersonID: "b", Role: Sales}}
	two := append([]Staff{{PersonID: "c", Role: Owner}}, one...)
	tests := []struct {
		name    string
		all     []Staff
		who     Staff
		becomes Role
		want    problem.Code
	}{
		{"the only owner goes", one, one[0], "", problem.LastOwner},
		{"the only owner sells", one, one[0], Sales, problem.LastOwner},
		{"the only owner stays", one, one[0], Owner, ""},
		{"somebody else goes", one, one[1], "", ""},
		{"one of two owners goes", two, one[0], "", ""},
	}
	for _, tt := range tests {
		if got := codeOf(mayBecomeStaff(tt.all, tt.who, tt.becomes)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
