package identity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
)

// join makes a person a member of an organization.
func join(t *testing.T, s *identity.Service, organizationID, personID string, role identity.MemberRole) {
	t.Helper()
	change(t, s, `INSERT INTO membership (organization_id, person_id, role, created_at) VALUES (?, ?, ?, ?)`,
		organizationID, personID, string(role), database.Micros(noon))
}

// change changes the database directly.
func change(t *testing.T, s *identity.Service, query string, args ...any) {
	t.Helper()
	err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// count counts what a query finds.
func count(t *testing.T, s *identity.Service, query string, args ...any) int64 {
	t.Helper()
	n, err := database.One(s.DB.Read(t.Context()), database.Value[int64], query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// crew is an organization with an account administrator and another person.
type crew struct {
	*identity.Service
	organizationID string
	admin          identity.Actor
	other          string
}

// withCrew runs a test on both engines with a crew whose other has a role.
func withCrew(t *testing.T, role identity.MemberRole, fn func(t *testing.T, c *crew, post *mailtest.Post)) {
	withMail(t, func(t *testing.T, s *identity.Service, post *mailtest.Post) { fn(t, newCrew(t, s, role), post) })
}

func newCrew(t *testing.T, s *identity.Service, role identity.MemberRole) *crew {
	t.Helper()
	adminID, otherID := aPerson(t, s, "admin@example.com"), aPerson(t, s, "other@example.com")
	o := found(t, s, adminID)
	join(t, s, o.ID, otherID, role)
	return &crew{Service: s, organizationID: o.ID, admin: acting(t, s, adminID), other: otherID}
}

func TestANewRoleIsMailedInThePersonsLanguage(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		change(t, c.Service, `UPDATE person SET language = 'ja' WHERE id = ?`, c.other)
		role := identity.AccountAdministrator
		got, err := c.ChangeMember(t.Context(), c.admin, c.organizationID, c.other, identity.MemberChange{Role: &role}, 0)
		if err != nil || got.Role != role || got.Version != 2 {
			t.Fatalf("changed: %+v %v", got, err)
		}
		if mail := post.Wait(t, "other@example.com"); mail.Subject != "Blue Harbor での役割が変更されました" {
			t.Errorf("subject: %s", mail.Subject)
		}
	})
}

func TestAMemberWhoIsNoLongerLicenseAdministratorHoldsNoKeys(t *testing.T) {
	withCrew(t, identity.LicenseAdministrator, func(t *testing.T, c *crew, _ *mailtest.Post) {
		keys := []string{aKey(t, c.Service, c.organizationID, "1"), aKey(t, c.Service, c.organizationID, "2")}
		got, err := c.GrantKeys(t.Context(), c.admin, c.organizationID, c.other, keys, 0)
		if diff := cmp.Diff(keys, got.Keys); diff != "" || err != nil || got.KeyCount != 2 {
			t.Fatalf("granted (-want +got):\n%s %v", diff, err)
		}
		for _, role := range []identity.MemberRole{identity.Member, identity.LicenseAdministrator} {
			if got, err = c.ChangeMember(t.Context(), c.admin, c.organizationID, c.other, identity.MemberChange{Role: &role}, 0); err != nil {
				t.Fatal(err)
			}
		}
		if len(got.Keys) != 0 {
			t.Errorf("keys that came back with the role: %v", got.Keys)
		}
	})
}

// aKey stores a key of an organization.
func aKey(t *testing.T, s *identity.Service, organizationID, suffix string) string {
	t.Helper()
	ids := []any{"product-" + suffix, "plan-" + suffix, "subscription-" + suffix, "key-" + suffix}
	change(t, s, `INSERT INTO product (id, code, name, created_at) VALUES (?, ?, 'Mac Management', 1)`, ids[0], ids[0])
	change(t, s, `INSERT INTO plan (id, product_id, code, name, policy, created_at) VALUES (?, ?, 'desktop', 'Desktop', '{}', 1)`, ids[1], ids[0])
	change(t, s, `INSERT INTO subscription (id, organization_id, plan_id, starts_on, created_at) VALUES (?, ?, ?, '2027-01-01', 1)`,
		ids[2], organizationID, ids[1])
	change(t, s, `INSERT INTO license_key (id, subscription_id, organization_id, kind, lookup, sealed, last_four, issued_on, created_at)
		VALUES (?, ?, ?, 'primary', ?, ?, '1234', '2027-01-01', 1)`, ids[3], ids[2], organizationID, []byte("lookup"+suffix), []byte("sealed"))
	return "key-" + suffix
}

func TestOnlyKeysOfTheOrganizationAreGrantedAndOnlyToLicenseAdministrators(t *testing.T) {
	withCrew(t, identity.LicenseAdministrator, func(t *testing.T, c *crew, _ *mailtest.Post) {
		own := aKey(t, c.Service, c.organizationID, "own")
		foreign := aKey(t, c.Service, found(t, c.Service, aPerson(t, c.Service, "elsewhere@example.com")).ID, "foreign")
		deleted := aKey(t, c.Service, c.organizationID, "deleted")
		change(t, c.Service, `UPDATE license_key SET deleted_at = 1 WHERE id = ?`, deleted)
		tests := []struct {
			name, person string
			keys         []string
			pointers     []string
		}{
			{"a foreign and an absent key", c.other, []string{own, foreign, "absent"}, []string{"/keys/1", "/keys/2"}},
			{"a deleted key", c.other, []string{deleted}, []string{"/keys/0"}},
			{"an account administrator", c.admin.PersonID, []string{own}, []string{"/keys"}},
		}
		for _, tt := range tests {
			_, err := c.GrantKeys(t.Context(), c.admin, c.organizationID, tt.person, tt.keys, 0)
			if diff := cmp.Diff(tt.pointers, pointers(err)); diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
			}
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM key_grant`); n != 0 {
			t.Errorf("grants: %d, want none", n)
		}
	})
}

// pointers names the members at fault.
func pointers(err error) []string {
	var all []string
	if p := problem.From(err); p != nil {
		for _, f := range p.Fields {
			all = append(all, f.Pointer)
		}
	}
	return all
}

func TestThePrivilegeIsForEverySiteOrForThoseOfTheOrganization(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		change(t, c.Service, `INSERT INTO site (organization_id, id, name, created_at) VALUES (?, 'site', 'Main', 1)`, c.organizationID)
		yes := true
		sites := func(ids ...string) *[]string { return &ids }
		steps := []struct {
			name      string
			change    identity.MemberChange
			sites     []string
			everySite bool
			pointers  []string
		}{
			{"one site", identity.MemberChange{VolumePurchasing: &yes, Sites: sites("site", "site")}, []string{"site"}, false, nil},
			{"an absent site", identity.MemberChange{Sites: sites("absent")}, []string{"site"}, false, []string{"/sites/0"}},
			{"every site and one", identity.MemberChange{EverySite: &yes, Sites: sites("site")}, []string{"site"}, false, []string{"/sites"}},
			{"every site", identity.MemberChange{EverySite: &yes}, nil, true, nil},
			{"no site", identity.MemberChange{Sites: sites()}, nil, false, nil},
		}
		for _, tt := range steps {
			_, err := c.ChangeMember(t.Context(), c.admin, c.organizationID, c.other, tt.change, 0)
			if diff := cmp.Diff(tt.pointers, pointers(err)); diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
			}
			got, err := c.Member(t.Context(), c.admin, c.organizationID, c.other)
			if diff := cmp.Diff(tt.sites, got.Sites); diff != "" || err != nil || got.EverySite != tt.everySite || !got.VolumePurchasing {
				t.Errorf("%s: %+v %v (-want +got):\n%s", tt.name, got, err, diff)
			}
		}
	})
}

func TestBlockingEndsSessionsAndTokensAtOnceAndUnblockingLetsInAgain(t *testing.T) {
	withCrew(t, identity.AccountAdministrator, func(t *testing.T, c *crew, post *mailtest.Post) {
		change(t, c.Service, `INSERT INTO session (id, person_id, hash, stage, user_agent, address, created_at, last_seen_at, expires_at)
			VALUES ('s', ?, ?, 'complete', '', '', 1, 1, 2)`, c.other, []byte("s"))
		for id, organization := range map[string]any{"here": c.organizationID, "staff": nil} {
			change(t, c.Service, `INSERT INTO api_token (id, person_id, organization_id, name, hash, scopes, created_at) VALUES (?, ?, ?, '', ?, '', 1)`,
				id, c.other, organization, []byte(id))
		}
		for range 2 { // the second time changes nothing
			got, err := c.BlockMember(t.Context(), c.admin, c.organizationID, c.other, 0)
			if err != nil || got.BlockedAt == nil {
				t.Fatalf("blocked: %+v %v", got, err)
			}
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM session WHERE ended_at IS NULL`); n != 0 {
			t.Errorf("sessions that go on: %d", n)
		}
		revoked, err := database.All(c.DB.Read(t.Context()), database.Value[string], `SELECT id FROM api_token WHERE revoked_at IS NOT NULL`)
		if diff := cmp.Diff([]string{"here"}, revoked); diff != "" || err != nil {
			t.Errorf("revoked tokens (-want +got):\n%s %v", diff, err)
		}
		if memberships := acting(t, c.Service, c.other).Memberships; len(memberships) != 0 {
			t.Errorf("memberships that count: %v", memberships)
		}
		if _, err := c.UnblockMember(t.Context(), c.admin, c.organizationID, c.other, 0); err != nil {
			t.Fatal(err)
		}
		if memberships := acting(t, c.Service, c.other).Memberships; len(memberships) != 1 {
			t.Errorf("memberships after unblocking: %v, want one", memberships)
		}
		for _, want := range []string{"Your access to Blue Harbor is blocked", "You have access to Blue Harbor again"} {
			if got := post.Wait(t, "other@example.com").Subject; got != want {
				t.Errorf("mail: %q, want %q", got, want)
			}
		}
		want := []string{"organization.created", "membership.created", "token.revoked", "membership.blocked", "membership.unblocked"}
		if diff := cmp.Diff(want, kinds(t, c.DB)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestARemovedMemberLosesEverythingAndMayBeInvitedAgain(t *testing.T) {
	withCrew(t, identity.LicenseAdministrator, func(t *testing.T, c *crew, post *mailtest.Post) {
		key := aKey(t, c.Service, c.organizationID, "1")
		if _, err := c.GrantKeys(t.Context(), c.admin, c.organizationID, c.other, []string{key}, 0); err != nil {
			t.Fatal(err)
		}
		change(t, c.Service, `INSERT INTO session (id, person_id, hash, stage, organization_id, user_agent, address, created_at, last_seen_at, expires_at)
			VALUES ('s', ?, ?, 'complete', ?, '', '', 1, 1, 2)`, c.other, []byte("s"), c.organizationID)
		if err := c.RemoveMember(t.Context(), c.admin, c.organizationID, c.other, 0); err != nil {
			t.Fatal(err)
		}
		for what, query := range map[string]string{
			"memberships": `SELECT COUNT(*) FROM membership WHERE person_id = ?`, "grants": `SELECT COUNT(*) FROM key_grant WHERE person_id = ?`,
			"sessions that look there": `SELECT COUNT(*) FROM session WHERE person_id = ? AND organization_id IS NOT NULL`,
		} {
			if n := count(t, c.Service, query, c.other); n != 0 {
				t.Errorf("%s: %d, want none", what, n)
			}
		}
		if got := post.Wait(t, "other@example.com").Subject; got != "You are no longer a member of Blue Harbor" {
			t.Errorf("mail: %q", got)
		}
		if err := c.RemoveMember(t.Context(), c.admin, c.organizationID, c.other, 0); !problem.Is(err, problem.NotFound) {
			t.Errorf("removed again: %v, want not_found", err)
		}
		if _, err := c.Invite(t.Context(), c.admin, c.organizationID, identity.GuestList{Emails: []string{"other@example.com"}}); err != nil {
			t.Errorf("invited again: %v", err)
		}
	})
}

func TestAChangeOfAMemberInsistsOnItsVersion(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		role := identity.LicenseAdministrator
		if _, err := c.ChangeMember(t.Context(), c.admin, c.organizationID, c.other, identity.MemberChange{Role: &role}, 1); err != nil {
			t.Fatal(err)
		}
		_, errChange := c.ChangeMember(t.Context(), c.admin, c.organizationID, c.other, identity.MemberChange{Role: &role}, 1)
		_, errGrant := c.GrantKeys(t.Context(), c.admin, c.organizationID, c.other, nil, 1)
		_, errBlock := c.BlockMember(t.Context(), c.admin, c.organizationID, c.other, 1)
		_, errUnblock := c.UnblockMember(t.Context(), c.admin, c.organizationID, c.other, 1)
		for name, err := range map[string]error{
			"change": errChange, "grant": errGrant, "block": errBlock, "unblock": errUnblock,
			"remove": c.RemoveMember(t.Context(), c.admin, c.organizationID, c.other, 1),
		} {
			if !problem.Is(err, problem.VersionChanged) {
				t.Errorf("%s of an older version: %v, want version_changed", name, err)
			}
		}
	})
}

func TestAnAdministratorWhoWasRemovedMeanwhileChangesNothing(t *testing.T) {
	withCrew(t, identity.AccountAdministrator, func(t *testing.T, c *crew, _ *mailtest.Post) {
		third := aPerson(t, c.Service, "third@example.com")
		join(t, c.Service, c.organizationID, third, identity.Member)
		gone := acting(t, c.Service, c.other) // whose request has begun
		if err := c.RemoveMember(t.Context(), c.admin, c.organizationID, c.other, 0); err != nil {
			t.Fatal(err)
		}
		name := "Red Harbor"
		_, errInvite := c.Invite(t.Context(), gone, c.organizationID, identity.GuestList{Emails: []string{"new@example.com"}})
		_, errProfile := c.ChangeOrganization(t.Context(), gone, c.organizationID, identity.OrganizationChange{Name: &name}, 0)
		for what, err := range map[string]error{
			"remove": c.RemoveMember(t.Context(), gone, c.organizationID, third, 0), "invite": errInvite, "profile": errProfile,
		} {
			if !problem.Is(err, problem.NotFound) {
				t.Errorf("%s: %v, want not_found", what, err)
			}
		}
	})
}

func TestMembersAreListedSortedSearchedAndFiltered(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		for email, name := range map[string]string{"zoe@example.com": "Zoé", "ada@example.com": "Ada"} {
			id := aPerson(t, c.Service, email)
			change(t, c.Service, `UPDATE person SET first_name = ?, last_name = '' WHERE id = ?`, name, id)
			join(t, c.Service, c.organizationID, id, identity.LicenseAdministrator)
		}
		change(t, c.Service, `UPDATE membership SET blocked_at = 1 WHERE person_id = ?`, c.other)
		yes, no := true, false
		tests := []struct {
			name string
			f    identity.ColleagueFilter
			sort string
			want []string
		}{
			{"by email", identity.ColleagueFilter{}, "email", []string{"ada@example.com", "admin@example.com", "other@example.com", "zoe@example.com"}},
			{"by name, descending", identity.ColleagueFilter{Role: identity.LicenseAdministrator}, "-name", []string{"zoe@example.com", "ada@example.com"}},
			{"by part of the name", identity.ColleagueFilter{Search: "ZOÉ"}, "", []string{"zoe@example.com"}},
			{"by part of the address", identity.ColleagueFilter{Search: "HER@"}, "", []string{"other@example.com"}},
			{"blocked", identity.ColleagueFilter{Blocked: &yes}, "", []string{"other@example.com"}},
			{"not blocked", identity.ColleagueFilter{Blocked: &no, Role: identity.AccountAdministrator}, "", []string{"admin@example.com"}},
		}
		for _, tt := range tests {
			var emails []string
			l := database.Listing{Limit: 1, Sort: tt.sort}
			for more := true; more; more = l.Cursor != "" {
				page, err := c.Members(t.Context(), c.admin, c.organizationID, tt.f, l)
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				for _, m := range page.Items {
					emails = append(emails, m.Email)
				}
				l.Cursor = page.Next
			}
			if diff := cmp.Diff(tt.want, emails); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
	})
}

func TestAMemberSeesTheirOwnPlaceAndNobodyElses(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		member := acting(t, c.Service, c.other)
		if got, err := c.Member(t.Context(), member, c.organizationID, c.other); err != nil || got.Role != identity.Member {
			t.Errorf("their own: %+v %v", got, err)
		}
		if _, err := c.Member(t.Context(), member, c.organizationID, c.admin.PersonID); !problem.Is(err, problem.Forbidden) {
			t.Errorf("another's: %v, want forbidden", err)
		}
		stranger := acting(t, c.Service, aPerson(t, c.Service, "stranger@example.com"))
		if _, err := c.Member(t.Context(), stranger, c.organizationID, stranger.PersonID); !problem.Is(err, problem.NotFound) {
			t.Errorf("a stranger's: %v, want not_found", err)
		}
	})
}
