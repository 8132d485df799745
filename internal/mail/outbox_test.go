package mail_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/seal"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

func keyring() *seal.Keyring { return seal.NewKeyring([32]byte{1}) }

// eachPost runs a test with an outbox and its inbox on each engine.
func eachPost(t *testing.T, fn func(t *testing.T, db *database.DB, post *mailtest.Post)) {
	databasetest.Each(t, database.ServerSchema(), func(t *testing.T, db *database.DB) {
		fn(t, db, mailtest.Open(t, db, keyring(), clock))
	})
}

// send writes a mail of the kind "test".
func send(t *testing.T, db *database.DB, post *mailtest.Post, to string) {
	t.Helper()
	sendIn(t, db, post, to, language.English)
}

func sendIn(t *testing.T, db *database.DB, post *mailtest.Post, to string, tag language.Tag) {
	t.Helper()
	err := db.InTx(t.Context(), func(tx *database.Tx) error {
		return post.Outbox.Send(tx, mail.Message{Kind: "test", To: to, Language: tag, Link: "/?token=a%20b&c=1"})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		send(t, db, post, "ops@example.com")
		got := post.Wait(t, "ops@example.com")
		const link = mailtest.PublicURL + "/?token=a%20b&c=1"
		if diff := cmp.Diff([]string{link}, got.Links); diff != "" {
			t.Errorf("links (-want +got):\n%s", diff)
		}
		if want := "Mail from Example Software works"; got.Subject != want {
			t.Errorf("subject = %q, want %q", got.Subject, want)
		}
		for _, want := range []string{"There is nothing to do.", "Example Software sent this mail", "support@example.com", "Open Licet:"} {
			if !strings.Contains(got.Text, want) {
				t.Errorf("the text lacks %q:\n%s", want, got.Text)
			}
		}
		for _, want := range []string{`<html lang="en">`, "There is nothing to do.", `token=a%20b&amp;c=1`, "support@example.com"} {
			if !strings.Contains(got.HTML, want) {
				t.Errorf("the HTML lacks %q:\n%s", want, got.HTML)
			}
		}
	})
}

func TestARolledBackMailIsNotSent(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		_ = db.InTx(t.Context(), func(tx *database.Tx) error {
			err := post.Outbox.Send(tx, mail.Message{Kind: "test", To: "ops@example.com", Language: language.English})
			if err != nil {
				t.Error(err)
			}
			return context.Canceled
		})
		post.Deliver(t)
		if got := post.Mails(); len(got) != 0 {
			t.Errorf("%d mails arrived, want none", len(got))
		}
	})
}
