package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pquerna/otp/totp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/identity/passkeytest"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

// withPeople runs fn on servers that people can sign in to.
func withPeople(t *testing.T, fn func(t *testing.T, s *servertest.Server)) {
	t.Helper()
	servertest.Each(t, fn, servertest.TLS(t), func(c *server.Config) {
		c.PublicURL, c.FailuresPerMinute = "https://localhost", 1000
	})
}

const newPassword = "a longer password than most"

// linkToken gives the secret in a mail's link to a page.
func linkToken(t testing.TB, m mailtest.Mail, path string) string {
	t.Helper()
	for _, link := range m.Links {
		u, err := url.Parse(link)
		if err == nil && u.Path == path {
			return u.Query().Get("token")
		}
	}
	t.Fatalf("no link to %s in %q: %v", path, m.Subject, m.Links)
	return ""
}

func newcomer(email string) api.SignUp {
	return api.SignUp{Email: email, FirstName: "Kim", LastName: "Reed", Password: newPassword, Language: "en"}
}

func TestASignUpIsConfirmedByItsMailAndSignsIn(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		browser := s.Browser(t)
		must[api.CheckMail](t)(browser.SignUp(t.Context(), newcomer("Kim@example.com")))
		if _, err := browser.Self(t.Context()); code(err) != "unauthenticated" {
			t.Errorf("before the confirmation: %v", err)
		}
		token := linkToken(t, s.Mail(t, "Kim@example.com"), "/confirm")
		step := must[api.SignInStep](t)(browser.Confirm(t.Context(), api.Confirmation{Token: token, Password: newPassword}))
		self := must[api.Self](t)(browser.Self(t.Context()))
		want := api.Self{Email: "Kim@example.com", FirstName: "Kim", LastName: "Reed", Language: "en", Memberships: []api.SelfMember{}}
		if diff := cmp.Diff(want, self, cmpopts.IgnoreFields(api.Self{}, "PersonID", "SessionID")); diff != "" || step.Stage != "complete" {
			t.Errorf("stage %q, self (-want +got):\n%s", step.Stage, diff)
		}
		if _, err := s.Browser(t).Confirm(t.Context(), api.Confirmation{Token: token, Password: newPassword}); code(err) != "link_invalid" {
			t.Errorf("the link again: %v, want link_invalid", err)
		}
		s.SignIn(t, servertest.Person{Email: "kim@EXAMPLE.com", Password: newPassword})
	})
}

func TestSignUpAndResetAnswerAlikeAndTheMailTells(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		known := s.Person(t, "Sam", "Stone")
		p.exec(t, `INSERT INTO invitation (id, organization_id, email, email_key, role, language, hash, expires_at, sent_at, created_at)
			VALUES ('i', ?, 'invited@example.com', 'invited@example.com', 'member', 'en', ?, ?, 1, 1)`,
			p.organization.ID, []byte("hash"), time.Now().Add(time.Hour).UnixMicro())
		browser := s.Browser(t)
		subjects := map[string]string{}
		for _, email := range []string{known.Email, "invited@example.com", "new@example.com"} {
			if got := must[api.CheckMail](t)(browser.SignUp(t.Context(), newcomer(email))); got.Next != "check_mail" {
				t.Errorf("sign-up answers %q", got.Next)
			}
			m := s.Mail(t, email)
			subjects["sign-up "+email] = m.Subject
			if got := must[api.CheckMail](t)(browser.RequestReset(t.Context(), email)); got.Next != "check_mail" {
				t.Errorf("reset answers %q", got.Next)
			}
			subjects["reset "+email] = s.Mail(t, email).Subject
		}
		want := map[string]string{
			"sign-up " + known.Email:      "You already have an account",
			"reset " + known.Email:        "Set a new password",
			"sign-up invited@example.com": "You are already invited to Blue Harbor",
			"reset invited@example.com":   "There is no account with this email address",
			"sign-up new@example.com":     "Confirm your email address",
			"reset new@example.com":       "There is no account with this email address",
		}
		if diff := cmp.Diff(want, subjects); diff != "" {
			t.Errorf("subjects (-want +got):\n%s", diff)
		}
	})
}

