package identity_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

func TestTwoPlacesBecomeOne(t *testing.T) {
	place := func(role identity.MemberRole, blocked bool) identity.Membership {
		m := identity.Membership{Role: role, EverySite: true}
		if blocked {
			m.BlockedAt = &noon
		}
		return m
	}
	buyer := func(everySite bool) identity.Membership {
		return identity.Membership{Role: identity.Member, VolumePurchasing: true, EverySite: everySite}
	}
	const member, license, account = identity.Member, identity.LicenseAdministrator, identity.AccountAdministrator
	tests := []struct {
		name           string
		there, brought identity.Membership
		want           identity.Membership
	}{
		{"the higher role, brought", place(member, false), place(account, false), place(account, false)},
		{"the higher role, there", place(license, false), place(member, false), place(license, false)},
		{"a blocked place brings nothing", place(member, false), place(account, true), place(member, false)},
		{"a blocked place keeps nothing", place(account, true), place(member, false), place(member, false)},
		{"of two blocked places one remains", place(member, true), place(account, true), place(account, true)},
		{"a privilege is brought with its sites", place(member, false), buyer(false), buyer(false)},
		{"a privilege stays with its sites", buyer(false), place(member, false), buyer(false)},
		{"every site is more than some", buyer(false), buyer(true), buyer(true)},
		{"some sites and other sites", buyer(false), buyer(false), buyer(false)},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, identity.Merged(tt.there, tt.brought)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// placeIn makes a person a member of an organization.
func placeIn(t *testing.T, s *identity.Service, organizationID, personID string, role identity.MemberRole, blocked bool) {
	t.Helper()
	var at any
	if blocked {
		at = database.Micros(noon)
	}
	err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO membership (organization_id, person_id, role, blocked_at, created_at) VALUES (?, ?, ?, ?, ?)`,
			organizationID, personID, string(role), at, database.Micros(noon))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMembersOfBothOrganizationsHaveOnePlaceAfterwards(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		made := map[string]identity.Organization{}
		for _, name := range []string{"from", "into"} {
			o, err := s.CreateOrganization(t.Context(), operator, identity.NewOrganization{Kind: identity.Customer, Name: name, Reference: map[string]string{"from": "C-1"}[name]})
			if err != nil {
				t.Fatal(err)
			}
			made[name] = o
		}
		from, into := made["from"].ID, made["into"].ID
		people := map[string]string{}
		for _, name := range []string{"alone", "both", "fired", "rehired", "gone"} {
			people[name] = aPerson(t, s, name+"@example.com")
		}
		placeIn(t, s, from, people["alone"], identity.AccountAdministrator, false)
		placeIn(t, s, from, people["both"], identity.LicenseAdministrator, false)
		placeIn(t, s, into, people["both"], identity.Member, false)
		placeIn(t, s, from, people["fired"], identity.AccountAdministrator, true)
		placeIn(t, s, into, people["fired"], identity.Member, false)
		placeIn(t, s, from, people["rehired"], identity.Member, false)
		placeIn(t, s, into, people["rehired"], identity.AccountAdministrator, true)
		placeIn(t, s, from, people["gone"], identity.Member, true)

		err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
			m, err := identity.BeginMerger(tx, from, into)
			if err != nil {
				return err
			}
			if err := m.Gather(tx, operator, noon); err != nil {
				return err
			}
			_, err = m.Finish(tx, operator, noon, nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]identity.MemberRole{}
		for name, id := range people {
			for _, m := range acting(t, s, id).Memberships { // those that count
				got[name+" in "+m.OrganizationName] = m.Role
			}
		}
		want := map[string]identity.MemberRole{
			"alone in into": identity.AccountAdministrator, "both in into": identity.LicenseAdministrator,
			"fired in into": identity.Member, "rehired in into": identity.Member,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("who may what (-want +got):\n%s", diff)
		}
		after, err := s.Organization(t.Context(), operator, into)
		if err != nil || after.Reference != "C-1" {
			t.Errorf("the organization has the reference %q (%v), want that of the one it took in", after.Reference, err)
		}
		wantKinds := []string{
			"membership.changed", "membership.changed", "membership.created", "membership.created",
			"organization.created", "organization.created", "organization.merged", "organization.merged",
		}
		if diff := cmp.Diff(wantKinds, sorted(kinds(t, s.DB))); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestOfTwoInvitationsOfOneAddressTheLongerLivedStaysOpen(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		from, into := found(t, s, aPerson(t, s, "a@example.com")).ID, found(t, s, aPerson(t, s, "b@example.com")).ID
		err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
			for _, i := range []struct {
				id, organization, email string
				expires                 int64
			}{{"1", from, "x", 10}, {"2", into, "x", 20}, {"3", from, "y", 20}, {"4", into, "y", 10}, {"5", from, "z", 10}} {
				_, err := tx.Exec(`INSERT INTO invitation (id, organization_id, email, email_key, role, language, hash, expires_at, sent_at, created_at)
					VALUES (?, ?, ?, ?, 'member', 'en', ?, ?, 1, 1)`, i.id, i.organization, i.email, i.email, []byte(i.id), i.expires)
				if err != nil {
					return err
				}
			}
			m, err := identity.BeginMerger(tx, from, into)
			if err != nil {
				return err
			}
			if err := m.Gather(tx, operator, noon); err != nil {
				return err
			}
			_, err = m.Finish(tx, operator, noon, nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		open, err := database.All(s.DB.Read(t.Context()), database.Value[string],
			`SELECT id FROM invitation WHERE organization_id = ? AND withdrawn_at IS NULL ORDER BY id`, into)
		if diff := cmp.Diff([]string{"2", "3", "5"}, open); diff != "" || err != nil {
			t.Errorf("open invitations, %v (-want +got):\n%s", err, diff)
		}
	})
}

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }
