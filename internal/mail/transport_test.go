package mail_test

import (
	"errors"
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
)

func TestAddressesOfMailServers(t *testing.T) {
	from := netmail.Address{Name: "Example Software", Address: "licenses@example.com"}
	for url, want := range map[string]mail.Transport{
		"smtp://ops@mail.example.com":             {Host: "mail.example.com", Port: 587, Security: mail.StartTLS, Username: "ops", Password: "given apart"},
		"smtp://ops:inside@mail.example.com:2525": {Host: "mail.example.com", Port: 2525, Security: mail.StartTLS, Username: "ops", Password: "given apart"},
		"smtps://ops@mail.example.com":            {Host: "mail.example.com", Port: 465, Security: mail.Implicit, Username: "ops", Password: "given apart"},
	} {
		want.From = from
		got, err := mail.ParseTransport(url, "given apart", "Example Software <licenses@example.com>")
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if diff := cmp.Diff(&want, got, cmpopts.IgnoreUnexported()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
	}
}

func TestAddressesOfMailServersThatAreRefused(t *testing.T) {
	const from = "Example Software <licenses@example.com>"
	for name, tt := range map[string]struct{ url, password, from string }{
		"another scheme":           {"http://mail.example.com", "", from},
		"no host":                  {"smtp://:25", "", from},
		"no URL":                   {"smtp://a b", "", from},
		"a path":                   {"smtp://mail.example.com/x", "", from},
		"an unknown option":        {"smtp://mail.example.com?tls=maybe", "", from},
		"a second option":          {"smtp://mail.example.com?tls=none&x=1", "", from},
		"no TLS with smtps":        {"smtps://mail.example.com?tls=none", "", from},
		"a user without password":  {"smtp://ops@mail.example.com", "", from},
		"a password without user":  {"smtp://mail.example.com", "secret", from},
		"a password without TLS":   {"smtp://ops:secret@127.0.0.1?tls=none", "", from},
		"no sender":                {"smtp://mail.example.com", "", ""},
		"a name alone":             {"smtp://mail.example.com", "", "Example Software"},
		"two senders":              {"smtp://mail.example.com", "", "a@example.com, b@example.com"},
		"a sender with a line end": {"smtp://mail.example.com", "", "a@example.com\r\nBcc: b@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mail.ParseTransport(tt.url, tt.password, tt.from)
			if !problem.Is(err, problem.ConfigurationInvalid) || strings.Contains(err.Error(), "secret") {
				t.Errorf("ParseTransport(%q, …, %q): %v, want configuration_invalid without the password", tt.url, tt.from, err)
			}
		})
	}
}

func TestMailsGoThroughTLSToWhoeverIsSignedIn(t *testing.T) {
	for name, tt := range map[string]struct {
		password string
		arrives  int
	}{
		"the right password": {"right", 1},
		"a wrong password":   {"wrong", 0},
	} {
		t.Run(name, func(t *testing.T) {
			db := databasetest.Open(t, database.ServerSchema())
			post := mailtest.Open(t, db, keyring(), clock)
			secure := mailtest.StartSecure(t, "ops", "right")
			post.Outbox.Transport = secure.Secure(t, "ops", tt.password)
			send(t, db, post, ops)
			if err := deliver(t, post, db); (err == nil) != (tt.arrives == 1) {
				t.Errorf("deliver: %v", err)
			}
			arrived := secure.Mails()
			if len(arrived) != tt.arrives {
				t.Fatalf("%d mails arrived, want %d", len(arrived), tt.arrives)
			}
			for _, m := range arrived {
				if !m.TLS {
					t.Error("the mail came without TLS")
				}
			}
			if got := only(t, post, db); strings.Contains(got.LastError, tt.password) {
				t.Errorf("the error repeats the password: %q", got.LastError)
			}
		})
	}
}

