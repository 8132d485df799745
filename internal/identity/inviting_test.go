package identity_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
)

// withMail runs a test on both engines, with an outbox whose mails arrive.
func withMail(t *testing.T, fn func(t *testing.T, s *identity.Service, post *mailtest.Post)) {
	each(t, func(t *testing.T, s *identity.Service) {
		post := mailtest.Open(t, s.DB, seal.NewKeyring([32]byte{1}), s.Now)
		s.Mail = post.Outbox
		fn(t, s, post)
	})
}

func TestThePrimaryEmailOfAPurchaseIsInvitedOnceInItsLanguage(t *testing.T) {
	withMail(t, func(t *testing.T, s *identity.Service, post *mailtest.Post) {
		o, err := s.CreateOrganization(t.Context(), operator, identity.NewOrganization{Kind: identity.Customer, Name: "Blue Harbor"})
		if err != nil {
			t.Fatal(err)
		}
		invite := func(email string) error {
			return s.DB.InTx(t.Context(), func(tx *database.Tx) error {
				return s.InvitePrimary(tx, operator, o.ID, email, language.French)
			})
		}
		for _, email := range []string{"buyer@example.com", "Buyer@example.com"} {
			if err := invite(email); err != nil {
				t.Fatal(err)
			}
		}
		got := post.Wait(t, "buyer@example.com")
		if got.Subject != "Vous êtes invité à rejoindre Blue Harbor" || !strings.Contains(got.Text, "/invite?token=") {
			t.Errorf("the mail: %q\n%s", got.Subject, got.Text)
		}
		if all := post.Mails(); len(all) != 1 {
			t.Errorf("mails: %d, want 1", len(all))
		}
		want := []string{"organization.created", "invitation.created"}
		if diff := cmp.Diff(want, kinds(t, s.DB)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if err := invite("no address"); !problem.Is(err, problem.ValidationFailed) {
			t.Errorf("a mistyped address: %v, want validation_failed", err)
		}
	})
}

func TestAPrimaryEmailOfAMemberIsNotInvited(t *testing.T) {
	withMail(t, func(t *testing.T, s *identity.Service, _ *mailtest.Post) {
		o := found(t, s, aPerson(t, s, "founder@example.com"))
		err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
			return s.InvitePrimary(tx, operator, o.ID, "Founder@Example.com", language.English)
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"organization.created", "membership.created"}, kinds(t, s.DB)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
