package identity_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// keep makes a request under a key and notes that it made something.
func keep(t *testing.T, s *identity.Service, actor identity.Actor, operation, key, request, made string) error {
	t.Helper()
	acting, earlier, err := s.Once(t.Context(), actor, operation, key, []byte(request))
	if err != nil || earlier != "" {
		t.Fatalf("a new key: %q %v", earlier, err)
	}
	return s.DB.InTx(t.Context(), func(tx *database.Tx) error { return acting.Keep(tx, made) })
}

func TestARequestIsKnownAgainByItsKeyActorOperationAndContent(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		mika := person(identity.Owner)
		other := mika
		other.ID = "other"
		if err := keep(t, s, mika, "create-thing", "k", "{}", "thing-1"); err != nil {
			t.Fatal(err)
		}
		tests := map[string]struct {
			actor                   identity.Actor
			operation, key, request string
			want                    any
		}{
			"the same":          {mika, "create-thing", "k", "{}", "thing-1"},
			"another key":       {mika, "create-thing", "K", "{}", ""},
			"another content":   {mika, "create-thing", "k", "{ }", problem.IdempotencyKeyReused},
			"another operation": {mika, "create-other", "k", "{}", problem.IdempotencyKeyReused},
			"another actor":     {other, "create-thing", "k", "{}", ""},
			"nobody":            {identity.Actor{}, "create-thing", "k", "{}", ""},
		}
		for name, tt := range tests {
			_, made, err := s.Once(t.Context(), tt.actor, tt.operation, tt.key, []byte(tt.request))
			if got := textOrCode(made, err); got != tt.want {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
			}
		}
	})
}

func TestNobodysRequestsAreNotTakenForEachOther(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		for _, made := range []string{"first", "second"} {
			if err := keep(t, s, identity.Actor{}, "sign-up", "k", "{}", made); err != nil {
				t.Errorf("%s: %v", made, err)
			}
		}
	})
}

func TestOfManyRequestsUnderOneKeyOneIsKept(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		acting, _, err := s.Once(t.Context(), person(identity.Owner), "create-thing", "k", []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				errs[i] = s.DB.InTx(t.Context(), func(tx *database.Tx) error { return acting.Keep(tx, "thing") })
			})
		}
		all.Wait()
		got := map[any]int{}
		for _, err := range errs {
			got[textOrCode("kept", err)]++
		}
		if diff := cmp.Diff(map[any]int{"kept": 1, problem.RequestInProgress: 7}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}

func TestKeysAreForgottenAfterTheHoursOfTheSettings(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		settings := identity.DefaultSettings()
		settings.IdempotencyHours = 3
		if _, _, err := s.ChangeSettings(t.Context(), operator, settings, 0); err != nil {
			t.Fatal(err)
		}
		mika := person(identity.Owner)
		if err := keep(t, s, mika, "create-thing", "k", "{}", "thing-1"); err != nil {
			t.Fatal(err)
		}
		known := map[time.Duration]string{}
		for _, after := range []time.Duration{3 * time.Hour, 3*time.Hour + time.Microsecond} {
			s.Now = func() time.Time { return noon.Add(after) }
			if err := s.ForgetKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, made, err := s.Once(t.Context(), mika, "create-thing", "k", []byte("{}"))
			if err != nil {
				t.Fatal(err)
			}
			known[after] = made
		}
		want := map[time.Duration]string{3 * time.Hour: "thing-1", 3*time.Hour + time.Microsecond: ""}
		if diff := cmp.Diff(want, known); diff != "" {
			t.Errorf("known after a time (-want +got):\n%s", diff)
		}
	})
}

func TestNoBodyIsKeptOfARequest(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		if err := keep(t, s, person(identity.Owner), "create-thing", "the key", "the content", "thing-1"); err != nil {
			t.Fatal(err)
		}
		n, err := database.One(s.DB.Read(t.Context()), database.Value[int64],
			`SELECT COUNT(*) FROM idempotency WHERE LENGTH(hash) = 32 AND LENGTH(digest) = 32 AND resource_id = 'thing-1' AND operation = 'create-thing'`)
		if err != nil || n != 1 {
			t.Errorf("rows that hold digests and an id: %d %v", n, err)
		}
	})
}
