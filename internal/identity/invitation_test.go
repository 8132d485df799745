package identity_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
)

// invited invites an address and gives what the link of its mail holds.
func invited(t *testing.T, c *crew, post *mailtest.Post, email string) string {
	t.Helper()
	if _, err := c.Invite(t.Context(), c.admin, c.organizationID, identity.GuestList{Emails: []string{email}}); err != nil {
		t.Fatal(err)
	}
	return tokenIn(t, post, email)
}

// tokenIn gives what the link of the next mail to an address holds.
func tokenIn(t *testing.T, post *mailtest.Post, email string) string {
	t.Helper()
	for _, link := range post.Wait(t, email).Links {
		if u, err := url.Parse(link); err == nil && u.Query().Has("token") {
			return u.Query().Get("token")
		}
	}
	t.Fatalf("no link in the mail to %s", email)
	return ""
}

func TestAResentInvitationWorksByItsNewLinkAlone(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		guest := acting(t, c.Service, aPerson(t, c.Service, "guest@example.com"))
		old := invited(t, c, post, "guest@example.com")
		page, err := c.Invitations(t.Context(), c.admin, c.organizationID, identity.InvitationFilter{}, database.Listing{})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%v %v", page, err)
		}
		c.Now = func() time.Time { return noon.AddDate(0, 0, 8) } // it has expired
		if _, err := c.AcceptInvitation(t.Context(), guest, old); !problem.Is(err, problem.InvitationEnded) {
			t.Errorf("expired: %v, want invitation_ended", err)
		}
		resent, err := c.ResendInvitation(t.Context(), c.admin, c.organizationID, page.Items[0].ID)
		if err != nil || !resent.ExpiresAt.Equal(noon.AddDate(0, 0, 15)) || resent.State(c.Now()) != identity.InvitationPending {
			t.Fatalf("resent: %+v %v", resent, err)
		}
		fresh := tokenIn(t, post, "guest@example.com")
		if _, err := c.AcceptInvitation(t.Context(), guest, old); !problem.Is(err, problem.LinkInvalid) {
			t.Errorf("by the old link: %v, want link_invalid", err)
		}
		got, err := c.AcceptInvitation(t.Context(), guest, fresh)
		if err != nil || got.Role != identity.Member || got.OrganizationName != "Blue Harbor" {
			t.Errorf("by the new link: %+v %v", got, err)
		}
		if _, err := c.ResendInvitation(t.Context(), c.admin, c.organizationID, page.Items[0].ID); !problem.Is(err, problem.InvitationEnded) {
			t.Errorf("resent once accepted: %v, want invitation_ended", err)
		}
		if _, err := c.WithdrawInvitation(t.Context(), c.admin, c.organizationID, page.Items[0].ID); !problem.Is(err, problem.InvitationEnded) {
			t.Errorf("withdrawn once accepted: %v, want invitation_ended", err)
		}
	})
}

func TestAnAcceptedInvitationBringsNobodyBackWhoWasRemoved(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		guest := acting(t, c.Service, aPerson(t, c.Service, "guest@example.com"))
		token := invited(t, c, post, "guest@example.com")
		if _, err := c.AcceptInvitation(t.Context(), guest, token); err != nil {
			t.Fatal(err)
		}
		if err := c.RemoveMember(t.Context(), c.admin, c.organizationID, guest.PersonID, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := c.AcceptInvitation(t.Context(), guest, token); !problem.Is(err, problem.InvitationEnded) {
			t.Errorf("by the link that was used: %v, want invitation_ended", err)
		}
	})
}

func TestWhoMayNotAcceptAnInvitation(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		token := invited(t, c, post, "guest@example.com")
		stranger := acting(t, c.Service, aPerson(t, c.Service, "stranger@example.com"))
		guest := acting(t, c.Service, aPerson(t, c.Service, "Guest@Example.com"))
		byToken := guest
		byToken.SessionID = ""
		tests := []struct {
			name  string
			actor identity.Actor
			token string
			want  problem.Code
		}{
			{"somebody else", stranger, token, problem.InvitationForAnother},
			{"a token of the guest", byToken, token, problem.Forbidden},
			{"nobody", identity.Actor{}, token, problem.Unauthenticated},
			{"the guest with another link", guest, token + "x", problem.LinkInvalid},
		}
		for _, tt := range tests {
			if _, err := c.AcceptInvitation(t.Context(), tt.actor, tt.token); !problem.Is(err, tt.want) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
		join(t, c.Service, c.organizationID, guest.PersonID, identity.Member)
		if _, err := c.AcceptInvitation(t.Context(), guest, token); !problem.Is(err, problem.AlreadyMember) {
			t.Errorf("a member: %v, want already_member", err)
		}
	})
}

