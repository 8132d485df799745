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

// leaveTraces gives a person a row in every table that can hold one.
func leaveTraces(t *testing.T, c *crew, personID, email string) {
	t.Helper()
	change(t, c.Service, `INSERT INTO session (id, person_id, hash, stage, user_agent, address, created_at, last_seen_at, expires_at)
		VALUES ('trace', ?, ?, 'complete', 'Browser', '192.0.2.1', 1, 1, 2)`, personID, []byte("trace"))
	change(t, c.Service, `INSERT INTO api_token (id, person_id, name, hash, scopes, created_at) VALUES ('trace', ?, 'build server', ?, 'keys:read', 1)`,
		personID, []byte("trace"))
	change(t, c.Service, `INSERT INTO link (id, purpose, hash, person_id, email_key, created_at, expires_at) VALUES ('trace', 'reset', ?, ?, ?, 1, 2)`,
		[]byte("trace"), personID, email)
	change(t, c.Service, `INSERT INTO link (id, purpose, hash, email_key, created_at, expires_at) VALUES ('sign-up', 'confirm', ?, ?, 1, 2)`, []byte("sign-up"), email)
	change(t, c.Service, `INSERT INTO totp (person_id, secret) VALUES (?, ?)`, personID, []byte("trace"))
	change(t, c.Service, `INSERT INTO recovery_code (person_id, hash) VALUES (?, ?)`, personID, []byte("trace"))
	change(t, c.Service, `INSERT INTO passkey (id, person_id, credential_id, name, credential, created_at) VALUES ('trace', ?, ?, 'Phone', '{}', 1)`,
		personID, []byte("trace"))
	change(t, c.Service, `INSERT INTO ceremony (id, person_id, kind, data, expires_at) VALUES ('trace', ?, 'register', '{}', 1)`, personID)
	change(t, c.Service, `INSERT INTO device_authorization (id, device_hash, user_code, sealed, state, person_id, poll_seconds, created_at, expires_at)
		VALUES ('trace', ?, 'CODE', ?, 'approved', ?, 5, 1, 2)`, []byte("trace"), []byte("trace"), personID)
	elsewhere := found(t, c.Service, aPerson(t, c.Service, "founder@example.com"))
	change(t, c.Service, `INSERT INTO invitation (id, organization_id, email, email_key, role, language, hash, expires_at, sent_at, created_at)
		VALUES ('trace', ?, ?, ?, 'member', 'en', ?, 2, 1, 1)`, elsewhere.ID, email, email, []byte("trace"))
}

func TestErasingAPersonLeavesNothingThatNamesThem(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		const email = "other@example.com"
		role := identity.LicenseAdministrator
		if _, err := c.ChangeMember(t.Context(), c.admin, c.organizationID, c.other, identity.MemberChange{Role: &role}, 0); err != nil {
			t.Fatal(err)
		}
		post.Wait(t, email) // one mail was sent
		if _, err := c.BlockMember(t.Context(), c.admin, c.organizationID, c.other, 0); err != nil {
			t.Fatal(err) // and one is queued
		}
		leaveTraces(t, c, c.other, email)
		var forgotten []string
		c.Erasing = []identity.Erasing{func(_ *database.Tx, p identity.Person) error {
			forgotten = append(forgotten, p.Email)
			return nil
		}}
		if err := c.ErasePerson(t.Context(), operator, c.other); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{email}, forgotten); diff != "" {
			t.Errorf("other capabilities were told (-want +got):\n%s", diff)
		}
		for _, table := range []string{
			"session", "api_token", "totp", "recovery_code", "passkey", "ceremony", "device_authorization", "membership", "staff",
		} {
			if n := count(t, c.Service, `SELECT COUNT(*) FROM `+table+` WHERE person_id = ?`, c.other); n != 0 {
				t.Errorf("%s: %d rows, want none", table, n)
			}
		}
		for _, table := range []string{"link", "invitation"} {
			if n := count(t, c.Service, `SELECT COUNT(*) FROM `+table+` WHERE email_key = ?`, email); n != 0 {
				t.Errorf("%s: %d rows for the address, want none", table, n)
			}
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM mail WHERE sealed IS NOT NULL`); n != 0 {
			t.Errorf("mails that can still be read: %d", n)
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM person WHERE id = ? AND email = '' AND first_name = '' AND last_name = '' AND password IS NULL
			AND erased_at IS NOT NULL`, c.other); n != 1 {
			t.Errorf("the person is not blank")
		}
		if again := aPerson(t, c.Service, email); again == c.other {
			t.Errorf("the address belongs to the erased person still")
		}
		if err := c.ErasePerson(t.Context(), operator, c.other); !problem.Is(err, problem.NotFound) {
			t.Errorf("erased again: %v, want not_found", err)
		}
		if _, err := c.Person(t.Context(), operator, c.other); !problem.Is(err, problem.NotFound) {
			t.Errorf("read: %v, want not_found", err)
		}
	})
}

