package identity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/jobs"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/mail/mailtest"
)

// written writes a mail and gives its id.
func written(t *testing.T, s *identity.Service, to string) string {
	t.Helper()
	err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
		return s.Mail.Send(tx, mail.Message{Kind: "test", To: to, Language: language.English, Link: "/?token=secret"})
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Mails(t.Context(), operator, mail.Filter{To: strings.ToUpper(to)}, database.Listing{})
	if err != nil || len(page.Items) == 0 {
		t.Fatalf("mails to %s: %v %v, want one", to, page.Items, err)
	}
	return page.Items[0].ID
}

func TestReadingAMailIsRecordedAndEndsWithItsSending(t *testing.T) {
	withMail(t, func(t *testing.T, s *identity.Service, post *mailtest.Post) {
		id := written(t, s, "ops@example.com")
		read, err := s.ReadMail(t.Context(), operator, id)
		if err != nil || !strings.Contains(read.Text, "token=secret") {
			t.Fatalf("before it is sent: %+v %v, want its link", read, err)
		}
		if got := kinds(t, s.DB); !slices.Contains(got, "mail.read") {
			t.Errorf("events = %v, want mail.read", got)
		}
		post.Wait(t, "ops@example.com")
		if read, err = s.ReadMail(t.Context(), operator, id); err != nil || read.Text != "" {
			t.Errorf("once it is sent: %+v %v, want no text", read, err)
		}
	})
}

func TestRetryingTheJobOfAMailSendsTheMail(t *testing.T) {
	withMail(t, func(t *testing.T, s *identity.Service, post *mailtest.Post) {
		id := written(t, s, "ops@example.com")
		var jobID string
		err := s.DB.InTx(t.Context(), func(tx *database.Tx) (err error) {
			if jobID, err = jobs.Add(tx, identity.MailJob, id, s.Now()); err != nil {
				return err
			}
			_, err = tx.Exec(`UPDATE job SET failed_at = 1 WHERE id = ?`, jobID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		change(t, s, `UPDATE mail SET failed_at = 1 WHERE id = ?`, id)
		if err := s.RetryJob(t.Context(), operator, jobID); err != nil {
			t.Fatal(err)
		}
		post.Wait(t, "ops@example.com")
		if got := kinds(t, s.DB); !slices.Contains(got, "mail.retried") {
			t.Errorf("events = %v, want mail.retried", got)
		}
		if j, err := jobs.ByID(s.DB.Read(t.Context()), jobID); err != nil || j.State != jobs.Done {
			t.Errorf("the job that gave up: %+v %v, want it settled", j, err)
		}
	})
}
