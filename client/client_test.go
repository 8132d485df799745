package client_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/licensefile"
)

func TestActivationGivesTheLicenseAndForgetsTheKey(t *testing.T) {
	w := newWorld(t)
	out := w.activate()
	if out.License == nil || out.License.Serial != 1 || out.Kind != licensefile.KindActivate || out.Repeated {
		t.Errorf("outcome: got %+v, want the first license, in answer to the activation", out)
	}
	if got := w.slot().Pending; got != nil {
		t.Errorf("pending after the answer: got %+v, want nothing", got)
	}
	l, err := w.client.Verify(t.Context(), desktop)
	if err != nil {
		t.Fatalf("verifying what is held: %v", err)
	}
	if l.Grant.Key != "••••-5678" {
		t.Errorf("key: got %q, want it masked", l.Grant.Key)
	}
	for _, spelling := range []string{key, licensefile.NormalizeKey(key)} {
		for shift := range 3 {
			encoded := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + spelling))
			if strings.Contains(w.store.text(), spelling) || strings.Contains(w.store.text(), encoded[4:len(encoded)-3]) {
				t.Errorf("the store still holds the key %q after the activation", spelling)
			}
		}
	}
}

func TestPreviewShowsWhatActivatingGrantsAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.Thumbprint(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := w.store.text()
	out, err := w.client.Preview(t.Context(), desktop, key)
	if err != nil {
		t.Fatalf("previewing: %v", err)
	}
	if out.Preview == nil || *out.Preview.Maximum != 10 {
		t.Errorf("preview: got %+v, want a maximum of 10", out.Preview)
	}
	if diff := cmp.Diff(before, w.store.text()); diff != "" {
		t.Errorf("the store changed:\n%s", diff)
	}
	w.publisher.editReceipt = func(r *licensefile.Receipt) { r.Body.Nonce = "another-nonce-000" }
	_, err = w.client.Preview(t.Context(), desktop, key)
	w.wantCode(err, licensefile.CodeAnswerMismatch)
}