func TestAResetEndsEverySessionOnceAndAsksForTheSecondFactorAsEver(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		p := s.Person(t, "Sam", "Stone")
		here, elsewhere := s.SignIn(t, p), s.SignIn(t, p)
		secret, _ := protect(t, here)
		must[api.CheckMail](t)(s.Browser(t).RequestReset(t.Context(), strings.ToUpper(p.Email)))
		token := linkToken(t, s.Mail(t, p.Email), "/reset")
		stranger := s.Browser(t)
		if err := stranger.CompleteReset(t.Context(), api.Reset{Token: token, Password: "short"}); code(err) != "validation_failed" {
			t.Errorf("a short password: %v", err)
		}
		if err := stranger.CompleteReset(t.Context(), api.Reset{Token: token, Password: newPassword}); err != nil {
			t.Fatal(err)
		}
		if err := stranger.CompleteReset(t.Context(), api.Reset{Token: token, Password: newPassword}); code(err) != "link_invalid" {
			t.Errorf("the link again: %v, want link_invalid", err)
		}
		for name, client := range map[string]*api.Client{"here": here, "elsewhere": elsewhere, "who reset": stranger} {
			if _, err := client.Self(t.Context()); code(err) != "unauthenticated" {
				t.Errorf("%s after the reset: %v, want unauthenticated", name, err)
			}
		}
		if _, err := stranger.SignIn(t.Context(), api.SignIn{Email: p.Email, Password: p.Password}); code(err) != "credentials_invalid" {
			t.Errorf("the old password: %v", err)
		}
		step := must[api.SignInStep](t)(stranger.SignIn(t.Context(), api.SignIn{Email: p.Email, Password: newPassword}))
		if _, err := stranger.Self(t.Context()); step.Stage != "second_factor" || code(err) != "unauthenticated" {
			t.Errorf("the new password leads to %q, %v; want second_factor", step.Stage, err)
		}
		must[api.SignInStep](t)(stranger.SignInSecondFactor(t.Context(), api.SecondFactor{Code: codeAt(t, secret, 1)}))
		must[api.Self](t)(stranger.Self(t.Context()))
		if m := s.Mail(t, p.Email); m.Subject != "Your password was changed" {
			t.Errorf("the mail after it: %q", m.Subject)
		}
	})
}

// protect sets up an authenticator app.
func protect(t testing.TB, client *api.Client) (secret string, recovery []string) {
	t.Helper()
	start := must[api.TOTPStart](t)(client.BeginTOTP(t.Context()))
	codes := must[api.RecoveryCodes](t)(client.ConfirmTOTP(t.Context(), codeAt(t, start.Secret, 0)))
	return start.Secret, codes.Codes
}

// codeAt gives the code of so many steps from now.
func codeAt(t testing.TB, secret string, steps int) string {
	t.Helper()
	return must[string](t)(totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second)))
}

