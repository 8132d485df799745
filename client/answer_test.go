package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/licensefile"
)

// reseal gives a license of the publisher with changes, signed by a signer.
func reseal(compact string, s *licensefile.Signer, edit func(*licensefile.License)) string {
	var l licensefile.License
	must(0, json.Unmarshal(payloadOf(compact), &l))
	edit(&l)
	return must(s.Seal(licensefile.TypeLicense, must(json.Marshal(l))))
}

// payloadOf decodes the payload of a compact message.
func payloadOf(compact string) []byte {
	_, rest, _ := strings.Cut(compact, ".")
	body, _, _ := strings.Cut(rest, ".")
	return must(b64.DecodeString(body))
}

func TestForgedAnswerIsRefusedAndChangesNothing(t *testing.T) {
	impostor := newPublisher()
	t.Cleanup(impostor.server.Close)
	impostor.rootKey = keyOf("impostor")
	impostor.rootDER = must(licensefile.NewRoot(publisherID, "Example Software", impostor.rootKey, start.AddDate(-1, 0, 0), start.AddDate(29, 0, 0), randOf("impostor")))
	_, impostorSigner := impostor.certify("impostor leaf")
	nothing := func(*licensefile.License) {}

	for _, c := range []struct {
		name   string
		mangle func(p *publisher, compact string) string
		want   string
	}{
		{"not a message", func(*publisher, string) string { return "hello" }, licensefile.CodeFileMalformed},
		{"a byte of the payload changed", func(_ *publisher, compact string) string {
			at := strings.Index(compact, ".") + 40
			return compact[:at] + flipped(compact[at]) + compact[at+1:]
		}, ""},
		{"a byte of the signature changed", func(_ *publisher, compact string) string {
			at := len(compact) - 40
			return compact[:at] + flipped(compact[at]) + compact[at+1:]
		}, licensefile.CodeSignatureInvalid},
		{"its own request sent back", func(p *publisher, _ string) string { return p.bodies[len(p.bodies)-1] }, licensefile.CodeWrongType},
		{"signed by an impostor", func(_ *publisher, compact string) string { return reseal(compact, impostorSigner, nothing) }, licensefile.CodeChainUntrusted},
		{"of another publisher", func(p *publisher, compact string) string {
			return reseal(compact, p.signer, func(l *licensefile.License) { l.Issuer = "urn:uuid:0197a1b2-0000-7000-8000-00000000000b" })
		}, licensefile.CodeWrongPublisher},
		{"of another product", func(p *publisher, compact string) string {
			return reseal(compact, p.signer, func(l *licensefile.License) { l.Audience = "other" })
		}, licensefile.CodeWrongProduct},
		{"of another slot", func(p *publisher, compact string) string {
			return reseal(compact, p.signer, func(l *licensefile.License) { l.Subject = "slot-9" })
		}, licensefile.CodeWrongSlot},
		{"of another installation", func(p *publisher, compact string) string {
			return reseal(compact, p.signer, func(l *licensefile.License) {
				l.Confirm.Thumbprint = licensefile.Thumbprint(make([]byte, 32))
			})
		}, licensefile.CodeWrongInstallation},
		{"of the serial held", func(p *publisher, compact string) string {
			return reseal(compact, p.signer, func(l *licensefile.License) { l.Serial = 1 })
		}, licensefile.CodeLicenseNotNewer},
		{"issued earlier", func(p *publisher, compact string) string {
			return reseal(compact, p.signer, func(l *licensefile.License) { l.IssuedAt = licensefile.At(start.Add(-time.Hour)) })
		}, licensefile.CodeLicenseIssuedEarlier},
		{"issued after its certificate's end", func(p *publisher, compact string) string {
			return reseal(compact, p.signer, func(l *licensefile.License) { l.IssuedAt = licensefile.At(start.AddDate(13, 0, 0)) })
		}, licensefile.CodeCertificateExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.activate()
			before := w.slot()
			w.pass(time.Hour)
			w.publisher.mangle = func(compact string) string { return c.mangle(w.publisher, compact) }
			_, err := w.client.Refresh(t.Context(), desktop)
			got := licensefile.CodeOf(err)
			if err == nil || got == "" || c.want != "" && got != c.want {
				t.Errorf("got error %v, want a refusal with code %q", err, c.want)
			}
			after := w.slot()
			if after.License != before.License || after.Serial != before.Serial || after.Deactivated {
				t.Errorf("the slot changed: %+v", after)
			}
			if after.Pending == nil {
				t.Error("the request is not pending any more")
			}
			w.publisher.mangle = nil
			if out, err := w.client.Refresh(t.Context(), desktop); err != nil || out.License.Serial != 2 {
				t.Errorf("refreshing honestly afterwards: got %+v, %v, want serial 2", out, err)
			}
		})
	}
}

