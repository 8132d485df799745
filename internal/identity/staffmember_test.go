package identity_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
)

func TestSomebodyNewOnTheStaffSetsTheirPasswordByTheMail(t *testing.T) {
	withMail(t, func(t *testing.T, s *identity.Service, post *mailtest.Post) {
		a := identity.Appointment{Email: "sales@example.com", FirstName: "Sales", LastName: "Ops admin", Language: "fr", Role: identity.Sales}
		made, err := s.AppointStaff(t.Context(), operator, a)
		if err != nil || made.Email != a.Email || made.Role != identity.Sales || made.FirstName != "Sales" {
			t.Fatalf("appointed: %+v %v", made, err)
		}
		mail := post.Wait(t, a.Email)
		if !strings.Contains(mail.Text, "/reset?token=") || !strings.Contains(mail.Text, "ventes") {
			t.Errorf("the mail leads elsewhere:\n%s", mail.Text)
		}
		if _, err := s.AppointStaff(t.Context(), operator, a); !problem.Is(err, problem.Conflict) {
			t.Errorf("appointed again: %v, want conflict", err)
		}
		if n := count(t, s, `SELECT COUNT(*) FROM link WHERE purpose = 'reset' AND person_id = ?`, made.PersonID); n != 1 {
			t.Errorf("links: %d, want 1", n)
		}
	})
}

func TestACustomerMayJoinTheStaffAndLeaveItWithTheTokensOfStaffAlone(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		made, err := c.AppointStaff(t.Context(), operator, identity.Appointment{Email: "Other@example.com", Language: "en", Role: identity.Support})
		if err != nil || made.PersonID != c.other {
			t.Fatalf("appointed: %+v %v", made, err)
		}
		if mail := post.Wait(t, "other@example.com"); strings.Contains(mail.Text, "token=") || !strings.Contains(mail.Text, "/sign-in") {
			t.Errorf("the mail leads elsewhere:\n%s", mail.Text)
		}
		for id, organization := range map[string]any{"member": c.organizationID, "staff": nil} {
			change(t, c.Service, `INSERT INTO api_token (id, person_id, organization_id, name, hash, scopes, created_at) VALUES (?, ?, ?, '', ?, '', 1)`,
				id, c.other, organization, []byte(id))
		}
		if err := c.RemoveStaff(t.Context(), operator, c.other); err != nil {
			t.Fatal(err)
		}
		revoked, err := database.All(c.DB.Read(t.Context()), database.Value[string], `SELECT id FROM api_token WHERE revoked_at IS NOT NULL`)
		if diff := cmp.Diff([]string{"staff"}, revoked); diff != "" || err != nil {
			t.Errorf("revoked tokens (-want +got):\n%s %v", diff, err)
		}
		if now := acting(t, c.Service, c.other); now.Role != "" || len(now.Memberships) != 1 {
			t.Errorf("they are %q with the memberships %v, want a member alone", now.Role, now.Memberships)
		}
	})
}

func TestAnOwnerWhoIsNoneAnyMoreChangesNoStaff(t *testing.T) {
	withMail(t, func(t *testing.T, s *identity.Service, _ *mailtest.Post) {
		var owners []identity.Actor
		for _, email := range []string{"one@example.com", "two@example.com"} {
			made, err := s.AppointStaff(t.Context(), operator, identity.Appointment{Email: email, Language: "en", Role: identity.Owner})
			if err != nil {
				t.Fatal(err)
			}
			owners = append(owners, acting(t, s, made.PersonID))
		}
		if _, err := s.ChangeStaff(t.Context(), owners[0], owners[1].PersonID, identity.Auditor); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ChangeStaff(t.Context(), owners[1], owners[1].PersonID, identity.Owner); !problem.Is(err, problem.Forbidden) {
			t.Errorf("by a request that began as an owner's: %v, want forbidden", err)
		}
		if _, err := s.ChangeStaff(t.Context(), owners[0], owners[0].PersonID, identity.Sales); !problem.Is(err, problem.LastOwner) {
			t.Errorf("the only owner: %v, want last_owner", err)
		}
	})
}
