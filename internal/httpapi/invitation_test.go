package httpapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server/servertest"
)

func TestAGuestOfACSVMakesAnAccountByTheLinkIsBlockedAndComesBack(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		ctx := t.Context()
		p := open(t, s)
		organizationID := p.organization.ID
		admin := s.Session(t, s.Member(t, organizationID, identity.AccountAdministrator).ID)
		csv := "email,role,language\nguest@example.com,license_administrator,fr\n"
		preview := must[api.InvitationPreview](t)(admin.PreviewInvitations(ctx, organizationID, api.NewInvitations{CSV: csv}))
		want := []api.InvitationRow{{Line: 2, Email: "guest@example.com", Role: "license_administrator", Language: "fr"}}
		if diff := cmp.Diff(want, preview.Items); diff != "" {
			t.Fatalf("preview (-want +got):\n%s", diff)
		}
		must[api.Invitations](t)(admin.Invite(ctx, organizationID, api.NewInvitations{CSV: csv}))

		mail := s.Mail(t, "guest@example.com")
		if mail.Subject != "Vous êtes invité à rejoindre Blue Harbor" {
			t.Errorf("subject: %s", mail.Subject)
		}
		token := linkToken(t, mail, "/invite")
		guest := s.Browser(t)
		inside := must[api.InvitationInside](t)(guest.InspectInvitation(ctx, token))
		if inside.Organization != "Blue Harbor" || inside.AccountExists || inside.Expired {
			t.Errorf("inside: %+v", inside)
		}
		must[api.Accepted](t)(guest.AcceptInvitation(ctx, api.Acceptance{Token: token, FirstName: "Kim", LastName: "Guest", Password: newPassword}))
		self := must[api.Self](t)(guest.Self(ctx))
		if len(self.Memberships) != 1 || self.Memberships[0].Role != "license_administrator" || self.Language != "fr" {
			t.Errorf("signed in: %+v", self)
		}

		must[api.Member](t)(admin.BlockMember(ctx, organizationID, self.PersonID))
		if _, err := guest.Self(ctx); code(err) != "unauthenticated" {
			t.Errorf("once blocked: %v, want unauthenticated", err)
		}
		must[api.SignInStep](t)(guest.SignIn(ctx, api.SignIn{Email: "guest@example.com", Password: newPassword}))
		if _, err := guest.Organization(ctx, organizationID); code(err) != "not_found" {
			t.Errorf("the organization, while blocked: %v, want not_found", err)
		}
		must[api.Member](t)(admin.UnblockMember(ctx, organizationID, self.PersonID))
		must[api.Organization](t)(guest.Organization(ctx, organizationID))
		if err := guest.LeaveOrganization(ctx, organizationID); err != nil {
			t.Errorf("leave: %v", err)
		}
		if err := admin.LeaveOrganization(ctx, organizationID); code(err) != "last_administrator" {
			t.Errorf("the only administrator leaves: %v, want last_administrator", err)
		}
	})
}

func TestWhoHasSignedInAcceptsByTheTokenAloneAndOnlyTheirOwn(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		ctx := t.Context()
		p := open(t, s)
		guest, stranger := s.Person(t, "Kim", "Guest"), s.Person(t, "Sam", "Stone")
		must[api.Invitations](t)(p.owner.Invite(ctx, p.organization.ID, api.NewInvitations{Emails: []string{guest.Email}, Role: "account_administrator"}))
		a := api.Acceptance{Token: linkToken(t, s.Mail(t, guest.Email), "/invite")}
		if _, err := s.Session(t, stranger.ID).AcceptInvitation(ctx, a); code(err) != "invitation_for_another" {
			t.Errorf("somebody else: %v, want invitation_for_another", err)
		}
		if _, err := s.Browser(t).AcceptInvitation(ctx, a); code(err) != "account_exists" {
			t.Errorf("nobody: %v, want account_exists", err)
		}
		session := s.Session(t, guest.ID)
		got := must[api.Accepted](t)(session.AcceptInvitation(ctx, a))
		want := api.Accepted{OrganizationID: p.organization.ID, OrganizationName: "Blue Harbor", Role: "account_administrator"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("accepted (-want +got):\n%s", diff)
		}
		if _, err := session.AcceptInvitation(ctx, a); code(err) != "invitation_ended" {
			t.Errorf("again: %v, want invitation_ended", err)
		}
	})
}

func TestAskingForAnInvitationIsAnsweredAlikeForEveryKey(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		ctx := t.Context()
		p := open(t, s)
		admin := s.Member(t, p.organization.ID, identity.AccountAdministrator)
		nobody := s.Browser(t)
		keys := []string{p.sell(t, p.organization.ID).Key.Key, p.sell(t, "").Key.Key, "AAAA-BBBB-CCCC-DDDD", ""}
		for _, key := range keys {
			got := must[api.InvitationRequested](t)(nobody.RequestInvitation(ctx, api.InvitationRequest{Key: key, Email: "asker@example.com"}))
			if diff := cmp.Diff(api.InvitationRequested{Next: "wait_for_mail"}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if mail := s.Mail(t, admin.Email); mail.Subject != "Somebody asks to join Blue Harbor" {
			t.Errorf("subject: %s", mail.Subject)
		}
	})
}
