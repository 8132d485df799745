package identity_test

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail/mailtest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
)

// people is a service with mail, at a time that the test sets.
type people struct {
	*identity.Service
	post *mailtest.Post

	mu  sync.Mutex
	now time.Time
}

func (p *people) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *people) later(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

const password = "correct horse battery staple"

func eachPeople(t *testing.T, fn func(t *testing.T, p *people)) {
	t.Helper()
	databasetest.Each(t, database.ServerSchema(), func(t *testing.T, db *database.DB) {
		var master [32]byte
		_, _ = rand.Read(master[:]) // never fails
		keyring := seal.NewKeyring(master)
		p := &people{now: noon}
		p.post = mailtest.Open(t, db, keyring, p.clock)
		p.Service = &identity.Service{
			DB: db, Now: p.clock, Rand: rand.Reader, Mail: p.post.Outbox, Keyring: keyring, PublicURL: "https://localhost",
			Gate:    identity.NewGate(identity.GateLimits{FailuresPerMinute: 60_000}),
			Hashing: identity.Hashing{Memory: 8, Passes: 1, Threads: 1},
		}
		fn(t, p)
	})
}

func newcomer(email string) identity.NewPerson {
	return identity.NewPerson{Email: email, FirstName: "Kim", LastName: "Reed", Password: password, Language: language.English}
}

func from(address string) identity.Caller { return identity.Caller{Address: address} }

// token gives the secret in the newest mail to an address.
func (p *people) token(t testing.TB, to string) string {
	t.Helper()
	for _, link := range p.post.Wait(t, to).Links {
		if u, err := url.Parse(link); err == nil && u.Query().Has("token") {
			return u.Query().Get("token")
		}
	}
	t.Fatalf("the mail to %s has no link with a token", to)
	return ""
}

// join signs somebody up and in.
func (p *people) join(t testing.TB, email string) identity.SignedIn {
	t.Helper()
	if err := p.SignUp(t.Context(), from("192.0.2.1"), newcomer(email)); err != nil {
		t.Fatal(err)
	}
	signed, err := p.Confirm(t.Context(), from("192.0.2.1"), p.token(t, email), password)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// actor is who signed in.
func (p *people) actor(t testing.TB, signed identity.SignedIn) identity.Actor {
	t.Helper()
	a, err := p.AuthenticateSession(t.Context(), signed.Cookie)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// protect sets up an authenticator app.
func (p *people) protect(t testing.TB, a identity.Actor) (secret string, recovery []string) {
	t.Helper()
	start, err := p.BeginTOTP(t.Context(), a, "Example Software")
	if err != nil {
		t.Fatal(err)
	}
	recovery, err = p.ConfirmTOTP(t.Context(), a, p.code(t, start.Secret))
	if err != nil {
		t.Fatal(err)
	}
	return start.Secret, recovery
}

func (p *people) code(t testing.TB, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, p.clock())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// count gives how many rows there are.
func (p *people) count(t testing.TB, query string, args ...any) int64 {
	t.Helper()
	n, err := database.One(p.DB.Read(t.Context()), database.Value[int64], query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// rush does something many times at once and counts the codes of what came of it.
func rush(n int, do func(i int) error) map[problem.Code]int {
	var group sync.WaitGroup
	begin, results := make(chan struct{}), make([]error, n)
	for i := range n {
		group.Go(func() { <-begin; results[i] = do(i) })
	}
	close(begin)
	group.Wait()
	codes := map[problem.Code]int{}
	for _, err := range results {
		codes[codeOf(err)]++
	}
	return codes
}

func TestAResetLinkIsUsedOnceHoweverManyTry(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		p.join(t, "kim@example.com")
		if err := p.RequestReset(t.Context(), "kim@example.com", language.English); err != nil {
			t.Fatal(err)
		}
		token := p.token(t, "kim@example.com")
		got := rush(6, func(i int) error {
			return p.Reset(t.Context(), from(fmt.Sprint(i)), token, fmt.Sprintf("another password %d", i))
		})
		if diff := cmp.Diff(map[problem.Code]int{"": 1, problem.LinkInvalid: 5}, got); diff != "" {
			t.Errorf("resets (-want +got):\n%s", diff)
		}
	})
}

func TestASignUpIsConfirmedOnceHoweverManyTry(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		var tokens []string
		for range 2 { // both links work, until one of them has
			if err := p.SignUp(t.Context(), from("192.0.2.1"), newcomer("kim@example.com")); err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, p.token(t, "kim@example.com"))
		}
		got := rush(6, func(i int) error {
			_, err := p.Confirm(t.Context(), from("192.0.2.1"), tokens[i%2], password)
			return err
		})
		if n := p.count(t, `SELECT COUNT(*) FROM person`); got[""] != 1 || n != 1 {
			t.Errorf("confirmed %d times, %d people; want 1 and 1: %v", got[""], n, got)
		}
	})
}

