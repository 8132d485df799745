package licensing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/mail/mailtest"
)

func TestImportedPeopleAreMembersWithoutAPasswordOrAMail(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		p.imported(p.migration(p.plan(nil)))
		ada, err := identity.PersonByEmail(p.DB.Read(t.Context()), "ADA@example.com")
		if err != nil || ada.HasPassword() || ada.Language != "ja" || ada.FirstName != "Ada" {
			t.Errorf("the person is %+v (%v)", ada, err)
		}
		if n := p.count(`SELECT COUNT(*) FROM membership WHERE person_id = ?`, ada.ID); n != 2 {
			t.Errorf("she is a member of %d organizations, want 2", n)
		}
		if n := p.count(`SELECT COUNT(*) FROM mail`); n != 0 {
			t.Errorf("%d mails, want none", n)
		}
		again := licensing.ImportFiles{People: "email,first_name,organization,role\nada@example.com,Adele,C-1,account_administrator\n"}
		if told := p.imported(again); told.Counts["people"].Unchanged != 1 {
			t.Errorf("her name is hers to change: %+v", told.Counts)
		}
	})
}

func TestInvitedPeopleAreNoMembersYet(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		post := mailtest.Open(t, p.DB, p.keyring, p.clock.now)
		p.People = &identity.Service{DB: p.DB, Now: p.clock.now, Rand: p.Rand, Mail: post.Outbox}
		files := licensing.ImportFiles{
			Invite: true, Organizations: "reference,name\nC-1,Blue Harbor\n",
			People: "email,organization,role,language\nada@example.com,C-1,account_administrator,fr\nbo@example.com,C-1,,\n",
		}
		want := licensing.ImportCount{Created: 2}
		if diff := cmp.Diff(want, p.imported(files).Counts["people"]); diff != "" {
			t.Errorf("people (-want +got):\n%s", diff)
		}
		members, mails := p.count(`SELECT COUNT(*) FROM membership`), p.count(`SELECT COUNT(*) FROM mail WHERE kind = 'invitation'`)
		french := p.count(`SELECT COUNT(*) FROM invitation WHERE language = 'fr' AND role = 'account_administrator'`)
		if members != 0 || mails != 2 || french != 1 {
			t.Errorf("%d members, %d mails, %d invitations in French; want 0, 2, 1", members, mails, french)
		}
		want = licensing.ImportCount{Unchanged: 2}
		if diff := cmp.Diff(want, p.imported(files).Counts["people"]); diff != "" {
			t.Errorf("people of the same import again (-want +got):\n%s", diff)
		}
		if n := p.count(`SELECT COUNT(*) FROM mail`); n != 2 {
			t.Errorf("%d mails, want no more", n)
		}
	})
}
