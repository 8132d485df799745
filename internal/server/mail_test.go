package server_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

// to makes a server send its mails to an inbox.
func to(inbox *mailtest.Inbox) func(*server.Config) {
	return func(c *server.Config) {
		c.SMTPURL, c.MailFrom = inbox.URL(), "Example Software <licenses@example.com>"
	}
}

func TestAServerSendsItsMails(t *testing.T) {
	inbox := mailtest.Start(t)
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		owner := s.Staff(t, identity.Owner)
		if err := s.Session(t, owner.ID).SendTestMail(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := inbox.Wait(t, owner.Email)
		if diff := cmp.Diff([]string{s.URL + "/"}, got.Links); diff != "" {
			t.Errorf("links (-want +got):\n%s", diff)
		}
		if want := "Mail from Example Software works"; got.Subject != want {
			t.Errorf("subject = %q, want %q", got.Subject, want)
		}
	}, to(inbox))
}

func TestARefusedMailIsSeenToHaveFailed(t *testing.T) {
	inbox := mailtest.Start(t)
	s := servertest.Start(t, to(inbox))
	owner := s.Staff(t, identity.Owner)
	refused := make(chan struct{}, 1)
	inbox.Judge(func(mailtest.Step, string) error {
		refused <- struct{}{}
		return &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
	})
	client := s.Session(t, owner.ID)
	if err := client.SendTestMail(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-refused
	if err := s.Stop(); err != nil { // it waits for the delivery it has begun
		t.Fatal(err)
	}
	page, err := s.Data.Identity.Mails(t.Context(), identity.System("test"), mail.Filter{State: mail.Failed}, database.Listing{})
	if err != nil || len(page.Items) != 1 || page.Items[0].To != owner.Email {
		t.Errorf("failed mails = %+v %v, want the one to %s", page.Items, err, owner.Email)
	}
}

func TestAServerWithoutAMailServerKeepsItsMails(t *testing.T) {
	s := servertest.Start(t)
	owner := s.Client(t, identity.Owner)
	if err := owner.SendTestMail(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := owner.Mails(t.Context(), api.MailFilter{State: "queued"}, api.Listing{})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("queued mails = %+v %v, want one", page.Items, err)
	}
	read, err := owner.RevealMail(t.Context(), page.Items[0].ID)
	if err != nil || read.Text == "" {
		t.Errorf("the mail = %+v %v, want what it says", read, err)
	}
	queue, err := owner.Queue(t.Context())
	if diff := cmp.Diff(api.Queue{Kinds: []api.JobCounts{{Kind: "mail", Waiting: 1}}}, queue); err != nil || diff != "" {
		t.Errorf("queue %v (-want +got):\n%s", err, diff)
	}
}

func TestTwoServersSendEachMailOnce(t *testing.T) {
	const count = 40
	inbox := mailtest.Start(t)
	url := databasetest.PostgresURL(t, database.ServerSchema())
	onOne := func(c *server.Config) { c.Folder.Database = url }
	first := servertest.Start(t, onOne, to(inbox))
	key, err := os.ReadFile(filepath.Join(first.Config.Folder.Path, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	servertest.Start(t, onOne, to(inbox), func(c *server.Config) { c.Folder.MasterKey = string(key) })
	var want []string
	for i := range count {
		address := fmt.Sprintf("reader-%02d@example.com", i)
		want = append(want, address)
		err := first.Data.DB.InTx(t.Context(), func(tx *database.Tx) error {
			return first.Data.Mail.Send(tx, mail.Message{Kind: "test", To: address, Language: language.English})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, address := range want {
		inbox.Wait(t, address)
	}
	for _, m := range inbox.Mails() {
		got = append(got, m.To)
	}
	sort.Strings(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
}

func TestOddMailServersAreRefusedAtTheStart(t *testing.T) {
	for name, odd := range map[string]func(c *server.Config){
		"no sender":      func(c *server.Config) { c.SMTPURL = "smtp://mail.example.com" },
		"no mail server": func(c *server.Config) { c.MailFrom = "licenses@example.com" },
		"a password without TLS": func(c *server.Config) {
			c.SMTPURL, c.MailFrom = "smtp://a:b@mail.example.com?tls=none", "licenses@example.com"
		},
		"something that is not SMTP": func(c *server.Config) { c.SMTPURL, c.MailFrom = "https://mail.example.com", "licenses@example.com" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := servertest.Config(t)
			odd(&cfg)
			if _, err := servertest.Run(cfg); !problem.Is(err, problem.ConfigurationInvalid) {
				t.Errorf("%v, want configuration_invalid", err)
			}
		})
	}
}
