package event_test

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
)

var noon = time.Date(2030, 5, 1, 12, 0, 0, 123456000, time.UTC)

func each(t *testing.T, fn func(t *testing.T, db *database.DB)) {
	t.Helper()
	databasetest.Each(t, database.ServerSchema(), fn)
}

func sealer(db *database.DB) *event.Sealer {
	return &event.Sealer{DB: db, Now: func() time.Time { return noon }, Logger: slog.New(slog.DiscardHandler)}
}

func suspended(id string) event.Event {
	return event.Event{
		At:             noon,
		Kind:           "subscription.suspended",
		Actor:          event.Actor{Kind: event.Token, ID: "token-1", OnBehalfOf: "person-1"},
		OrganizationID: "organization-1",
		Subject:        event.Subject{Kind: "subscription", ID: id},
		Data:           event.Data{"seats": 5, "reason": "unpaid"},
	}
}

// record stores one event a transaction.
func record(t testing.TB, db *database.DB, events ...event.Event) {
	t.Helper()
	for _, e := range events {
		err := db.InTx(context.Background(), func(tx *database.Tx) error { return event.Record(tx, e) })
		if err != nil {
			t.Fatalf("record %s: %v", e.Subject.ID, err)
		}
	}
}

func seal(t testing.TB, db *database.DB) int {
	t.Helper()
	n, err := sealer(db).SealOnce(context.Background())
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	return n
}

// sign and open stand for a signature: these tests are about the chain.
func sign(payload []byte) (string, error) { return "signed." + hex.EncodeToString(payload), nil }

func open(signature string) ([]byte, error) {
	if len(signature) < 7 || signature[:7] != "signed." {
		return nil, errors.New("not signed")
	}
	return hex.DecodeString(signature[7:])
}

func verify(t testing.TB, db *database.DB) event.Report {
	t.Helper()
	report, err := event.Verify(context.Background(), db, open)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return report
}

func TestSealedEventsReadAsRecorded(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		lonely := event.Event{
			ID: "00000000-0000-7000-8000-000000000001", At: noon, Kind: "server.started",
			Actor: event.Actor{Kind: event.System, ID: "server"}, Subject: event.Subject{Kind: "server", ID: "1"},
		}
		record(t, db, lonely, suspended("s"))
		if got, err := event.Read(db.Read(context.Background()), 0, 10); err != nil || len(got) != 0 {
			t.Errorf("before sealing: %v, %v; want nothing", got, err)
		}
		seal(t, db)
		got, err := event.Read(db.Read(context.Background()), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			got[i].Hash = nil
		}
		got[1].ID = ""
		want := []event.Entry{
			{
				Position: 1, ID: lonely.ID, At: noon, Kind: "server.started",
				Actor: lonely.Actor, Subject: lonely.Subject, Data: []byte(`{}`),
			},
			{
				Position: 2, At: noon, Kind: "subscription.suspended",
				Actor:          event.Actor{Kind: event.Token, ID: "token-1", OnBehalfOf: "person-1"},
				OrganizationID: "organization-1",
				Subject:        event.Subject{Kind: "subscription", ID: "s"},
				Data:           []byte(`{"reason":"unpaid","seats":5}`),
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	})
}

func TestReadPagesByPosition(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		for i := range 5 {
			record(t, db, suspended(strconv.Itoa(i)))
		}
		seal(t, db)
		var positions []int64
		for after := int64(0); ; {
			page, err := event.Read(db.Read(context.Background()), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				positions = append(positions, e.Position)
			}
			after = page[len(page)-1].Position
		}
		if diff := cmp.Diff([]int64{1, 2, 3, 4, 5}, positions); diff != "" {
			t.Errorf("positions (-want +got):\n%s", diff)
		}
	})
}