func TestNothingIsSaidToAMailServerWithoutTheTLSThatIsRequired(t *testing.T) {
	for name, strip := range map[string]func(t *testing.T) *mail.Transport{
		"no STARTTLS": func(t *testing.T) *mail.Transport {
			transport := mailtest.Start(t).Transport(t)
			transport.Security = mail.StartTLS
			return transport
		},
		"a certificate of nobody known": func(t *testing.T) *mail.Transport {
			transport := mailtest.StartSecure(t, "ops", "right").Secure(t, "ops", "right")
			transport.Roots = nil
			return transport
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := databasetest.Open(t, database.ServerSchema())
			post := mailtest.Open(t, db, keyring(), clock)
			post.Outbox.Transport = strip(t)
			send(t, db, post, ops)
			if err := deliver(t, post, db); !errors.Is(err, mail.ErrNotSent) {
				t.Errorf("%v, want ErrNotSent", err)
			}
			if got := only(t, post, db); got.State != mail.Queued {
				t.Errorf("mail = %+v, want it queued until the mail server is mended", got)
			}
		})
	}
}

func TestHeadersOfAMail(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		sendIn(t, db, post, ops, language.Japanese)
		got := post.Wait(t, ops)
		if want := "Example Software からのメールは正常に届いています"; got.Subject != want {
			t.Errorf("subject = %q, want %q", got.Subject, want)
		}
		for name, want := range map[string]string{
			"Auto-Submitted": "auto-generated", "Reply-To": "<support@example.com>", "To": "<ops@example.com>",
			"From": `"Example Software" <licenses@example.com>`, "Date": "Mon, 01 Mar 2027 12:00:00 +0000",
		} {
			if diff := cmp.Diff(want, got.Headers.Get(name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for name, values := range got.Headers {
			for _, v := range values {
				if strings.ContainsFunc(v, func(r rune) bool { return r > 126 }) {
					t.Errorf("the header %s is not ASCII: %q", name, v)
				}
			}
		}
	})
}

// Names come from strangers: whatever they hold, they stay where they belong.
func TestNamesEndNoHeaderAndNoMarkup(t *testing.T) {
	eachPost(t, func(t *testing.T, db *database.DB, post *mailtest.Post) {
		err := db.InTx(t.Context(), func(tx *database.Tx) error {
			return post.Outbox.Send(tx, mail.Message{
				Kind: "test", To: ops, Language: language.English,
				Data: map[string]any{"publisher": "Blue\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>"},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		got := post.Wait(t, ops)
		if got.Headers.Get("Bcc") != "" || len(post.Mails()) != 1 {
			t.Errorf("a name became a header: %v", got.Headers)
		}
		if !strings.Contains(got.Subject, "Bcc: all@example.com") {
			t.Errorf("subject = %q, want the name in it", got.Subject)
		}
		if strings.Contains(got.HTML, "<script>") {
			t.Errorf("a name became markup:\n%s", got.HTML)
		}
	})
}

func TestOnlyBareAddressesAreWrittenTo(t *testing.T) {
	db := databasetest.Open(t, database.ServerSchema())
	post := mailtest.Open(t, db, keyring(), clock)
	for name, to := range map[string]string{
		"nothing":        "",
		"a name":         "Ops <ops@example.com>",
		"two":            "ops@example.com, it@example.com",
		"a header":       "ops@example.com\r\nBcc: all@example.com",
		"no domain":      "ops",
		"a quoted part":  `"a b"@example.com`,
		"a long one":     strings.Repeat("a", 300) + "@example.com",
		"angle brackets": "<ops@example.com>",
	} {
		t.Run(name, func(t *testing.T) {
			err := db.InTx(t.Context(), func(tx *database.Tx) error {
				return post.Outbox.Send(tx, mail.Message{Kind: "test", To: to, Language: language.English})
			})
			if !problem.Is(err, problem.ValidationFailed) {
				t.Errorf("Send to %q: %v, want validation_failed", to, err)
			}
		})
	}
}

func TestMailsWithoutWordsOrDataAreFaultsOfTheProgram(t *testing.T) {
	db := databasetest.Open(t, database.ServerSchema())
	post := mailtest.Open(t, db, keyring(), clock)
	err := db.InTx(t.Context(), func(tx *database.Tx) error {
		return post.Outbox.Send(tx, mail.Message{Kind: "unheard_of", To: ops, Language: language.English})
	})
	if err == nil || !strings.Contains(err.Error(), "there are no words for mail.unheard_of.subject") {
		t.Errorf("an unknown kind: %v, want what is missing", err)
	}
}
