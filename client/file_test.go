package client_test

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/licensefile"
)

var b64 = base64.RawURLEncoding

// request gives a request file or fails the test.
func (w *world) request(kind licensefile.Kind, key string) []byte {
	w.t.Helper()
	file, err := w.client.RequestFile(w.t.Context(), kind, desktop, key, nil)
	if err != nil {
		w.t.Fatalf("making a request file: %v", err)
	}
	return file
}

// answer has the publisher answer a request file.
func (w *world) answer(file []byte) []byte {
	w.t.Helper()
	answer, refused := w.publisher.byFile(file)
	if refused != nil {
		w.t.Fatalf("the publisher refused the file: %s", refused.body)
	}
	return answer
}

func TestActivationByFileSurvivesUntilItIsAnswered(t *testing.T) {
	w := newWorld(t)
	file := w.request(licensefile.KindActivate, key)
	w.pass(24 * time.Hour)
	w.restart()
	if again := w.request(licensefile.KindActivate, "abcd 1234 efgh 5678"); !bytes.Equal(file, again) {
		t.Errorf("asking again gave other bytes:\n%s\n%s", file, again)
	}
	answer := w.answer(file)
	before := w.store.text()
	seen, err := w.client.Inspect(t.Context(), answer)
	if err != nil || seen.License == nil || seen.Kind != licensefile.KindActivate {
		t.Fatalf("inspecting: got %+v, %v", seen, err)
	}
	if w.store.text() != before {
		t.Error("inspecting changed the store")
	}
	out, err := w.client.Load(t.Context(), answer)
	if err != nil || out.License.Serial != 1 || out.License.Grant.Method != licensefile.Offline {
		t.Fatalf("loading: got %+v, %v, want the offline license of serial 1", out, err)
	}
	if s := w.slot(); s.Pending != nil || !s.Active() {
		t.Errorf("slot: got %+v, want it active with nothing pending", s)
	}
	if _, err := w.client.Load(t.Context(), answer); licensefile.CodeOf(err) != licensefile.CodeLicenseNotNewer {
		t.Errorf("loading the same file again: got %v, want license_not_newer", err)
	}
}

func TestRequestFileMayBeStartedOver(t *testing.T) {
	w := newWorld(t)
	file := w.request(licensefile.KindActivate, key)
	_, err := w.client.RequestFile(t.Context(), licensefile.KindActivate, desktop, otherKey, nil)
	w.wantCode(err, licensefile.CodeRequestPending)
	_, err = w.client.Activate(t.Context(), desktop, key, nil)
	w.wantCode(err, licensefile.CodeRequestPending)
	if err := w.client.Abandon(t.Context(), desktop); err != nil {
		t.Fatal(err)
	}
	if p, err := w.client.Pending(t.Context(), desktop); p != nil || err != nil {
		t.Errorf("pending: got %v, %v, want nothing", p, err)
	}
	second := w.request(licensefile.KindActivate, otherKey)
	p, err := w.client.Pending(t.Context(), desktop)
	if err != nil || p.Sequence != 2 || p.Key != "••••-9999" {
		t.Errorf("pending: got %+v, %v, want sequence 2 and the masked key", p, err)
	}
	w.answer(second)
	if _, refused := w.publisher.byFile(file); refused == nil || refused.highest != 2 {
		t.Errorf("the first file after the second: got %+v, want it superseded by 2", refused)
	}
}

func TestAnswerForAnotherKeyLeavesTheActivationPending(t *testing.T) {
	w := newWorld(t)
	first := w.answer(w.request(licensefile.KindActivate, key))
	if err := w.client.Abandon(t.Context(), desktop); err != nil {
		t.Fatal(err)
	}
	w.request(licensefile.KindActivate, otherKey)
	if _, err := w.client.Load(t.Context(), first); err != nil {
		t.Fatalf("loading the answer to the first request: %v", err)
	}
	if s := w.slot(); s.Pending == nil || !s.Active() {
		t.Errorf("slot: got %+v, want it active under the first key, the second activation pending", s)
	}
}

