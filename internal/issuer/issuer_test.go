package issuer_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
	"github.com/licethq/licet/licensefile"
)

var (
	begin = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	owner = event.Actor{Kind: event.Person, ID: "owner"}
)

// world is a database with a clock, on which several processes may run.
type world struct {
	t  *testing.T
	db *database.DB
	at atomic.Int64
}

func (w *world) now() time.Time          { return time.UnixMicro(w.at.Load()).UTC() }
func (w *world) advance(d time.Duration) { w.at.Add(d.Microseconds()) }

// process gives the keys as another process would open them.
func (w *world) process() *issuer.Service {
	var master [32]byte
	return &issuer.Service{DB: w.db, Keyring: seal.NewKeyring(master), Now: w.now, Rand: rand.Reader}
}

func onEachEngine(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	databasetest.Each(t, database.ServerSchema(), func(t *testing.T, db *database.DB) {
		w := &world{t: t, db: db}
		w.at.Store(begin.UnixMicro())
		test(t, w)
	})
}

// started gives the keys after first start.
func (w *world) started() *issuer.Service {
	w.t.Helper()
	s := w.process()
	if _, created, err := s.Init(w.t.Context(), "Example Software", "Asia/Tokyo"); err != nil || !created {
		w.t.Fatalf("first start: created = %v, %v", created, err)
	}
	return s
}

// sign signs a license with what signs now.
func (w *world) sign(s *issuer.Service) string {
	w.t.Helper()
	current, err := s.Current(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	compact, err := licensefile.SealLicense(licensefile.License{
		Issuer: current.Publisher.ID, Subject: "0198c0de-0000-7000-8000-000000000001", Audience: "product", ID: "one", Serial: 1,
		IssuedAt: licensefile.At(w.now()), Expires: licensefile.At(w.now().Add(time.Hour)),
		Confirm: licensefile.Confirmation{Thumbprint: licensefile.CertificateID([]byte("an installation"))},
	}, current.Signer)
	if err != nil {
		w.t.Fatal(err)
	}
	return compact
}

// verify verifies a license with the exported root and the newest list.
func (w *world) verify(s *issuer.Service, compact string) error {
	w.t.Helper()
	trust, err := s.Trust(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	current, err := s.Current(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var list *licensefile.Revocations
	if current.Revocations != "" {
		if list, err = trust.OpenRevocations(current.Revocations); err != nil {
			w.t.Fatal(err)
		}
	}
	_, err = trust.VerifyLicense(compact, "product", w.now(), list)
	return err
}

func (w *world) certificates(s *issuer.Service) []issuer.Certificate {
	w.t.Helper()
	all, err := s.Certificates(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func TestFirstStartNeedsANameAndAZone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		for _, c := range []struct{ name, publisher, zone string }{
			{"no name", "", "Asia/Tokyo"},
			{"no zone", "Example Software", ""},
			{"unknown zone", "Example Software", "Mars/Olympus"},
			{"local zone", "Example Software", "Local"},
		} {
			if _, _, err := w.process().Init(t.Context(), c.publisher, c.zone); !problem.Is(err, problem.ValidationFailed) {
				t.Errorf("%s: got %v, want validation_failed", c.name, err)
			}
		}
	})
}

func TestPublisherIsMadeOnceAndNeverChanges(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		var made atomic.Int32
		ids := make([]string, 4)
		var racing sync.WaitGroup
		for n := range ids {
			racing.Go(func() {
				p, created, err := w.process().Init(t.Context(), "Example Software", "Asia/Tokyo")
				if err != nil {
					t.Error(err)
				}
				if created {
					made.Add(1)
				}
				ids[n] = p.ID
			})
		}
		racing.Wait()
		if made.Load() != 1 || ids[0] != ids[1] || ids[0] != ids[2] || ids[0] != ids[3] {
			t.Errorf("%d publishers made, ids %v; want one", made.Load(), ids)
		}
		if _, _, err := w.process().Init(t.Context(), "Another", ""); !problem.Is(err, problem.Conflict) {
			t.Errorf("another name: got %v, want conflict", err)
		}
		if _, _, err := w.process().Init(t.Context(), "", ""); err != nil {
			t.Errorf("a later start without name and zone: %v", err)
		}
	})
}

func TestRotationByAnotherProcessCountsAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		server := w.started()
		before := w.sign(server)
		fresh, err := w.process().Rotate(t.Context(), owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		current, err := server.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !current.Signer.NotAfter().Equal(fresh.NotAfter) || w.sign(server) == before {
			t.Error("the server still signs with the old certificate")
		}
		if err := w.verify(server, before); err != nil {
			t.Errorf("what the old certificate signed: %v", err)
		}
		if err := w.verify(server, w.sign(server)); err != nil {
			t.Errorf("what the new one signs: %v", err)
		}
	})
}

func TestRevokedCertificateIsRefusedAndReplaced(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		s := w.started()
		stolen := w.sign(s)
		old := w.certificates(s)[0]
		for range 2 { // the second time changes nothing
			if err := s.Revoke(t.Context(), owner, old.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.verify(s, stolen); !problem.Is(err, problem.CertificateRevoked) {
			t.Errorf("what the revoked certificate signed: got %v, want certificate_revoked", err)
		}
		if err := w.verify(s, w.sign(s)); err != nil {
			t.Errorf("what its successor signs: %v", err)
		}
		current, err := s.Current(t.Context())
		if err != nil || current.RevocationNumber != 1 {
			t.Errorf("list number %d, %v; want 1", current.RevocationNumber, err)
		}
		if err := s.Revoke(t.Context(), owner, "nobody", nil); !problem.Is(err, problem.NotFound) {
			t.Errorf("an unknown certificate: got %v, want not_found", err)
		}
		for _, c := range w.certificates(s) {
			if c.Signing == (c.RevokedAt != nil) {
				t.Errorf("certificate %s: signing %v, revoked at %v", c.ID, c.Signing, c.RevokedAt)
			}
		}
	})
}