func TestAWithdrawnInvitationIsOverAndItsAddressMayBeInvitedAgain(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		token := invited(t, c, post, "guest@example.com")
		page, err := c.Invitations(t.Context(), c.admin, c.organizationID, identity.InvitationFilter{State: identity.InvitationPending}, database.Listing{})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%v %v", page, err)
		}
		for range 2 { // the second time changes nothing
			got, err := c.WithdrawInvitation(t.Context(), c.admin, c.organizationID, page.Items[0].ID)
			if err != nil || got.State(noon) != identity.InvitationWithdrawn {
				t.Fatalf("withdrawn: %+v %v", got, err)
			}
		}
		if _, err := c.InspectInvitation(t.Context(), token); !problem.Is(err, problem.InvitationEnded) {
			t.Errorf("inspected: %v, want invitation_ended", err)
		}
		if _, err := c.ResendInvitation(t.Context(), c.admin, c.organizationID, page.Items[0].ID); !problem.Is(err, problem.InvitationEnded) {
			t.Errorf("resent: %v, want invitation_ended", err)
		}
		invited(t, c, post, "guest@example.com")
		if n := count(t, c.Service, `SELECT COUNT(*) FROM event WHERE kind = 'invitation.withdrawn'`); n != 1 {
			t.Errorf("events: %d, want 1", n)
		}
	})
}

func TestAnInvitationOfAForeignOrganizationIsNotFound(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		invited(t, c, post, "guest@example.com")
		page, err := c.Invitations(t.Context(), c.admin, c.organizationID, identity.InvitationFilter{}, database.Listing{})
		if err != nil {
			t.Fatal(err)
		}
		elsewhereID := aPerson(t, c.Service, "elsewhere@example.com")
		own := found(t, c.Service, elsewhereID)
		elsewhere := acting(t, c.Service, elsewhereID)
		for _, organizationID := range []string{own.ID, c.organizationID} {
			_, errResend := c.ResendInvitation(t.Context(), elsewhere, organizationID, page.Items[0].ID)
			_, errWithdraw := c.WithdrawInvitation(t.Context(), elsewhere, organizationID, page.Items[0].ID)
			_, errRead := c.Invitation(t.Context(), elsewhere, organizationID, page.Items[0].ID)
			for name, err := range map[string]error{"resend": errResend, "withdraw": errWithdraw, "read": errRead} {
				if !problem.Is(err, problem.NotFound) {
					t.Errorf("%s by another organization: %v, want not_found", name, err)
				}
			}
		}
	})
}