func TestASecondFactorIsTakenOnceAndRecoveryCodesToo(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		p := s.Person(t, "Sam", "Stone")
		client := s.SignIn(t, p)
		secret, recovery := protect(t, client)
		if len(recovery) != 10 {
			t.Fatalf("%d recovery codes, want 10", len(recovery))
		}
		try := func(f api.SecondFactor) string {
			browser := s.Browser(t)
			must[api.SignInStep](t)(browser.SignIn(t.Context(), api.SignIn{Email: p.Email, Password: p.Password}))
			_, err := browser.SignInSecondFactor(t.Context(), f)
			_, signedOut := browser.Self(t.Context())
			if (err == nil) != (signedOut == nil) {
				t.Errorf("the factor says %v, the session %v", err, signedOut)
			}
			return code(err)
		}
		next := codeAt(t, secret, 1)
		cases := []struct {
			name   string
			factor api.SecondFactor
			want   string
		}{
			{"the code that confirmed", api.SecondFactor{Code: codeAt(t, secret, 0)}, "second_factor_invalid"},
			{"the next code", api.SecondFactor{Code: next}, ""},
			{"the next code again", api.SecondFactor{Code: next}, "second_factor_invalid"},
			{"a code of another hour", api.SecondFactor{Code: codeAt(t, secret, -120)}, "second_factor_invalid"},
			{"no code", api.SecondFactor{}, "second_factor_invalid"},
			{"a recovery code", api.SecondFactor{RecoveryCode: strings.ToUpper(recovery[3])}, ""},
			{"it again", api.SecondFactor{RecoveryCode: recovery[3]}, "second_factor_invalid"},
			{"another", api.SecondFactor{RecoveryCode: recovery[4]}, ""},
		}
		for _, c := range cases {
			if got := try(c.factor); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
		if a := must[api.Account](t)(client.Account(t.Context())); !a.HasTOTP || a.RecoveryCodesLeft != 8 {
			t.Errorf("the account says %+v, want TOTP and 8 codes left", a)
		}
		if err := client.RemoveTOTP(t.Context(), api.Proof{Password: "not it"}); code(err) != "credentials_invalid" {
			t.Errorf("removed without proof: %v", err)
		}
		fresh := must[api.RecoveryCodes](t)(client.RenewRecoveryCodes(t.Context(), api.Proof{RecoveryCode: recovery[5]}))
		if got := try(api.SecondFactor{RecoveryCode: recovery[6]}); got != "second_factor_invalid" {
			t.Errorf("a code of the old set: %q", got)
		}
		if got := try(api.SecondFactor{RecoveryCode: fresh.Codes[0]}); got != "" {
			t.Errorf("a code of the new set: %q", got)
		}
		if err := client.RemoveTOTP(t.Context(), api.Proof{Password: p.Password}); err != nil {
			t.Fatal(err)
		}
		s.SignIn(t, p)
	})
}

func TestASessionIsMadeAnewAtEveryStep(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		p := s.Person(t, "Sam", "Stone")
		protectedSecret, _ := protect(t, s.Session(t, p.ID))
		planted := s.Cookie(t, s.Person(t, "Mallory", "Fox").ID)
		browser := s.Browser(t)
		base, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		cookie := func() string {
			for _, c := range browser.HTTP.Jar.Cookies(base) {
				if c.Name == "__Host-licet" {
					return c.Value
				}
			}
			return ""
		}
		browser.HTTP.Jar.SetCookies(base, []*http.Cookie{{Name: "__Host-licet", Value: planted, Path: "/", Secure: true}})
		must[api.SignInStep](t)(browser.SignIn(t.Context(), api.SignIn{Email: p.Email, Password: p.Password}))
		half := cookie()
		must[api.SignInStep](t)(browser.SignInSecondFactor(t.Context(), api.SecondFactor{Code: codeAt(t, protectedSecret, 1)}))
		whole := cookie()
		if planted == half || half == whole || whole == "" {
			t.Errorf("cookies before, between and after: %q, %q, %q; want three", planted, half, whole)
		}
		for name, value := range map[string]string{"the planted": planted, "the half": half} {
			if _, err := s.WithCookie(t, value).Self(t.Context()); code(err) != "unauthenticated" {
				t.Errorf("%s cookie afterwards: %v, want unauthenticated", name, err)
			}
		}
		if self := must[api.Self](t)(browser.Self(t.Context())); self.PersonID != p.ID {
			t.Errorf("signed in as %s, want %s", self.PersonID, p.ID)
		}
	})
}

