package identity_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

func TestSettingsAreTheDefaultsUntilAnOwnerChangesThem(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		before, version, err := s.Settings(t.Context(), cast["auditor"])
		if diff := cmp.Diff(identity.DefaultSettings(), before); diff != "" || err != nil {
			t.Errorf("at first (-want +got), %v:\n%s", err, diff)
		}
		changed := before
		changed.MinPassword, changed.SupportEmail, changed.SupportURL = 20, "help@example.com", "https://example.com/help"
		after, next, err := s.ChangeSettings(t.Context(), cast["owner"], changed, version)
		if diff := cmp.Diff(changed, after); diff != "" || err != nil || next != version+1 {
			t.Errorf("changed to version %d (-want +got), %v:\n%s", next, err, diff)
		}
		read, now, err := s.Settings(t.Context(), cast["auditor"])
		if diff := cmp.Diff(changed, read); diff != "" || err != nil || now != next {
			t.Errorf("read again, version %d (-want +got), %v:\n%s", now, err, diff)
		}
		if diff := cmp.Diff([]string{"settings.changed"}, kinds(t, s.DB)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestSettingsOfAnotherVersionAreNotChanged(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		if _, _, err := s.ChangeSettings(t.Context(), cast["owner"], identity.DefaultSettings(), 7); !problem.Is(err, problem.VersionChanged) {
			t.Errorf("version 7: %v, want version_changed", err)
		}
		if diff := cmp.Diff([]string(nil), kinds(t, s.DB)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestOfManyChangesToOneVersionOfTheSettingsOneIsMade(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		_, version, err := s.Settings(t.Context(), cast["owner"])
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 6)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, _, errs[i] = s.ChangeSettings(t.Context(), cast["owner"], identity.DefaultSettings(), version)
			})
		}
		all.Wait()
		got := map[any]int{}
		for _, err := range errs {
			got[textOrCode("changed", err)]++
		}
		if diff := cmp.Diff(map[any]int{"changed": 1, problem.VersionChanged: 5}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}

func TestEveryFaultOfSettingsIsTold(t *testing.T) {
	err := identity.Settings{SupportEmail: "nobody", SupportURL: "javascript:alert(1)"}.Validate()
	var pointers []string
	for _, f := range problem.From(err).Fields {
		pointers = append(pointers, f.Pointer)
	}
	for _, pointer := range []string{"/support_email", "/support_url", "/invitation_days", "/reset_minutes", "/session_days", "/min_password", "/idempotency_hours"} {
		if !strings.Contains(strings.Join(pointers, " ")+" ", pointer+" ") {
			t.Errorf("no fault at %s in %v", pointer, pointers)
		}
	}
	if err := identity.DefaultSettings().Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}
