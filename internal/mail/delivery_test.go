package mail_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/mail/mailtest"
)

const ops = "ops@example.com"

// only gives the one mail of the outbox.
func only(t *testing.T, post *mailtest.Post, db *database.DB) mail.Mail {
	t.Helper()
	page, err := post.Outbox.List(db.Read(t.Context()), mail.Filter{}, database.Listing{})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("the outbox holds %d mails (%v), want 1", len(page.Items), err)
	}
	return page.Items[0]
}

func deliver(t *testing.T, post *mailtest.Post, db *database.DB) error {
	t.Helper()
	return post.Outbox.Deliver(t.Context(), only(t, post, db).ID)
}

func TestASentMailKeepsNoText(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		send(t, db, post, ops)
		before, err := post.Outbox.Open(db.Read(t.Context()), only(t, post, db).ID)
		if err != nil || !strings.Contains(before.Text, "token=") {
			t.Fatalf("before it is sent: %+v %v, want its text", before, err)
		}
		post.Wait(t, ops)
		got := only(t, post, db)
		if got.State != mail.Sent || got.Attempts != 1 || got.To != ops || got.SentAt == nil {
			t.Errorf("mail = %+v, want it sent to %s at the first attempt", got, ops)
		}
		after, err := post.Outbox.Open(db.Read(t.Context()), got.ID)
		if err != nil || after.Text != "" || after.Subject == "" {
			t.Errorf("once it is sent: %+v %v, want its subject alone", after, err)
		}
	})
}

func TestASentMailIsNotSentAgain(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		send(t, db, post, ops)
		for range 2 {
			if err := deliver(t, post, db); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(post.Mails()); got != 1 {
			t.Errorf("%d mails arrived, want 1", got)
		}
	})
}

