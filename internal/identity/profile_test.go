package identity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
)

func TestAProfileIsChangedInPartAndAsTheVersionThatWasRead(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		phone, address, wrong := "+41 44 000 00 00", "Quay 1\nBasel", "Switzerland"
		got, err := c.ChangeOrganization(t.Context(), c.admin, c.organizationID, identity.OrganizationChange{Phone: &phone, Address: &address}, 1)
		want := identity.Organization{
			ID: c.organizationID, Kind: identity.Customer, Name: "Blue Harbor", Phone: phone, Address: address, Version: 2, CreatedAt: noon,
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("changed (-want +got):\n%s %v", diff, err)
		}
		_, err = c.ChangeOrganization(t.Context(), c.admin, c.organizationID, identity.OrganizationChange{Phone: &wrong}, 1)
		if !problem.Is(err, problem.VersionChanged) {
			t.Errorf("an older version: %v, want version_changed", err)
		}
		_, err = c.ChangeOrganization(t.Context(), c.admin, c.organizationID, identity.OrganizationChange{Country: &wrong}, 0)
		if diff := cmp.Diff([]string{"/country"}, pointers(err)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		role := identity.LicenseAdministrator
		if _, err := c.ChangeMember(t.Context(), c.admin, c.organizationID, c.other, identity.MemberChange{Role: &role}, 0); err != nil {
			t.Fatal(err)
		}
		if same, err := c.Organization(t.Context(), c.admin, c.organizationID); err != nil || same.Version != 2 {
			t.Errorf("a member's change made the profile version %d, want 2: %v", same.Version, err)
		}
	})
}

func TestKindAndReferenceAreChangedByStaffAlone(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		kind, reference := identity.Partner, "CRM-1"
		seller := identity.Actor{Actor: event.Actor{Kind: event.Token, ID: "t"}, Role: identity.Sales}
		for _, change := range []identity.OrganizationChange{{Kind: &kind}, {Reference: &reference}} {
			if _, err := c.ChangeOrganization(t.Context(), c.admin, c.organizationID, change, 0); !problem.Is(err, problem.Forbidden) {
				t.Errorf("by an account administrator: %v, want forbidden", err)
			}
			if _, err := c.ChangeOrganization(t.Context(), seller, c.organizationID, change, 0); err != nil {
				t.Errorf("by a seller: %v", err)
			}
		}
		got, err := c.Organization(t.Context(), seller, c.organizationID)
		if err != nil || got.Kind != kind || got.Reference != reference {
			t.Errorf("changed: %+v %v", got, err)
		}
		other := found(t, c.Service, c.other)
		_, err = c.ChangeOrganization(t.Context(), seller, other.ID, identity.OrganizationChange{Reference: &reference}, 0)
		if !problem.Is(err, problem.Conflict) {
			t.Errorf("a reference that is taken: %v, want conflict", err)
		}
	})
}

func TestAskingForAnInvitationMailsTheAdministratorsSoManyTimesAnHour(t *testing.T) {
	withCrew(t, identity.AccountAdministrator, func(t *testing.T, c *crew, post *mailtest.Post) {
		change(t, c.Service, `UPDATE membership SET blocked_at = 1 WHERE person_id = ?`, c.other)
		settings := identity.DefaultSettings()
		settings.MailsPerHour = 2
		if _, _, err := c.ChangeSettings(t.Context(), operator, settings, 0); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := c.RequestInvitation(t.Context(), identity.Actor{}, c.organizationID, "asker@example.com"); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if mail := post.Wait(t, "admin@example.com"); mail.Subject != "Somebody asks to join Blue Harbor" {
				t.Errorf("subject: %s", mail.Subject)
			}
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM mail`); n != 2 {
			t.Errorf("mails: %d, want 2: none to a blocked administrator, and no third one", n)
		}
	})
}

func TestNothingIsMailedForAMemberAStrangerOrNobodysKey(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		tests := []struct {
			name, organizationID, email string
			actor                       identity.Actor
			want                        []string
		}{
			{"a member", c.organizationID, "OTHER@example.com", identity.Actor{}, nil},
			{"a member who has signed in", c.organizationID, "", acting(t, c.Service, c.other), nil},
			{"nobody's key", "", "asker@example.com", identity.Actor{}, nil},
			{"a mistyped address", "", "asker", identity.Actor{}, []string{"/email"}},
		}
		for _, tt := range tests {
			err := c.RequestInvitation(t.Context(), tt.actor, tt.organizationID, tt.email)
			if diff := cmp.Diff(tt.want, pointers(err)); diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
			}
		}
		mails, err := database.All(c.DB.Read(t.Context()), database.Value[string], `SELECT kind FROM mail`)
		if err != nil || len(mails) != 0 {
			t.Errorf("mails: %v %v, want none", mails, err)
		}
	})
}