func TestEveryVerbIsAnswered(t *testing.T) {
	w := newWorld(t)
	w.activate()
	usage := []licensefile.Usage{{Metric: "devices", From: start, To: start.Add(time.Hour), Used: 4, Peak: 6}}
	w.pass(time.Hour)
	for _, c := range []struct {
		name string
		call func() (*client.Outcome, error)
		want client.Outcome
	}{
		{"refresh", func() (*client.Outcome, error) { return w.client.Refresh(t.Context(), desktop) }, client.Outcome{Kind: licensefile.KindRefresh}},
		{"report", func() (*client.Outcome, error) { return w.client.Report(t.Context(), desktop, usage) }, client.Outcome{Kind: licensefile.KindReport, Usage: usage}},
		{"check in", func() (*client.Outcome, error) { return w.client.CheckIn(t.Context(), desktop, usage) }, client.Outcome{Kind: licensefile.KindCheckIn, Usage: usage}},
		{"deactivate", func() (*client.Outcome, error) { return w.client.Deactivate(t.Context(), desktop, usage) }, client.Outcome{Kind: licensefile.KindDeactivate, Usage: usage, Ended: true}},
	} {
		got, err := c.call()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got.License, got.Receipt, c.want.Slot = nil, nil, desktop
		if diff := cmp.Diff(&c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if s := w.slot(); !s.Deactivated || !s.Released || s.License != "" || s.Serial != 4 {
		t.Errorf("slot after deactivating: got %+v, want a released tombstone of serial 4", s)
	}
	if w.publisher.forks != 0 {
		t.Errorf("the publisher saw %d forks, want none", w.publisher.forks)
	}
}

func TestOnlyAnActiveRowMayAsk(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Refresh(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeNotActivated)
	_, err = w.client.RequestFile(t.Context(), licensefile.KindDeactivate, desktop, "", nil)
	w.wantCode(err, licensefile.CodeNotActivated)
	_, err = w.client.Activate(t.Context(), desktop, "?", nil)
	w.wantCode(err, licensefile.CodeKeyMalformed)
	if n := len(w.publisher.requests()); n != 0 {
		t.Errorf("%d requests left, want none", n)
	}
	w.activate()
	if _, err := w.client.Deactivate(t.Context(), desktop, nil); err != nil {
		t.Fatal(err)
	}
	_, err = w.client.Report(t.Context(), desktop, nil)
	w.wantCode(err, licensefile.CodeNotActivated)
	_, err = w.client.Deactivate(t.Context(), desktop, nil)
	w.wantCode(err, licensefile.CodeNotActivated)
}

func TestRowEndedFromThePortalLeavesATombstone(t *testing.T) {
	w := newWorld(t)
	w.activate()
	old := licensefile.Armor(licensefile.ArmorLicense, w.publisher.lastAnswer)
	w.publisher.end("released by support")
	w.pass(time.Hour)
	out, err := w.client.Refresh(t.Context(), desktop)
	if err != nil {
		t.Fatalf("refreshing: %v", err)
	}
	if !out.Ended || out.Reason != "released by support" {
		t.Errorf("outcome: got %+v, want the row ended, with the reason", out)
	}
	if s := w.slot(); s.Serial != 2 || !s.Deactivated || s.License != "" {
		t.Errorf("slot: got %+v, want a tombstone of serial 2", s)
	}
	decision, err := w.client.May(t.Context(), desktop, licensefile.Enroll)
	if err != nil || decision.Code != licensefile.CodeNotActivated {
		t.Errorf("may enroll: got %+v, %v, want not_activated", decision, err)
	}
	_, err = w.client.Load(t.Context(), old)
	w.wantCode(err, licensefile.CodeLicenseNotNewer)
	w.pass(time.Hour)
	if out := w.activate(); out.License.Serial != 3 {
		t.Errorf("activating again: got serial %d, want 3", out.License.Serial)
	}
}

func TestTombstoneComesBackByActivatingOnly(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.pass(time.Hour)
	refresh := must(w.client.RequestFile(t.Context(), licensefile.KindRefresh, desktop, "", nil))
	newer, refused := w.publisher.byFile(refresh)
	if refused != nil {
		t.Fatalf("refresh by file: %+v", refused)
	}
	if err := w.client.Abandon(t.Context(), desktop); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.RequestFile(t.Context(), licensefile.KindDeactivate, desktop, "", nil); err != nil {
		t.Fatal(err)
	}
	// The refresh's answer is newer than the tombstone, but was not activated for.
	_, err := w.client.Load(t.Context(), newer)
	w.wantCode(err, licensefile.CodeNotActivated)
	if s := w.slot(); s.Active() {
		t.Error("a deactivated row came back by an old file")
	}
}

func TestAnswersOfTwoSlotsDoNotMix(t *testing.T) {
	w := newWorld(t)
	w.activate()
	if _, err := w.client.Activate(t.Context(), mobile, otherKey, nil); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	if _, err := w.client.Refresh(t.Context(), mobile); err != nil {
		t.Fatal(err)
	}
	swapped := w.publisher.lastAnswer
	w.publisher.mangle = func(string) string { return swapped }
	_, err := w.client.Refresh(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeWrongSlot)
}

func TestFirstActivationIsBoundToItsSlotByTheGrant(t *testing.T) {
	w := newWorld(t)
	w.publisher.edit = func(l *licensefile.License) { l.Grant.LicenseType = "mobile" }
	_, err := w.client.Activate(t.Context(), desktop, key, nil)
	w.wantCode(err, licensefile.CodeWrongSlot)
}

func TestPublisherMustBeChosenAmongTheTrusted(t *testing.T) {
	p := newPublisher()
	t.Cleanup(p.server.Close)
	const other = "urn:uuid:0197a1b2-0000-7000-8000-00000000000b"
	second := must(licensefile.NewRoot(other, "Other Software", keyOf("other"), start, start.AddDate(1, 0, 0), randOf("other")))
	both := must(licensefile.ParseTrust(append(licensefile.TrustPEM(p.rootDER), licensefile.TrustPEM(second)...)))
	for _, c := range []struct {
		name string
		edit func(*client.Config)
		ok   bool
	}{
		{"one trusted", func(*client.Config) {}, true},
		{"two trusted, one named", func(c *client.Config) { c.Trust, c.Publisher = both, other }, true},
		{"two trusted, none named", func(c *client.Config) { c.Trust = both }, false},
		{"one named that is not trusted", func(c *client.Config) { c.Publisher = other }, false},
		{"nobody trusted", func(c *client.Config) { c.Trust = nil }, false},
		{"no product", func(c *client.Config) { c.Product = "" }, false},
		{"no store", func(c *client.Config) { c.Store = nil }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := client.Config{Trust: p.trust, Product: product, Store: &memory{}}
			c.edit(&config)
			_, err := client.Open(config)
			if (err == nil) != c.ok {
				t.Errorf("got error %v, want accepted: %v", err, c.ok)
			}
		})
	}
}

func TestManyCallersNeverForkTheInstallation(t *testing.T) {
	w := newWorld(t)
	w.activate()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for range 10 {
				var err error
				switch i % 4 {
				case 0:
					_, err = w.client.Refresh(t.Context(), desktop)
				case 1:
					_, err = w.client.Report(t.Context(), desktop, nil)
				case 2:
					_, err = w.client.May(t.Context(), desktop, licensefile.Enroll)
				default:
					err = w.client.SetUsed(t.Context(), desktop, int64(i))
				}
				if err != nil {
					t.Errorf("caller %d: %v", i, err)
				}
			}
		})
	}
	wait.Wait()
	if w.publisher.forks != 0 {
		t.Errorf("the publisher saw %d forks, want none", w.publisher.forks)
	}
	if got := w.slot().Sequence; got != 41 {
		t.Errorf("sequence: got %d, want 41: one activation and 40 exchanges", got)
	}
}

func TestWhoGivesUpWaitingSendsNothing(t *testing.T) {
	w := newWorld(t)
	w.activate()
	entered, leave := make(chan struct{}), make(chan struct{})
	w.via = roundTrip(func(*http.Request) (*http.Response, error) {
		close(entered)
		<-leave
		return nil, errors.New("line cut")
	})
	w.restart()
	done := make(chan error)
	go func() {
		_, err := w.client.Refresh(t.Context(), desktop)
		done <- err
	}()
	<-entered
	ctx, cancel := contextWithCancel(t)
	cancel()
	if _, err := w.client.Report(ctx, desktop, nil); !errors.Is(err, ctx.Err()) {
		t.Errorf("second caller: got %v, want its own cancellation", err)
	}
	close(leave)
	var unreachable *client.Unreachable
	if err := <-done; !errors.As(err, &unreachable) {
		t.Errorf("first caller: got %v, want an *Unreachable", err)
	}
}