func TestAListIsInvitedWholeOrNotAtAll(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		invited(t, c, post, "invited@example.com")
		csv := "\ufeffemail;role;language\r\nnew@example.com;account_administrator;fr\r\nINVITED@example.com;;\r\n" +
			"other@example.com;member;ja\r\nno address;member;en\r\nnew@EXAMPLE.com;member;en\r\nking@example.com;king;en\r\n"
		rows, err := c.PreviewGuests(t.Context(), c.admin, c.organizationID, identity.GuestList{CSV: csv})
		if err != nil {
			t.Fatal(err)
		}
		var faults []identity.GuestFault
		for i, row := range rows {
			faults = append(faults, row.Fault)
			if row.Line != i+2 {
				t.Errorf("row %d is said to be in line %d", i, row.Line)
			}
		}
		want := []identity.GuestFault{
			"", identity.GuestAlreadyInvited, identity.GuestAlreadyMember, identity.GuestMistyped, identity.GuestDuplicate, identity.GuestMistyped,
		}
		if diff := cmp.Diff(want, faults); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(identity.Guest{Email: "new@example.com", Role: identity.AccountAdministrator, Language: "fr"}, rows[0].Guest); diff != "" {
			t.Errorf("first row (-want +got):\n%s", diff)
		}
		_, err = c.Invite(t.Context(), c.admin, c.organizationID, identity.GuestList{CSV: csv})
		if diff := cmp.Diff([]string{"/csv/3", "/csv/4", "/csv/5", "/csv/6", "/csv/7"}, pointers(err)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM invitation`); n != 1 {
			t.Errorf("invitations: %d, want the first alone", n)
		}
		made, err := c.Invite(t.Context(), c.admin, c.organizationID, identity.GuestList{CSV: "email\nnew@example.com\n", Role: identity.LicenseAdministrator, Language: "ja"})
		if err != nil || len(made) != 1 || made[0].Role != identity.LicenseAdministrator || made[0].InvitedBy != c.admin.PersonID {
			t.Errorf("invited: %+v %v", made, err)
		}
		if got := post.Wait(t, "new@example.com").Subject; got != "Blue Harbor への招待" {
			t.Errorf("subject: %s", got)
		}
	})
}

func TestASingleAddressSaysWhyItIsNotInvited(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		invited(t, c, post, "invited@example.com")
		for email, want := range map[string]problem.Code{
			"Other@example.com": problem.AlreadyMember, "Invited@example.com": problem.AlreadyInvited, "nobody": problem.ValidationFailed,
		} {
			_, err := c.Invite(t.Context(), c.admin, c.organizationID, identity.GuestList{Emails: []string{email}})
			if !problem.Is(err, want) {
				t.Errorf("%s: %v, want %s", email, err, want)
			}
		}
	})
}

func TestListsThatAreNoneAreRefused(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		tests := []struct {
			name    string
			list    identity.GuestList
			pointer string
		}{
			{"nothing", identity.GuestList{}, "/emails"},
			{"both", identity.GuestList{Emails: []string{"a@example.com"}, CSV: "email\nb@example.com\n"}, "/emails"},
			{"too many", identity.GuestList{Emails: make([]string, 201)}, "/emails"},
			{"no header", identity.GuestList{CSV: "a@example.com,member,en\n"}, "/csv"},
			{"a column twice", identity.GuestList{CSV: "email,email\na@example.com,b@example.com\n"}, "/csv"},
			{"a column too many", identity.GuestList{CSV: "email,name\na@example.com,A\n"}, "/csv"},
			{"no rows", identity.GuestList{CSV: "email,role,language\n"}, "/csv"},
			{"too many rows", identity.GuestList{CSV: "email\n" + strings.Repeat("a@example.com\n", 1001)}, "/csv"},
		}
		for _, tt := range tests {
			_, err := c.Invite(t.Context(), c.admin, c.organizationID, tt.list)
			if diff := cmp.Diff([]string{tt.pointer}, pointers(err)); diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
			}
		}
	})
}

func TestInvitationsAreFilteredByWhatBecameOfThem(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		admit := acting(t, c.Service, aPerson(t, c.Service, "accepted@example.com"))
		if _, err := c.AcceptInvitation(t.Context(), admit, invited(t, c, post, "accepted@example.com")); err != nil {
			t.Fatal(err)
		}
		invited(t, c, post, "expired@example.com")
		invited(t, c, post, "renewed@example.com")
		c.Now = func() time.Time { return noon.AddDate(0, 0, 7) } // an invitation ends at this instant
		invited(t, c, post, "renewed@example.com")                // in place of the expired one
		made, err := c.Invite(t.Context(), c.admin, c.organizationID, identity.GuestList{Emails: []string{"withdrawn@example.com"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.WithdrawInvitation(t.Context(), c.admin, c.organizationID, made[0].ID); err != nil {
			t.Fatal(err)
		}
		tests := map[identity.InvitationState][]string{
			identity.InvitationAccepted: {"accepted@example.com"}, identity.InvitationWithdrawn: {"withdrawn@example.com"},
			identity.InvitationExpired: {"expired@example.com", "renewed@example.com"}, identity.InvitationPending: {"renewed@example.com"},
		}
		for state, want := range tests {
			page, err := c.Invitations(t.Context(), c.admin, c.organizationID, identity.InvitationFilter{State: state}, database.Listing{Sort: "email"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range page.Items {
				got = append(got, i.Email)
				if is := i.State(c.Now()); is != state {
					t.Errorf("%s is listed as %s, and is %s", i.Email, state, is)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", state, diff)
			}
		}
	})
}

func TestALinkShowsWhatItsInvitationIsFor(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		token := invited(t, c, post, "guest@example.com")
		want := identity.InvitationInside{OrganizationName: "Blue Harbor", Email: "guest@example.com", Role: identity.Member, Language: "en"}
		got, err := c.InspectInvitation(t.Context(), token)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(want, "ExpiresAt")); diff != "" || err != nil {
			t.Errorf("a fresh one (-want +got):\n%s %v", diff, err)
		}
		aPerson(t, c.Service, "GUEST@example.com")
		c.Now = func() time.Time { return noon.AddDate(0, 0, 7) }
		want.AccountExists, want.Expired = true, true
		got, err = c.InspectInvitation(t.Context(), token)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(want, "ExpiresAt")); diff != "" || err != nil {
			t.Errorf("a week later (-want +got):\n%s %v", diff, err)
		}
		if _, err := c.InspectInvitation(t.Context(), "guessed"); !problem.Is(err, problem.LinkInvalid) {
			t.Errorf("a guessed link: %v, want link_invalid", err)
		}
	})
}