func TestALinkExpiresAsTheSettingsSay(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		p.join(t, "kim@example.com")
		if err := p.RequestReset(t.Context(), "kim@example.com", language.English); err != nil {
			t.Fatal(err)
		}
		if err := p.SignUp(t.Context(), from("192.0.2.1"), newcomer("sam@example.com")); err != nil {
			t.Fatal(err)
		}
		reset, confirm := p.token(t, "kim@example.com"), p.token(t, "sam@example.com")
		p.later(time.Hour)
		if err := p.Reset(t.Context(), from("192.0.2.1"), reset, "another password"); codeOf(err) != problem.LinkExpired {
			t.Errorf("a reset after its hour: %v, want link_expired", err)
		}
		p.later(23 * time.Hour)
		if _, err := p.Confirm(t.Context(), from("192.0.2.1"), confirm, password); codeOf(err) != problem.LinkExpired {
			t.Errorf("a sign-up after its day: %v, want link_expired", err)
		}
		if err := p.CleanUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Confirm(t.Context(), from("192.0.2.1"), confirm, password); codeOf(err) != problem.LinkExpired {
			t.Errorf("after cleaning up: %v, want link_expired still", err)
		}
		p.later(24 * time.Hour)
		if err := p.CleanUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := p.count(t, `SELECT COUNT(*) FROM link WHERE used_at IS NULL`); n != 0 {
			t.Errorf("%d links are left after twice their life", n)
		}
	})
}

func TestACodeOfTheAppIsTakenOnceHoweverManyTry(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		secret, recovery := p.protect(t, p.actor(t, p.join(t, "kim@example.com")))
		p.later(time.Minute)
		for name, factor := range map[string]identity.Factor{
			"a code": {Code: p.code(t, secret)}, "a recovery code": {RecoveryCode: recovery[0]},
		} {
			halves := make([]identity.SignedIn, 6)
			for i := range halves {
				var err error
				if halves[i], err = p.SignIn(t.Context(), from("192.0.2.1"), "kim@example.com", password); err != nil {
					t.Fatal(err)
				}
			}
			got := rush(len(halves), func(i int) error {
				_, err := p.SecondFactor(t.Context(), identity.Caller{Address: fmt.Sprint(i), Session: halves[i].Cookie}, factor)
				return err
			})
			if diff := cmp.Diff(map[problem.Code]int{"": 1, problem.SecondFactorInvalid: 5}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestAnOlderCodeIsNotTakenAfterANewerOne(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		secret, _ := p.protect(t, p.actor(t, p.join(t, "kim@example.com")))
		p.later(time.Minute)
		older := p.code(t, secret)
		p.later(30 * time.Second)
		newer := p.code(t, secret)
		for i, c := range []struct {
			code string
			want problem.Code
		}{{newer, ""}, {older, problem.SecondFactorInvalid}, {newer, problem.SecondFactorInvalid}} {
			half, err := p.SignIn(t.Context(), from("192.0.2.1"), "kim@example.com", password)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.SecondFactor(t.Context(), identity.Caller{Session: half.Cookie}, identity.Factor{Code: c.code})
			if codeOf(err) != c.want {
				t.Errorf("code %d: %v, want %q", i, err, c.want)
			}
		}
	})
}

func TestASignInThatWaitsForItsSecondFactorIsNoSessionAndEnds(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		secret, _ := p.protect(t, p.actor(t, p.join(t, "kim@example.com")))
		p.later(time.Minute)
		half, err := p.SignIn(t.Context(), from("192.0.2.1"), "kim@example.com", password)
		if err != nil || half.Stage != identity.StageSecondFactor || half.Device != "" {
			t.Fatalf("signed in to %q, device %q, %v", half.Stage, half.Device, err)
		}
		if _, err := p.AuthenticateSession(t.Context(), half.Cookie); codeOf(err) != problem.Unauthenticated {
			t.Errorf("half a sign-in acts: %v", err)
		}
		p.later(10 * time.Minute)
		_, err = p.SecondFactor(t.Context(), identity.Caller{Session: half.Cookie}, identity.Factor{Code: p.code(t, secret)})
		if codeOf(err) != problem.Unauthenticated {
			t.Errorf("after its ten minutes: %v, want unauthenticated", err)
		}
	})
}