func TestRevocationsInTwoProcessesAreBothListed(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		s := w.started()
		for range 3 {
			if _, err := s.Rotate(t.Context(), owner, nil); err != nil {
				t.Fatal(err)
			}
		}
		all := w.certificates(s)
		var racing sync.WaitGroup
		for _, c := range all[:3] {
			racing.Go(func() {
				if err := w.process().Revoke(t.Context(), owner, c.ID, nil); err != nil {
					t.Error(err)
				}
			})
		}
		racing.Wait()
		current, err := s.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		trust, err := s.Trust(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		list, err := trust.OpenRevocations(current.Revocations)
		if err != nil || list.Number != 3 || len(list.Certificates) != 3 {
			t.Errorf("list %+v, %v; want number 3 with 3 certificates", list, err)
		}
	})
}

func TestOfflineRootIsNeededForRotationOnly(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		s := w.started()
		failed := errors.New("the disk is full")
		if err := s.TakeOffline(t.Context(), owner, func([]byte) error { return failed }); !errors.Is(err, failed) {
			t.Fatalf("got %v, want the failure of saving", err)
		}
		if _, err := s.Rotate(t.Context(), owner, nil); err != nil {
			t.Fatalf("the key is gone although it was not saved: %v", err)
		}
		var key []byte
		if err := s.TakeOffline(t.Context(), owner, func(pem []byte) error { key = pem; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Rotate(t.Context(), owner, nil); !problem.Is(err, problem.RootKeyNeeded) {
			t.Errorf("rotation without the key: got %v, want root_key_needed", err)
		}
		if err := w.verify(s, w.sign(s)); err != nil {
			t.Errorf("signing goes on: %v", err)
		}
		if _, err := s.Rotate(t.Context(), owner, key); err != nil {
			t.Errorf("rotation with the key: %v", err)
		}
		if err := s.Revoke(t.Context(), owner, w.certificates(s)[0].ID, key); err != nil {
			t.Errorf("revocation with the key: %v", err)
		}
	})
}

func TestForeignRootKeyIsRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		s := w.started()
		other := &world{t: t, db: databasetest.Open(t, database.ServerSchema())}
		other.at.Store(begin.UnixMicro())
		var foreign []byte
		if err := other.started().TakeOffline(t.Context(), owner, func(pem []byte) error { foreign = pem; return nil }); err != nil {
			t.Fatal(err)
		}
		for name, key := range map[string][]byte{"another publisher's": foreign, "no PEM": []byte("secret"), "two blocks": append(foreign, foreign...)} {
			if _, err := s.Rotate(t.Context(), owner, key); !problem.Is(err, problem.ValidationFailed) {
				t.Errorf("%s: got %v, want validation_failed", name, err)
			}
		}
	})
}

func TestSigningCertificateIsReplacedBeforeItsYearEnds(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		s := w.started()
		w.advance(300 * 24 * time.Hour)
		if rotated, err := s.RotateIfDue(t.Context()); rotated || err != nil {
			t.Errorf("after 300 days: rotated = %v, %v; want not yet", rotated, err)
		}
		w.advance(40 * 24 * time.Hour)
		if rotated, err := s.RotateIfDue(t.Context()); !rotated || err != nil {
			t.Errorf("after 340 days: rotated = %v, %v; want it done", rotated, err)
		}
		w.advance(366 * 24 * time.Hour)
		if _, err := s.Current(t.Context()); !problem.Is(err, problem.SigningCertificateEnded) {
			t.Errorf("a year without rotation: got %v, want signing_certificate_ended", err)
		}
	})
}

func TestWrongMasterKeyOpensNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		w.started()
		wrong := w.process()
		wrong.Keyring = seal.NewKeyring([32]byte{1})
		if err := wrong.CheckMasterKey(t.Context()); !problem.Is(err, problem.MasterKeyWrong) {
			t.Errorf("check: got %v, want master_key_wrong", err)
		}
		if _, err := wrong.Current(t.Context()); !problem.Is(err, problem.MasterKeyWrong) {
			t.Errorf("signing: got %v, want master_key_wrong", err)
		}
		if err := w.process().CheckMasterKey(t.Context()); err != nil {
			t.Errorf("the right key: %v", err)
		}
	})
}

func TestKeySetHoldsPublicKeysOfUnrevokedCertificates(t *testing.T) {
	onEachEngine(t, func(t *testing.T, w *world) {
		s := w.started()
		if _, err := s.Rotate(t.Context(), owner, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Revoke(t.Context(), owner, w.certificates(s)[0].ID, nil); err != nil {
			t.Fatal(err)
		}
		text, err := s.JWKS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		if err := json.Unmarshal(text, &set); err != nil {
			t.Fatal(err)
		}
		if len(set.Keys) != 1 || set.Keys[0]["kid"] != w.certificates(s)[1].Fingerprint || set.Keys[0]["crv"] != "Ed25519" {
			t.Errorf("key set %s, want the one certificate that is not revoked", text)
		}
		if _, private := set.Keys[0]["d"]; private {
			t.Error("the key set holds a private key")
		}
	})
}