// flipped gives another base64url character.
func flipped(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func TestOldLicenseReplayedIsRefused(t *testing.T) {
	w := newWorld(t)
	w.activate()
	first := w.publisher.lastAnswer
	w.pass(time.Hour)
	if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
		t.Fatal(err)
	}
	w.publisher.mangle = func(string) string { return first }
	_, err := w.client.Refresh(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeLicenseNotNewer)
	_, err = w.client.Load(t.Context(), licensefile.Armor(licensefile.ArmorLicense, first))
	w.wantCode(err, licensefile.CodeLicenseNotNewer)
}

func TestAnswerOlderThanWhatIsHeldDoesNotBlockTheRow(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.publisher.lose.Store(true)
	if _, err := w.client.Refresh(t.Context(), desktop); err == nil {
		t.Fatal("a lost answer was taken")
	}
	w.publisher.lose.Store(false)
	// Meanwhile a license comes by file: newer than the lost answer.
	var unsolicited string
	w.publisher.locked(func(p *publisher) {
		unsolicited = reseal(p.lastAnswer, p.signer, func(l *licensefile.License) { l.Serial = 7 })
		p.anyRow().serial = 7
	})
	if _, err := w.client.Load(t.Context(), licensefile.Armor(licensefile.ArmorLicense, unsolicited)); err != nil {
		t.Fatalf("loading a license that nobody asked for: %v", err)
	}
	out, err := w.client.Refresh(t.Context(), desktop)
	if err != nil || out.License.Serial != 8 {
		t.Errorf("refreshing afterwards: got %+v, %v, want serial 8", out, err)
	}
}

func TestAnswerThatIsOutOfDateForEverDoesNotBlockTheRow(t *testing.T) {
	w := newWorld(t)
	w.publisher.lose.Store(true)
	if _, err := w.client.Activate(t.Context(), desktop, key, nil); err == nil {
		t.Fatal("a lost answer was taken")
	}
	w.publisher.lose.Store(false)
	// The row is ended from the portal, and the receipt comes by file.
	var ended []byte
	w.publisher.locked(func(p *publisher) {
		signed := must(licensefile.OpenRequest(p.bodies[0], publisherID))
		row := p.anyRow()
		row.live, row.serial = false, 5
		ended = licensefile.Armor(licensefile.ArmorReceipt, p.receipt(row, signed, licensefile.StatusDeactivated))
		row.endedBy = "released"
	})
	w.store.edit(func(in *client.Installation) { in.Slots[0].Pending.Nonce = "of-another-request" })
	w.restart()
	if _, err := w.client.Load(t.Context(), ended); err != nil {
		t.Fatalf("loading the receipt: %v", err)
	}
	// The same request would be answered with its old license for ever.
	out, err := w.client.Activate(t.Context(), desktop, key, nil)
	if err != nil || out.License.Serial != 6 {
		t.Errorf("activating again: got %+v, %v, want serial 6", out, err)
	}
}

func TestReceiptOfAnotherSlotEndsNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.Activate(t.Context(), mobile, otherKey, nil); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	if _, err := w.client.Deactivate(t.Context(), mobile, nil); err != nil {
		t.Fatal(err)
	}
	receipt := w.publisher.lastAnswer
	w.publisher.mangle = func(string) string { return receipt }
	_, err := w.client.Activate(t.Context(), desktop, key, nil)
	w.wantCode(err, licensefile.CodeWrongSlot)
}

func TestReportIsNotAnsweredByALicense(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.publisher.mangle = func(string) string {
		return reseal(w.slot().License, w.publisher.signer, func(l *licensefile.License) { l.Serial = 9 })
	}
	_, err := w.client.Report(t.Context(), desktop, nil)
	w.wantCode(err, licensefile.CodeAnswerMismatch)
	if s := w.slot(); s.Pending == nil {
		t.Error("the report is not pending any more")
	}
}