func TestStrangersCauseOnlySoManyMailsToAnAddress(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		limit := identity.DefaultSettings().MailsPerHour
		got := rush(int(limit)+5, func(i int) error {
			return [...]func() error{
				func() error { return p.RequestReset(t.Context(), "kim@example.com", language.French) },
				func() error { return p.SignUp(t.Context(), from(fmt.Sprint(i)), newcomer("KIM@example.com")) },
			}[i%2]()
		})
		if n := p.count(t, `SELECT COUNT(*) FROM mail`); n != limit || got[""] != int(limit)+5 {
			t.Errorf("%d mails, want %d; answers %v, want all alike", n, limit, got)
		}
		p.later(time.Hour + time.Second)
		if err := p.RequestReset(t.Context(), "kim@example.com", language.French); err != nil {
			t.Fatal(err)
		}
		if n := p.count(t, `SELECT COUNT(*) FROM mail`); n != limit+1 {
			t.Errorf("%d mails an hour later, want %d", n, limit+1)
		}
	})
}

func TestNamesAndAddressesCannotBreakOutOfAMail(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		for name, spoil := range map[string]func(*identity.NewPerson){
			"a line break in the address":    func(n *identity.NewPerson) { n.Email = "kim@example.com\r\nBcc: sam@example.com" },
			"two addresses":                  func(n *identity.NewPerson) { n.Email = "kim@example.com, sam@example.com" },
			"a display name":                 func(n *identity.NewPerson) { n.Email = "Kim <kim@example.com>" },
			"a line break in the first name": func(n *identity.NewPerson) { n.FirstName = "Kim\r\nBcc: sam@example.com" },
			"a line break in the last name":  func(n *identity.NewPerson) { n.LastName = "Reed\nSubject: odd" },
		} {
			n := newcomer("kim@example.com")
			spoil(&n)
			if err := p.SignUp(t.Context(), from("192.0.2.1"), n); codeOf(err) != problem.ValidationFailed {
				t.Errorf("%s: %v, want validation_failed", name, err)
			}
			if err := p.RequestReset(t.Context(), n.Email, language.English); n.Email != "kim@example.com" && codeOf(err) != problem.ValidationFailed {
				t.Errorf("reset with %s: %v, want validation_failed", name, err)
			}
		}
		n := newcomer("honest@example.com")
		n.FirstName, n.LastName = "Visit https://evil.example", "now"
		if err := p.SignUp(t.Context(), from("192.0.2.1"), n); err != nil {
			t.Fatal(err)
		}
		if m := p.post.Wait(t, "honest@example.com"); strings.Contains(m.Subject+m.Text+m.HTML, "evil") {
			t.Errorf("a stranger's name is in the mail:\n%s", m.Text)
		}
	})
}