// refusals of a mail server, and what they mean.
func TestRefusalsOfTheMailServer(t *testing.T) {
	for name, tt := range map[string]struct {
		step mailtest.Step
		err  error
		want mail.State
	}{
		"recipient, for now":     {mailtest.Recipient, &smtp.SMTPError{Code: 450, Message: "mailbox OPS@example.com is busy"}, mail.Queued},
		"recipient, for good":    {mailtest.Recipient, &smtp.SMTPError{Code: 550, Message: "no ops@example.com here"}, mail.Failed},
		"content, for now":       {mailtest.Data, &smtp.SMTPError{Code: 451, Message: "try again"}, mail.Queued},
		"content, for good":      {mailtest.Data, &smtp.SMTPError{Code: 554, Message: "ops@example.com would not like it"}, mail.Failed},
		"hung up at recipient":   {mailtest.Recipient, mailtest.ErrHangUp, mail.Queued},
		"hung up after the mail": {mailtest.Data, mailtest.ErrHangUp, mail.Queued},
	} {
		t.Run(name, func(t *testing.T) {
			db := databasetest.Open(t, database.ServerSchema())
			post := mailtest.Open(t, db, keyring(), clock)
			post.Judge(func(step mailtest.Step, _ string) error {
				return map[mailtest.Step]error{tt.step: tt.err}[step]
			})
			send(t, db, post, ops)
			err := deliver(t, post, db)
			if again := errors.Is(err, mail.ErrNotSent); again != (tt.want == mail.Queued) {
				t.Errorf("%v, want ErrNotSent when it makes sense to try again", err)
			}
			got := only(t, post, db)
			if got.State != tt.want || got.LastError == "" || strings.Contains(strings.ToLower(got.LastError+errorText(err)), ops) {
				t.Errorf("mail = %+v, want it %s with an error that does not name its recipient", got, tt.want)
			}
			post.Judge(nil)
			if err := deliver(t, post, db); err != nil {
				t.Fatal(err)
			}
			want := map[mail.State]int{mail.Queued: 1, mail.Failed: 0}[tt.want]
			if got := len(post.Mails()); got != want {
				t.Errorf("%d mails arrived in the end, want %d", got, want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAFailedMailIsSentWhenItIsRetried(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		post.Judge(func(mailtest.Step, string) error { return &smtp.SMTPError{Code: 550, Message: "no"} })
		send(t, db, post, ops)
		post.Deliver(t)
		post.Judge(nil)
		err := db.InTx(t.Context(), func(tx *database.Tx) error { return post.Outbox.Retry(tx, only(t, post, db).ID) })
		if err != nil {
			t.Fatal(err)
		}
		post.Wait(t, ops)
		if got := only(t, post, db); got.State != mail.Sent || got.Attempts != 2 || got.LastError != "" {
			t.Errorf("mail = %+v, want it sent at the second attempt", got)
		}
	})
}

// A server dies after the mail server took a mail and before it notes that.
func TestARepeatAfterACrashCarriesTheSameMessageID(t *testing.T) {
	url := databasetest.SQLiteURL(t)
	db := reopen(t, url)
	post := mailtest.Open(t, db, keyring(), clock)
	send(t, db, post, ops)
	post.Judge(func(step mailtest.Step, _ string) error {
		if step == mailtest.Taken {
			return db.Close()
		}
		return nil
	})
	if err := deliver(t, post, db); err == nil {
		t.Fatal("a mail is noted as sent in a closed database")
	}
	post.Judge(nil)
	post.Outbox.DB = reopen(t, url)
	if got := only(t, post, post.Outbox.DB); got.State != mail.Queued {
		t.Fatalf("mail = %+v, want it queued after the crash", got)
	}
	if err := deliver(t, post, post.Outbox.DB); err != nil {
		t.Fatal(err)
	}
	arrived := post.Mails()
	if len(arrived) != 2 {
		t.Fatalf("%d mails arrived, want the first and its repeat", len(arrived))
	}
	first, second := arrived[0].Headers, arrived[1].Headers
	for _, name := range []string{"Message-Id", "Date"} {
		if diff := cmp.Diff(first.Get(name), second.Get(name)); diff != "" || first.Get(name) == "" {
			t.Errorf("%s (-first +repeat):\n%s", name, diff)
		}
	}
}

func reopen(t *testing.T, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // a test closes it, too
	if err := db.Migrate(t.Context(), database.ServerSchema()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestMailsWaitWithoutAMailServer(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		post.Outbox.Transport = nil
		send(t, db, post, ops)
		if err := deliver(t, post, db); !errors.Is(err, mail.ErrNotSent) {
			t.Errorf("%v, want ErrNotSent", err)
		}
		if got := only(t, post, db); got.State != mail.Queued || got.Attempts != 0 {
			t.Errorf("mail = %+v, want it queued and never tried", got)
		}
	})
}

func TestForgottenMailsAreNeitherKeptNorSent(t *testing.T) {
	for name, forget := range map[string]func(o *mail.Outbox, tx *database.Tx) error{
		"by address": func(o *mail.Outbox, tx *database.Tx) error { return o.Forget(tx, "OPS@example.com") },
		"by person":  func(o *mail.Outbox, tx *database.Tx) error { return o.ForgetPerson(tx, "p1") },
	} {
		t.Run(name, func(t *testing.T) {
			eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
				err := db.InTx(t.Context(), func(tx *database.Tx) error {
					if err := insertPerson(tx, "p1"); err != nil {
						return err
					}
					for _, m := range []mail.Message{{To: ops, PersonID: "p1"}, {To: "other@example.com"}} {
						m.Kind, m.Language = "test", language.English
						if err := post.Outbox.Send(tx, m); err != nil {
							return err
						}
					}
					return forget(post.Outbox, tx)
				})
				if err != nil {
					t.Fatal(err)
				}
				post.Wait(t, "other@example.com")
				if got := len(post.Mails()); got != 1 {
					t.Errorf("%d mails arrived, want only the other one", got)
				}
				page, err := post.Outbox.List(db.Read(t.Context()), mail.Filter{State: mail.Failed}, database.Listing{})
				if err != nil || len(page.Items) != 1 || page.Items[0].To != "" {
					t.Errorf("failed mails = %+v %v, want the forgotten one without a recipient", page.Items, err)
				}
			})
		})
	}
}

func insertPerson(tx *database.Tx, id string) error {
	_, err := tx.Exec(`INSERT INTO person (id, email, email_key, created_at) VALUES (?, ?, ?, ?)`, id, ops, ops, int64(1))
	return err
}

func TestRecentCountsMailsToAnAddress(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		now := noon
		post.Outbox.Now = func() time.Time { return now }
		send(t, db, post, ops)
		now = now.Add(time.Hour)
		send(t, db, post, ops)
		send(t, db, post, "other@example.com")
		for since, want := range map[time.Time]int64{noon: 2, noon.Add(time.Minute): 1, now.Add(time.Minute): 0} {
			got, err := post.Outbox.Recent(db.Read(t.Context()), "Ops@Example.com", since)
			if err != nil || got != want {
				t.Errorf("Recent since %v = %d %v, want %d", since, got, err, want)
			}
		}
	})
}

func TestACallerWhoLeavesEndsTheConversation(t *testing.T) {
	db := databasetest.Open(t, database.ServerSchema())
	post := mailtest.Open(t, db, keyring(), clock)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	post.Judge(func(mailtest.Step, string) error { cancel(); <-release; return nil })
	send(t, db, post, ops)
	if err := post.Outbox.Deliver(ctx, only(t, post, db).ID); !errors.Is(err, mail.ErrNotSent) {
		t.Errorf("%v, want ErrNotSent", err)
	}
}