func TestAnswerOfTheWrongKindIsRefused(t *testing.T) {
	w := newWorld(t)
	w.activate()
	report := func() error {
		_, err := w.client.Report(t.Context(), desktop, nil)
		return err
	}
	w.publisher.editReceipt = func(r *licensefile.Receipt) { r.Body.Nonce = "of-another-request" }
	w.wantCode(report(), licensefile.CodeAnswerMismatch)
	w.publisher.editReceipt = func(r *licensefile.Receipt) {
		r.Body.Status, r.Body.Preview = licensefile.StatusPreview, &licensefile.Preview{}
	}
	if err := w.client.Abandon(t.Context(), desktop); err != nil {
		t.Fatal(err)
	}
	w.wantCode(report(), licensefile.CodeAnswerMismatch)
	if s := w.slot(); s.Pending == nil || !s.Active() {
		t.Errorf("slot: got %+v, want the report pending and the row active", s)
	}
}

func TestRevokedCertificateIsNotBelievedAnyMore(t *testing.T) {
	w := newWorld(t)
	w.activate()
	if _, err := w.client.Activate(t.Context(), mobile, otherKey, nil); err != nil {
		t.Fatal(err)
	}
	stolen := w.publisher.signer
	_, w.publisher.signer = w.publisher.certify("second leaf")
	w.publisher.revocationList = w.publisher.revoke(1, w.publisher.leafDER)
	w.pass(time.Hour)
	if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
		t.Fatalf("refreshing under the new certificate: %v", err)
	}
	// The other row's license was signed by the revoked certificate.
	_, err := w.client.Verify(t.Context(), mobile)
	w.wantCode(err, licensefile.CodeCertificateRevoked)
	if d, err := w.client.May(t.Context(), mobile, licensefile.Enroll); err != nil || d.Verdict != licensefile.Refuse {
		t.Errorf("may enroll under a revoked certificate: got %+v, %v, want it refused", d, err)
	}
	if _, err := w.client.Refresh(t.Context(), mobile); err != nil {
		t.Errorf("refreshing the other row: %v", err)
	}
	if got := w.publisher.lastRequest.Revocations; got != 1 {
		t.Errorf("number of the list in the request: got %d, want 1", got)
	}
	// The thief signs a license and takes the list away.
	w.publisher.mangle = func(compact string) string {
		return reseal(compact, stolen, func(l *licensefile.License) { l.Revocation = "" })
	}
	_, err = w.client.Refresh(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeCertificateRevoked)
}

func TestRevocationListCountsEvenAgainstItsBearer(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.publisher.revocationList = w.publisher.revoke(1, w.publisher.leafDER)
	w.pass(time.Hour)
	_, err := w.client.Refresh(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeCertificateRevoked)
	_, err = w.client.Verify(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeCertificateRevoked)
}

func TestRevocationListIsTakenOnlyWhenNewerAndSignedByTheRoot(t *testing.T) {
	for _, c := range []struct {
		name string
		list func(p *publisher) string
		want int64
	}{
		{"higher number", func(p *publisher) string { return p.revoke(6) }, 6},
		{"the same number", func(p *publisher) string { return p.revoke(5, p.leafDER) }, 5},
		{"lower number", func(p *publisher) string { return p.revoke(4, p.leafDER) }, 5},
		{"signed by a signing key", func(*publisher) string {
			return must(licensefile.SealRevocations(licensefile.Revocations{Issuer: publisherID, IssuedAt: licensefile.At(start), Number: 9}, keyOf("leaf")))
		}, 5},
		{"damaged", func(p *publisher) string { return p.revoke(9)[1:] }, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.publisher.revocationList = w.publisher.revoke(5)
			w.activate()
			w.publisher.revocationList = c.list(w.publisher)
			for range 2 { // the second request tells which list is held
				w.pass(time.Hour)
				if _, err := w.client.Refresh(t.Context(), desktop); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.publisher.lastRequest.Revocations; got != c.want {
				t.Errorf("list held: got number %d, want %d", got, c.want)
			}
		})
	}
}

