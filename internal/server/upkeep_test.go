package server

import (
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
)

// tended is open data with its upkeep, at a time that the test sets.
type tended struct {
	*upkeep
	now time.Time
	log strings.Builder
}

func eachTended(t *testing.T, fn func(t *testing.T, u *tended)) {
	databasetest.Each(t, database.ServerSchema(), func(t *testing.T, db *database.DB) {
		u := &tended{now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		clock := func() time.Time { return u.now }
		log := slog.New(slog.NewTextHandler(&u.log, nil))
		data, err := opening{
			folder: Folder{Path: t.TempDir()}, create: true, logger: log, now: clock, rand: rand.Reader,
		}.services(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := data.Issuer.Init(t.Context(), "Example Software", "Europe/Paris"); err != nil {
			t.Fatal(err)
		}
		u.upkeep = &upkeep{data: data, log: log, now: clock}
		fn(t, u)
	})
}

// happen records an event.
func (u *tended) happen(t *testing.T, name string) {
	t.Helper()
	_, err := u.data.Identity.CreateOrganization(t.Context(), identity.System("test"),
		identity.NewOrganization{Kind: identity.Customer, Name: name})
	if err != nil {
		t.Fatal(err)
	}
}

// once does everything that servers do every so often.
func (u *tended) once(t *testing.T) {
	t.Helper()
	for _, c := range u.schedule() {
		if err := c.Do(t.Context()); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func TestTheLogIsCheckpointedDaily(t *testing.T) {
	eachTended(t, func(t *testing.T, u *tended) {
		for _, tt := range []struct {
			name  string
			later time.Duration
			want  int
		}{
			{"at first start", 0, 1},
			{"an hour later", time.Hour, 1},
			{"almost a day later", 22 * time.Hour, 1},
			{"a day later", time.Hour, 2},
		} {
			u.now = u.now.Add(tt.later)
			u.happen(t, tt.name)
			u.once(t)
			report, err := u.data.VerifyEvents(t.Context())
			if err != nil || !report.Intact() || report.Checkpoints != tt.want {
				t.Errorf("%s: %+v %v, want %d checkpoints; log: %s", tt.name, report, err, tt.want, u.log.String())
			}
		}
	})
}

func TestTheSigningCertificateIsReplacedInTime(t *testing.T) {
	eachTended(t, func(t *testing.T, u *tended) {
		certificates := func() int {
			t.Helper()
			all, err := u.data.Issuer.Certificates(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		u.once(t)
		if got := certificates(); got != 1 {
			t.Fatalf("at first start: %d certificates, want 1", got)
		}
		u.now = u.now.Add(360 * 24 * time.Hour)
		u.once(t)
		if got := certificates(); got != 2 {
			t.Errorf("near the end: %d certificates, want 2; log: %s", got, u.log.String())
		}
		actor := event.Actor{Kind: event.System, ID: "test"}
		if err := u.data.Issuer.TakeOffline(t.Context(), actor, func([]byte) error { return nil }); err != nil {
			t.Fatal(err)
		}
		u.now = u.now.Add(360 * 24 * time.Hour)
		u.once(t)
		if got := certificates(); got != 2 || !strings.Contains(u.log.String(), "--root-key") {
			t.Errorf("with the root offline: %d certificates, want 2 and what to do; log: %s", got, u.log.String())
		}
	})
}