func TestIncompleteEventIsRefused(t *testing.T) {
	db := databasetest.Open(t, database.ServerSchema())
	for name, spoil := range map[string]func(e *event.Event){
		"no kind":            func(e *event.Event) { e.Kind = "" },
		"noun only":          func(e *event.Event) { e.Kind = "subscription" },
		"three words":        func(e *event.Event) { e.Kind = "a.b.c" },
		"capitals":           func(e *event.Event) { e.Kind = "Subscription.suspended" },
		"no verb":            func(e *event.Event) { e.Kind = "subscription." },
		"no instant":         func(e *event.Event) { e.At = time.Time{} },
		"unknown actor":      func(e *event.Event) { e.Actor.Kind = "robot" },
		"nameless actor":     func(e *event.Event) { e.Actor.ID = "" },
		"no subject":         func(e *event.Event) { e.Subject = event.Subject{} },
		"unmarshalable data": func(e *event.Event) { e.Data = event.Data{"f": func() {}} },
	} {
		t.Run(name, func(t *testing.T) {
			e := suspended("s")
			spoil(&e)
			err := db.InTx(context.Background(), func(tx *database.Tx) error { return event.Record(tx, e) })
			if err == nil {
				t.Error("it was recorded")
			}
		})
	}
}

func TestEventOfAFailedChangeIsNotRecorded(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		refused := errors.New("refused")
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			if err := event.Record(tx, suspended("s")); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if n := seal(t, db); n != 0 {
			t.Errorf("sealed %d events, want none", n)
		}
	})
}

func TestPositionsAreGaplessWithManyWritersAndTwoSealers(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		const writers, events = 16, 60
		var writing, sealing sync.WaitGroup
		done := make(chan struct{})
		for w := range writers {
			writing.Go(func() {
				for i := range events {
					record(t, db, suspended(strconv.Itoa(w)+"-"+strconv.Itoa(i)))
				}
			})
		}
		for range 2 {
			sealing.Go(func() {
				s := sealer(db)
				for {
					if _, err := s.SealOnce(context.Background()); err != nil {
						t.Errorf("seal: %v", err)
						return
					}
					select {
					case <-done:
						return
					default:
					}
				}
			})
		}
		writing.Wait()
		close(done)
		sealing.Wait()
		seal(t, db)
		want := event.Report{Events: writers * events}
		if diff := cmp.Diff(want, verify(t, db)); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
	})
}

func TestSealerWaitsForEventsThatAreNotCommitted(t *testing.T) {
	// Only on PostgreSQL can a transaction be open while another commits.
	url := databasetest.PostgresURL(t, database.ServerSchema())
	db, err := database.Open(context.Background(), url, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	early, late := suspended("early"), suspended("late")
	early.ID, late.ID = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
	err = db.InTx(context.Background(), func(tx *database.Tx) error {
		if err := event.Record(tx, early); err != nil {
			return err
		}
		record(t, db, late) // a transaction that begins later and commits earlier
		if n := seal(t, db); n != 1 {
			t.Errorf("sealed %d events, want the committed one", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seal(t, db)
	got, err := event.Read(db.Read(context.Background()), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	order := []string{got[0].Subject.ID, got[1].Subject.ID}
	if diff := cmp.Diff([]string{"late", "early"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestSealerGoesOnWhereADeadOneStopped(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		const events = 600 // three batches
		err := db.InTx(context.Background(), func(tx *database.Tx) error {
			for i := range events {
				if err := event.Record(tx, suspended(strconv.Itoa(i))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := event.SealBatch(context.Background(), sealer(db)); err != nil || n == 0 || n >= events {
			t.Fatalf("the first batch sealed %d events (%v), want some", n, err)
		}
		report := verify(t, db)
		if !report.Intact() || report.Unsealed == 0 || report.Events+report.Unsealed != events {
			t.Errorf("between batches: %+v, want an intact chain and the rest unsealed", report)
		}
		seal(t, db)
		if diff := cmp.Diff(event.Report{Events: events}, verify(t, db)); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
	})
}

func TestRunSealsUntilItsContextEnds(t *testing.T) {
	db := databasetest.Open(t, database.ServerSchema())
	s := sealer(db)
	s.Every = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	record(t, db, suspended("s"))
	for sealed := false; !sealed; { // ends when Run has sealed; otherwise the test times out
		sealed = verify(t, db).Events == 1
	}
	cancel()
	running.Wait()
}