func TestEditedStoreIsNotBelieved(t *testing.T) {
	other := newWorld(t)
	other.activate()
	foreign := other.slot().License
	for _, c := range []struct {
		name string
		edit func(*client.Installation)
		want string
	}{
		{"a license of another installation", func(in *client.Installation) {
			in.Slots[0].License = foreign
			in.Seed = make([]byte, 32)
		}, licensefile.CodeWrongInstallation},
		{"a changed license", func(in *client.Installation) {
			l := in.Slots[0].License
			in.Slots[0].License = l[:len(l)-20] + flipped(l[len(l)-20]) + l[len(l)-19:]
		}, licensefile.CodeSignatureInvalid},
		{"a license of another slot", func(in *client.Installation) { in.Slots[0].Ref.LicenseType = "mobile" }, licensefile.CodeNotActivated},
		{"the license taken away", func(in *client.Installation) { in.Slots[0].License = "" }, licensefile.CodeNotActivated},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.activate()
			w.store.edit(c.edit)
			w.restart()
			_, err := w.client.Verify(t.Context(), desktop)
			w.wantCode(err, c.want)
		})
	}
}

func TestProblemIsDecoded(t *testing.T) {
	w := newWorld(t)
	w.publisher.refuse = func(licensefile.Request) *refusal {
		f := problem(http.StatusTooManyRequests, "too_many_failures", 0)
		f.header = map[string]string{"Retry-After": "42"}
		return f
	}
	_, err := w.client.Preview(t.Context(), desktop, key)
	var p *client.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a *Problem", err)
	}
	want := client.Problem{
		Code: "too_many_failures", Message: "A sentence about too_many_failures.",
		Status: 429, RequestID: "req-1", RetryAfter: 42 * time.Second,
	}
	if *p != want {
		t.Errorf("got %+v, want %+v", *p, want)
	}
}

func TestRetryAfterMayBeADate(t *testing.T) {
	w := newWorld(t)
	w.publisher.refuse = func(licensefile.Request) *refusal {
		f := problem(http.StatusServiceUnavailable, "shutting_down", 0)
		f.header = map[string]string{"Retry-After": start.Add(90 * time.Second).Format(http.TimeFormat)}
		return f
	}
	_, err := w.client.Preview(t.Context(), desktop, key)
	var p *client.Problem
	if !errors.As(err, &p) || p.RetryAfter != 90*time.Second {
		t.Errorf("got %+v, want to wait 90 s", err)
	}
}

func TestWhatIsNotThePublisherIsTold(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		status int
	}{
		{"a portal's page", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			must(w.Write([]byte("<html>Sign in to the guest network</html>")))
		}, 200},
		{"an answer that never ends", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/jose")
			for range licensefile.MaxSize/1024 + 1 {
				if _, err := w.Write(make([]byte, 1024)); err != nil {
					return
				}
			}
		}, 200},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, 200},
		{"a problem without a code", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadGateway)
			must(w.Write([]byte(`{"status":502}`)))
		}, 502},
		{"nothing", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.activate()
			w.publisher.answerInstead = func(rw http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost {
					http.Error(rw, "followed", http.StatusOK)
					return
				}
				c.answer(rw, r)
			}
			_, err := w.client.Refresh(t.Context(), desktop)
			var u *client.Unreachable
			if !errors.As(err, &u) || u.Status != c.status {
				t.Errorf("got %v, want an *Unreachable of status %d", err, c.status)
			}
			if s := w.slot(); s.Pending == nil || !s.Active() {
				t.Errorf("slot: got %+v, want the request pending and the row active", s)
			}
		})
	}
}

func TestOwnHTTPClientFollowsNoRedirect(t *testing.T) {
	p := newPublisher()
	t.Cleanup(p.server.Close)
	followed := false
	p.answerInstead = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed = true
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}
	c := must(client.Open(client.Config{
		Server: p.server.URL + "/", Trust: p.trust, Product: product, Store: &memory{},
	}))
	_, err := c.Activate(t.Context(), desktop, key, nil)
	var u *client.Unreachable
	if !errors.As(err, &u) || u.Status != http.StatusTemporaryRedirect || followed {
		t.Errorf("got %v (followed: %v), want the redirect told and not followed", err, followed)
	}
}