func TestDeactivationByFileHasTwoSteps(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.pass(time.Hour)
	file := w.request(licensefile.KindDeactivate, "")
	s := w.slot()
	if !s.Deactivated || s.Released || s.License != "" || s.Serial != 1 {
		t.Errorf("after the request: got %+v, want an unreleased tombstone of serial 1", s)
	}
	if row := w.publisher.anyRow(); !row.live {
		t.Error("the publisher released the key without having seen the file")
	}
	w.restart()
	if again := w.request(licensefile.KindDeactivate, ""); !bytes.Equal(file, again) {
		t.Errorf("asking again gave other bytes:\n%s\n%s", file, again)
	}
	_, err := w.client.Refresh(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeNotActivated)
	_, err = w.client.Activate(t.Context(), desktop, key, nil)
	w.wantCode(err, licensefile.CodeRequestPending)
	out, err := w.client.Load(t.Context(), w.answer(file))
	if err != nil || !out.Ended || out.Kind != licensefile.KindDeactivate {
		t.Fatalf("loading the receipt: got %+v, %v", out, err)
	}
	if s := w.slot(); !s.Released || s.Pending != nil || s.Serial != 2 {
		t.Errorf("after the receipt: got %+v, want a released tombstone of serial 2", s)
	}
}

func TestDeactivationFileMayGoOnline(t *testing.T) {
	w := newWorld(t)
	w.activate()
	_, compact, err := licensefile.Dearmor(w.request(licensefile.KindDeactivate, ""))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := w.client.Deactivate(t.Context(), desktop, nil); err != nil || !out.Ended {
		t.Fatalf("deactivating online: got %+v, %v", out, err)
	}
	sent := w.publisher.requests()
	if sent[len(sent)-1] != compact {
		t.Error("sent another request than the one in the file")
	}
}

func TestDiscardedDeactivationFileMayBeMadeAnew(t *testing.T) {
	w := newWorld(t)
	w.activate()
	first := w.request(licensefile.KindDeactivate, "")
	if err := w.client.Abandon(t.Context(), desktop); err != nil {
		t.Fatal(err)
	}
	if s := w.slot(); !s.Deactivated {
		t.Error("discarding the file brought the row back")
	}
	second := w.request(licensefile.KindDeactivate, "")
	if bytes.Equal(first, second) {
		t.Error("the discarded request was made again")
	}
	if _, err := w.client.Load(t.Context(), w.answer(second)); err != nil {
		t.Errorf("loading its receipt: %v", err)
	}
}

func TestRefreshByFileIsOvertakenByTheNetwork(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.pass(time.Hour)
	late := w.answer(w.request(licensefile.KindRefresh, ""))
	w.pass(time.Hour)
	out, err := w.client.Refresh(t.Context(), desktop)
	if err != nil || out.License.Serial != 3 || out.Repeated {
		t.Fatalf("refreshing online: got %+v, %v, want serial 3", out, err)
	}
	_, err = w.client.Load(t.Context(), late)
	w.wantCode(err, licensefile.CodeLicenseNotNewer)
}

func TestActivationFileIsNotOvertakenBySync(t *testing.T) {
	w := newWorld(t)
	w.activate()
	w.request(licensefile.KindActivate, otherKey)
	_, err := w.client.Refresh(t.Context(), desktop)
	w.wantCode(err, licensefile.CodeRequestPending)
}

func TestFileOfAnotherKindIsRefused(t *testing.T) {
	w := newWorld(t)
	file := w.request(licensefile.KindActivate, key)
	license := w.answer(file)
	_, compact, err := licensefile.Dearmor(license)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"a request", file, licensefile.CodeWrongType},
		{"a license labeled a receipt", licensefile.Armor(licensefile.ArmorReceipt, compact), licensefile.CodeWrongType},
		{"not armored", []byte(compact), licensefile.CodeFileMalformed},
		{"too large", make([]byte, licensefile.MaxSize+1), licensefile.CodeFileTooLarge},
	} {
		_, err := w.client.Load(t.Context(), c.file)
		if got := licensefile.CodeOf(err); got != c.want {
			t.Errorf("%s: got %v, want code %s", c.name, err, c.want)
		}
	}
	_, err = w.client.RequestFile(t.Context(), licensefile.KindPreview, desktop, key, nil)
	w.wantCode(err, licensefile.CodeRequestInvalid)
	_, err = newWorld(t).client.Load(t.Context(), license)
	w.wantCode(err, licensefile.CodeWrongSlot)
}

func TestAnybodyVerifiesALicenseFileWithTheRootAlone(t *testing.T) {
	w := newWorld(t)
	file := w.answer(w.request(licensefile.KindActivate, key))
	l, err := client.Verify(file, w.publisher.trust, product, start.Add(time.Hour))
	if err != nil || *l.Grant.Maximum != 10 {
		t.Errorf("verifying: got %+v, %v", l, err)
	}
	_, err = client.Verify(file, w.publisher.trust, product, start.AddDate(1, 0, 0))
	w.wantCode(err, licensefile.CodeLicenseExpired)
	_, err = client.Verify(w.request(licensefile.KindActivate, key), w.publisher.trust, product, start)
	w.wantCode(err, licensefile.CodeWrongType)
}