func TestAFloodOfWrongPasswordsDoesNotKeepTheOwnerOut(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		owner := p.join(t, "kim@example.com")
		var most atomic.Int64
		const flood = 60
		full := make(chan struct{})
		fill := sync.OnceFunc(func() { close(full) })
		p.Gate = identity.NewGate(identity.GateLimits{
			FailuresPerMinute: 60_000, Waiting: flood,
			Watch: func(running, _ int) { most.Store(max(most.Load(), int64(running))) },
		})
		hold, released := make(chan struct{}), make(chan struct{}, 2)
		for i := range 2 { // both turns are taken, so that the flood lines up
			go func() {
				_ = p.Gate.Try(t.Context(), address(1000+i), func() (bool, error) { <-hold; return true, nil })
				released <- struct{}{}
			}()
		}
		var group sync.WaitGroup
		var refused, busy atomic.Int64
		for i := range 4 * flood {
			group.Go(func() {
				_, err := p.SignIn(t.Context(), from(fmt.Sprint("198.51.100.", i%30)), "kim@example.com", "wrong password")
				refused.Add(map[problem.Code]int64{problem.CredentialsInvalid: 1}[codeOf(err)])
				if codeOf(err) == problem.Busy { // the line is full
					busy.Add(1)
					fill()
				}
			})
		}
		<-full
		signed := make(chan error, 1)
		go func() { // in the browser that has signed them in before
			_, err := p.SignIn(t.Context(), identity.Caller{Address: "198.51.100.1", Device: owner.Device}, "kim@example.com", password)
			signed <- err
		}()
		close(hold)
		if err := <-signed; err != nil {
			t.Errorf("the owner, in the midst of the flood: %v", err)
		}
		group.Wait()
		<-released
		<-released
		if _, err := p.SignIn(t.Context(), from("198.51.100.1"), "kim@example.com", password); err != nil {
			t.Errorf("the owner, from an address of the flood: %v", err)
		}
		if most.Load() > 2 || refused.Load()+busy.Load() != 4*flood || busy.Load() == 0 {
			t.Errorf("%d hashes at once, %d refused, %d busy; want 2 at most and %d altogether", most.Load(), refused.Load(), busy.Load(), 4*flood)
		}
	})
}

func TestADeviceIsKnownForItsOwnPersonOnly(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		kim, sam := p.join(t, "kim@example.com"), p.join(t, "sam@example.com")
		for name, c := range map[string]struct {
			device string
			kept   bool
		}{
			"their own":   {kim.Device, true},
			"another's":   {sam.Device, false},
			"invented":    {"AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAA", false},
			"nothing":     {"", false},
			"half of one": {strings.Split(kim.Device, ".")[0], false},
		} {
			signed, err := p.SignIn(t.Context(), identity.Caller{Device: c.device}, "kim@example.com", password)
			if err != nil {
				t.Fatal(err)
			}
			if kept := signed.Device == c.device; kept != c.kept || signed.Device == "" {
				t.Errorf("%s: kept %v, want %v", name, kept, c.kept)
			}
		}
	})
}

func TestAnUnknownAddressCostsAHashToo(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		p.join(t, "kim@example.com")
		var turns atomic.Int64
		p.Gate = identity.NewGate(identity.GateLimits{Watch: func(running, _ int) { turns.Add(int64(running)) }})
		var each []int64
		for _, email := range []string{"kim@example.com", "nobody@example.com", "no address"} {
			before := turns.Load()
			if _, err := p.SignIn(t.Context(), from("192.0.2.1"), email, "wrong password"); codeOf(err) != problem.CredentialsInvalid {
				t.Errorf("%s: %v, want credentials_invalid", email, err)
			}
			each = append(each, turns.Load()-before)
		}
		if diff := cmp.Diff([]int64{1, 1, 1}, each); diff != "" {
			t.Errorf("turns (-want +got):\n%s", diff)
		}
	})
}

func TestAPasswordIsHashedAnewWhenHashesCostMore(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		p.join(t, "kim@example.com")
		p.Hashing = identity.Hashing{Memory: 16, Passes: 2, Threads: 1}
		for range 2 {
			if _, err := p.SignIn(t.Context(), from("192.0.2.1"), "kim@example.com", password); err != nil {
				t.Fatal(err)
			}
			if n := p.count(t, `SELECT COUNT(*) FROM person WHERE password LIKE '$argon2id$v=19$m=16,t=2,p=1$%'`); n != 1 {
				t.Error("the password is kept at the old cost")
			}
		}
	})
}