func TestTheLogKeepsWhatAnErasedPersonDidUnderTheirID(t *testing.T) {
	withCrew(t, identity.AccountAdministrator, func(t *testing.T, c *crew, _ *mailtest.Post) {
		before := count(t, c.Service, `SELECT COUNT(*) FROM event WHERE actor_id = ?`, c.admin.PersonID)
		if err := c.ErasePerson(t.Context(), operator, c.admin.PersonID); err != nil {
			t.Fatal(err)
		}
		if after := count(t, c.Service, `SELECT COUNT(*) FROM event WHERE actor_id = ?`, c.admin.PersonID); after != before || before == 0 {
			t.Errorf("events by them: %d before, %d after", before, after)
		}
		data, err := database.All(c.DB.Read(t.Context()), database.Value[string], `SELECT data FROM event`)
		if err != nil || strings.Contains(strings.Join(data, " "), "@") {
			t.Errorf("the log holds an address: %v %v", data, err)
		}
	})
}

func TestWhoErasesThemselvesNamesTheirAddressAndLeavesNoOrganizationAlone(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		byToken := c.admin
		byToken.SessionID = ""
		tests := []struct {
			name  string
			actor identity.Actor
			email string
			want  problem.Code
		}{
			{"by a token", byToken, "admin@example.com", problem.Forbidden},
			{"without the address", c.admin, "", problem.ValidationFailed},
			{"with another's address", c.admin, "other@example.com", problem.ValidationFailed},
			{"the only account administrator", c.admin, "admin@example.com", problem.LastAdministrator},
		}
		for _, tt := range tests {
			if err := c.EraseSelf(t.Context(), tt.actor, tt.email); !problem.Is(err, tt.want) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM person WHERE erased_at IS NOT NULL`); n != 0 {
			t.Errorf("erased: %d, want nobody", n)
		}
		if err := c.EraseSelf(t.Context(), acting(t, c.Service, c.other), "OTHER@example.com"); err != nil {
			t.Errorf("a member: %v", err)
		}
	})
}

func TestTheOnlyOwnerIsNotErased(t *testing.T) {
	withMail(t, func(t *testing.T, s *identity.Service, _ *mailtest.Post) {
		made, _, err := s.CreateStaff(t.Context(), operator, identity.NewStaff{Email: "owner@example.com", Role: identity.Owner})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ErasePerson(t.Context(), operator, made.PersonID); !problem.Is(err, problem.LastOwner) {
			t.Errorf("by the system: %v, want last_owner", err)
		}
		if err := s.EraseSelf(t.Context(), acting(t, s, made.PersonID), "owner@example.com"); !problem.Is(err, problem.LastOwner) {
			t.Errorf("by themselves: %v, want last_owner", err)
		}
	})
}

func TestAnExportHoldsWhatIsKeptAboutAPerson(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, _ *mailtest.Post) {
		leaveTraces(t, c, c.other, "other@example.com")
		if _, err := c.BlockMember(t.Context(), c.admin, c.organizationID, c.other, 0); err != nil {
			t.Fatal(err)
		}
		got, err := c.ExportPerson(t.Context(), operator, c.other)
		if err != nil {
			t.Fatal(err)
		}
		held := map[string]int{
			"memberships": len(got.Memberships), "sessions": len(got.Sessions), "tokens": len(got.Tokens), "passkeys": len(got.Passkeys),
			"invitations": len(got.Invitations), "mails": len(got.Mails),
		}
		want := map[string]int{"memberships": 1, "sessions": 1, "tokens": 1, "passkeys": 1, "invitations": 1, "mails": 1}
		if diff := cmp.Diff(want, held); diff != "" || got.Account.Email != "other@example.com" {
			t.Errorf("export (-want +got):\n%s", diff)
		}
		own, err := c.ExportSelf(t.Context(), c.admin)
		if err != nil || len(own.Events) != 3 { // founded, a membership, blocked
			t.Errorf("events of the administrator: %v %v, want 3", own.Events, err)
		}
	})
}