func TestAPasskeySignsInAndIsAskedForItsUser(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		p := s.Person(t, "Sam", "Stone")
		client := s.SignIn(t, p)
		protect(t, client)
		device := &passkeytest.Authenticator{Origin: "https://localhost"}
		start := must[api.PasskeyStart](t)(client.BeginPasskey(t.Context()))
		created := device.Create(t, start.Options)
		made := must[api.Passkey](t)(client.RegisterPasskey(t.Context(), api.NewPasskey{CeremonyID: start.CeremonyID, Name: "laptop", Credential: created}))
		if _, err := client.RegisterPasskey(t.Context(), api.NewPasskey{CeremonyID: start.CeremonyID, Name: "again", Credential: created}); code(err) != "passkey_invalid" {
			t.Errorf("the ceremony again: %v", err)
		}
		browser := s.Browser(t)
		begin := func() api.PasskeyStart { return must[api.PasskeyStart](t)(browser.BeginPasskeySignIn(t.Context())) }
		first := begin()
		signed := api.PasskeySignIn{CeremonyID: first.CeremonyID, Credential: device.Get(t, first.Options)}
		if step := must[api.SignInStep](t)(browser.SignInByPasskey(t.Context(), signed)); step.Stage != "complete" {
			t.Errorf("stage %q, want complete", step.Stage)
		}
		if self := must[api.Self](t)(browser.Self(t.Context())); self.PersonID != p.ID {
			t.Errorf("signed in as %s, want %s", self.PersonID, p.ID)
		}
		if _, err := browser.SignInByPasskey(t.Context(), signed); code(err) != "passkey_invalid" {
			t.Errorf("the same answer again: %v, want passkey_invalid", err)
		}
		cases := map[string]func(*passkeytest.Authenticator){
			"another origin":                  func(a *passkeytest.Authenticator) { a.Origin = "https://evil.example" },
			"a user who was not verified":     func(a *passkeytest.Authenticator) { a.Unverified = true },
			"a copy whose counter stayed low": func(a *passkeytest.Authenticator) { a.Count = 0 },
		}
		for name, pretend := range cases {
			odd := *device
			pretend(&odd)
			next := begin()
			_, err := browser.SignInByPasskey(t.Context(), api.PasskeySignIn{CeremonyID: next.CeremonyID, Credential: odd.Get(t, next.Options)})
			if code(err) != "passkey_invalid" {
				t.Errorf("%s: %v, want passkey_invalid", name, err)
			}
		}
		if got := must[api.Passkey](t)(client.RenamePasskey(t.Context(), made.ID, "old laptop")); got.Name != "old laptop" || got.LastUsedAt == nil {
			t.Errorf("renamed: %+v", got)
		}
		if err := client.DeletePasskey(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		last := begin()
		if _, err := browser.SignInByPasskey(t.Context(), api.PasskeySignIn{CeremonyID: last.CeremonyID, Credential: device.Get(t, last.Options)}); code(err) != "passkey_invalid" {
			t.Errorf("a deleted passkey: %v, want passkey_invalid", err)
		}
	})
}