func TestSessionsEndWithoutUseAndInTheEnd(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		signed := p.join(t, "kim@example.com")
		alive := func() bool {
			_, err := p.AuthenticateSession(t.Context(), signed.Cookie)
			return err == nil
		}
		for range 59 { // used every 12 hours, all but
			p.later(12*time.Hour - time.Second)
			if !alive() {
				t.Fatal("a session that is used has ended")
			}
		}
		p.later(12*time.Hour - time.Second)
		p.later(time.Minute)
		if alive() {
			t.Error("a session lives longer than 30 days")
		}
		idle := p.join(t, "sam@example.com")
		p.later(12 * time.Hour)
		if _, err := p.AuthenticateSession(t.Context(), idle.Cookie); codeOf(err) != problem.Unauthenticated {
			t.Errorf("a session without use: %v, want unauthenticated", err)
		}
		if err := p.CleanUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := p.count(t, `SELECT COUNT(*) FROM session`); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

func TestAResetAndASignInAtOnceLeaveNoSessionOfTheOldPassword(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		p.join(t, "kim@example.com")
		for round := range 5 {
			old, next := fmt.Sprintf("password of round %d", round), fmt.Sprintf("password of round %d", round+1)
			p.reset(t, "kim@example.com", old)
			if err := p.RequestReset(t.Context(), "kim@example.com", language.English); err != nil {
				t.Fatal(err)
			}
			token := p.newestToken(t, "kim@example.com")
			rush(5, func(i int) error {
				return [...]func() error{
					func() error { return p.Reset(t.Context(), from("1"), token, next) },
					func() error { _, err := p.SignIn(t.Context(), from(fmt.Sprint(i)), "kim@example.com", old); return err },
				}[min(i, 1)]()
			})
			if n := p.count(t, `SELECT COUNT(*) FROM session WHERE ended_at IS NULL`); n != 0 {
				t.Errorf("round %d: %d sessions live after the reset", round, n)
			}
			p.later(time.Hour + time.Minute)
		}
	})
}

// reset sets a password by mail.
func (p *people) reset(t testing.TB, email, to string) {
	t.Helper()
	if err := p.RequestReset(t.Context(), email, language.English); err != nil {
		t.Fatal(err)
	}
	if err := p.Reset(t.Context(), from("192.0.2.1"), p.newestToken(t, email), to); err != nil {
		t.Fatal(err)
	}
}

// newestToken passes over what else was mailed to an address.
func (p *people) newestToken(t testing.TB, email string) string {
	t.Helper()
	for {
		m := p.post.Wait(t, email)
		for _, link := range m.Links {
			if u, err := url.Parse(link); err == nil && u.Query().Has("token") {
				return u.Query().Get("token")
			}
		}
	}
}

// Somebody signs up with an address that is not theirs, and its owner follows the
// mail: the account must not be one whose password the stranger knows.
func TestASignUpIsConfirmedByWhoeverKnowsItsPasswordAlone(t *testing.T) {
	eachPeople(t, func(t *testing.T, p *people) {
		if err := p.SignUp(t.Context(), from("192.0.2.1"), newcomer("kim@example.com")); err != nil {
			t.Fatal(err)
		}
		token := p.token(t, "kim@example.com")
		if _, err := p.Confirm(t.Context(), from("198.51.100.7"), token, "not the password of it"); codeOf(err) != problem.CredentialsInvalid {
			t.Errorf("with another password: %v, want credentials_invalid", err)
		}
		if n := p.count(t, `SELECT COUNT(*) FROM person`); n != 0 {
			t.Errorf("%d people, want none", n)
		}
		if _, err := p.Confirm(t.Context(), from("192.0.2.1"), token, password); err != nil {
			t.Errorf("with its own, by the same link: %v", err)
		}
	})
}
