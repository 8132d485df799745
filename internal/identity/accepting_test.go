package identity_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
)

// somebody is what a person without an account gives to accept an invitation.
func somebody() identity.NewPerson {
	return identity.NewPerson{FirstName: "Kim", LastName: "Guest", Password: "correct horse battery staple"}
}

// open lets people sign in, cheaply.
func (c *crew) open() {
	c.Keyring = seal.NewKeyring([32]byte{2})
	c.Gate = identity.NewGate(identity.GateLimits{})
	c.Hashing = identity.Hashing{Memory: 8, Passes: 1, Threads: 1}
}

func TestAnInvitationMakesTheAccountOfItsAddress(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		c.open()
		token := invited(t, c, post, "Guest@example.com")
		change(t, c.Service, `INSERT INTO link (id, purpose, hash, email_key, created_at, expires_at) VALUES ('sign-up', 'confirm', ?, 'guest@example.com', 1, 2)`,
			[]byte("sign-up"))
		n := somebody()
		n.Email = "another@example.com" // of no consequence: the link is proof of its own address alone
		m, signed, err := c.AcceptAsNew(t.Context(), identity.Caller{Address: "192.0.2.1"}, token, n)
		if err != nil || m.OrganizationID != c.organizationID || signed.Stage != identity.StageComplete {
			t.Fatalf("accepted: %+v %+v %v", m, signed, err)
		}
		actor, err := c.AuthenticateSession(t.Context(), signed.Cookie)
		if err != nil || len(actor.Memberships) != 1 {
			t.Fatalf("signed in: %+v %v", actor, err)
		}
		p, err := c.Account(t.Context(), actor)
		if err != nil || p.Email != "Guest@example.com" || p.Language != "en" || !p.HasPassword() {
			t.Errorf("account: %+v %v", p, err)
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM link WHERE used_at IS NULL`); n != 0 {
			t.Errorf("sign-ups that still wait: %d", n)
		}
		if _, _, err := c.AcceptAsNew(t.Context(), identity.Caller{}, token, somebody()); !problem.Is(err, problem.InvitationEnded) {
			t.Errorf("again: %v, want invitation_ended", err)
		}
	})
}

func TestAnInvitationMakesNoAccountWhereItMayNot(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		c.open()
		token := invited(t, c, post, "guest@example.com")
		weak := somebody()
		weak.Password, weak.FirstName = "short", ""
		_, _, err := c.AcceptAsNew(t.Context(), identity.Caller{}, token, weak)
		if diff := cmp.Diff([]string{"/first_name", "/password"}, pointers(err)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if _, _, err := c.AcceptAsNew(t.Context(), identity.Caller{}, token+"x", somebody()); !problem.Is(err, problem.LinkInvalid) {
			t.Errorf("another link: %v, want link_invalid", err)
		}
		c.Now = func() time.Time { return noon.AddDate(0, 0, 7) }
		if _, _, err := c.AcceptAsNew(t.Context(), identity.Caller{}, token, somebody()); !problem.Is(err, problem.InvitationEnded) {
			t.Errorf("a week later: %v, want invitation_ended", err)
		}
		c.Now = func() time.Time { return noon }
		aPerson(t, c.Service, "GUEST@example.com")
		if _, _, err := c.AcceptAsNew(t.Context(), identity.Caller{}, token, somebody()); !problem.Is(err, problem.AccountExists) {
			t.Errorf("an address with an account: %v, want account_exists", err)
		}
		if n := count(t, c.Service, `SELECT COUNT(*) FROM membership`); n != 2 {
			t.Errorf("memberships: %d, want those of the crew", n)
		}
	})
}

func TestAnInvitationAcceptedTwiceAtOnceMakesOneAccount(t *testing.T) {
	withCrew(t, identity.Member, func(t *testing.T, c *crew, post *mailtest.Post) {
		c.open()
		token := invited(t, c, post, "guest@example.com")
		accept := func() error {
			_, _, err := c.AcceptAsNew(t.Context(), identity.Caller{Address: "192.0.2.1"}, token, somebody())
			return err
		}
		errs := atOnce(accept, accept, accept)
		people := count(t, c.Service, `SELECT COUNT(*) FROM person WHERE email_key = 'guest@example.com'`)
		sessions := count(t, c.Service, `SELECT COUNT(*) FROM session`)
		if people != 1 || sessions != 1 {
			t.Errorf("people: %d, sessions: %d, want 1 of each: %v", people, sessions, errs)
		}
	})
}