func TestATokenDoesWhatItsScopesSayInItsOrganizationAndNothingOfItsPersonsOwn(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		person := s.Member(t, p.organization.ID, identity.AccountAdministrator)
		client := s.SignIn(t, person)
		elsewhere := must[api.Organization](t)(p.owner.CreateOrganization(t.Context(), api.NewOrganization{Kind: "customer", Name: "Elsewhere"}))
		for name, c := range map[string]struct {
			n    api.NewToken
			want string
		}{
			"no organization":      {api.NewToken{Name: "x", Scopes: []string{"keys:read"}}, "validation_failed"},
			"foreign organization": {api.NewToken{Name: "x", Scopes: []string{"keys:read"}, OrganizationID: elsewhere.ID}, "not_found"},
			"no scope":             {api.NewToken{Name: "x", OrganizationID: p.organization.ID}, "validation_failed"},
			"an invented scope":    {api.NewToken{Name: "x", Scopes: []string{"account:write"}, OrganizationID: p.organization.ID}, "validation_failed"},
		} {
			if _, err := client.CreateToken(t.Context(), c.n); code(err) != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		made := must[api.MadeToken](t)(client.CreateToken(t.Context(),
			api.NewToken{Name: "script", Scopes: []string{"organizations:read"}, OrganizationID: p.organization.ID}))
		token := api.New(s.URL, made.Secret)
		token.HTTP.Transport = s.Browser(t).HTTP.Transport
		must[api.Organization](t)(token.Organization(t.Context(), p.organization.ID))
		if self := must[api.Self](t)(token.Self(t.Context())); cmp.Diff([]string{"organizations:read"}, self.Scopes) != "" {
			t.Errorf("scopes %v", self.Scopes)
		}
		escapes := map[string]error{}
		_, escapes["make another token"] = token.CreateToken(t.Context(), api.NewToken{Name: "y", Scopes: []string{"keys:write"}, OrganizationID: p.organization.ID})
		_, escapes["see the account"] = token.Account(t.Context())
		escapes["change the password"] = token.ChangePassword(t.Context(), api.PasswordChange{Current: person.Password, New: newPassword})
		_, escapes["add a passkey"] = token.BeginPasskey(t.Context())
		_, escapes["add an app"] = token.BeginTOTP(t.Context())
		_, escapes["list sessions"] = token.Sessions(t.Context(), api.Listing{})
		for what, err := range escapes {
			if code(err) != "forbidden" {
				t.Errorf("%s: %v, want forbidden", what, err)
			}
		}
		if _, err := token.Subscriptions(t.Context(), api.SubscriptionFilter{}, api.Listing{}); code(err) != "scope_missing" {
			t.Errorf("beyond its scopes: %v, want scope_missing", err)
		}
		if _, err := token.Organization(t.Context(), elsewhere.ID); code(err) != "not_found" {
			t.Errorf("a foreign organization: %v, want not_found", err)
		}
		if err := client.RevokeToken(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := token.Self(t.Context()); code(err) != "unauthenticated" {
			t.Errorf("revoked: %v", err)
		}
	})
}

func TestPeopleLookAfterTheirSessionsAndPassword(t *testing.T) {
	withPeople(t, func(t *testing.T, s *servertest.Server) {
		p := s.Person(t, "Sam", "Stone")
		first, second, third := s.SignIn(t, p), s.SignIn(t, p), s.SignIn(t, p)
		all := must[api.Page[api.Session]](t)(first.Sessions(t.Context(), api.Listing{}))
		if len(all.Items) != 3 || !all.Items[2].Current || all.Items[0].Current {
			t.Fatalf("sessions: %+v, want 3, the oldest is this one", all.Items)
		}
		if err := first.EndSession(t.Context(), all.Items[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Session(t, s.Person(t, "Mallory", "Fox").ID).EndSession(t.Context(), all.Items[1].ID); code(err) != "not_found" {
			t.Errorf("a foreign session: %v, want not_found", err)
		}
		if _, err := third.Self(t.Context()); code(err) != "unauthenticated" {
			t.Errorf("the ended session: %v", err)
		}
		if err := first.ChangePassword(t.Context(), api.PasswordChange{Current: "not it", New: newPassword}); code(err) != "credentials_invalid" {
			t.Errorf("a wrong current password: %v", err)
		}
		if err := first.ChangePassword(t.Context(), api.PasswordChange{Current: p.Password, New: p.Email}); code(err) != "validation_failed" {
			t.Errorf("the email as password: %v", err)
		}
		if err := first.ChangePassword(t.Context(), api.PasswordChange{Current: p.Password, New: newPassword}); err != nil {
			t.Fatal(err)
		}
		must[api.Self](t)(first.Self(t.Context()))
		if _, err := second.Self(t.Context()); code(err) != "unauthenticated" {
			t.Errorf("another session after the change: %v", err)
		}
		p.Password = newPassword
		again := s.SignIn(t, p)
		if err := again.EndOtherSessions(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := first.Self(t.Context()); code(err) != "unauthenticated" {
			t.Errorf("another session: %v", err)
		}
		if err := again.SignOut(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := again.Self(t.Context()); code(err) != "unauthenticated" {
			t.Errorf("after signing out: %v", err)
		}
	})
}
