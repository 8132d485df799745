package identity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// aPerson stores a person with an account and gives the id.
func aPerson(t *testing.T, s *identity.Service, email string) string {
	t.Helper()
	id := uuid.NewString()
	err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO person (id, email, email_key, first_name, last_name, password, created_at) VALUES (?, ?, LOWER(?), ?, ?, ?, ?)`,
			id, email, email, "Robin", "Example", "$argon2id$", database.Micros(noon))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// acting gives the actor that a person's session makes now.
func acting(t *testing.T, s *identity.Service, personID string) identity.Actor {
	t.Helper()
	a := identity.Actor{Actor: event.Actor{Kind: event.Person, ID: personID}, PersonID: personID, SessionID: "session"}
	a, err := identity.Complete(t.Context(), s, a)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// found founds an organization by a person.
func found(t *testing.T, s *identity.Service, personID string) identity.Organization {
	t.Helper()
	o, err := s.DraftOrganization(identity.NewOrganization{Kind: identity.Customer, Name: "Blue Harbor"})
	if err != nil {
		t.Fatal(err)
	}
	founder := acting(t, s, personID)
	err = s.DB.InTx(t.Context(), func(tx *database.Tx) error { return identity.FoundOrganization(tx, founder, o) })
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestWhoFoundsAnOrganizationAdministersIt(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		personID := aPerson(t, s, "founder@example.com")
		o := found(t, s, personID)
		want := []identity.Membership{{
			OrganizationID: o.ID, OrganizationName: "Blue Harbor", PersonID: personID, Role: identity.AccountAdministrator,
			EverySite: true, Version: 1, Since: noon,
		}}
		if diff := cmp.Diff(want, acting(t, s, personID).Memberships); diff != "" {
			t.Errorf("memberships (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"organization.created", "membership.created"}, kinds(t, s.DB)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestNobodyFoundsAnOrganizationWhoCannotAdministerIt(t *testing.T) {
	bound := event.Actor{Kind: event.Token, ID: "token", OnBehalfOf: "person"}
	tests := []struct {
		name  string
		actor identity.Actor
		want  problem.Code
	}{
		{"nobody", identity.Actor{}, problem.Unauthenticated},
		{"the system", operator, problem.Forbidden},
		{"a token bound to another organization", identity.Actor{Actor: bound, PersonID: "person", OrganizationID: "other"}, problem.Forbidden},
	}
	each(t, func(t *testing.T, s *identity.Service) {
		o, err := s.DraftOrganization(identity.NewOrganization{Kind: identity.Customer, Name: "Blue Harbor"})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range tests {
			err := s.DB.InTx(t.Context(), func(tx *database.Tx) error { return identity.FoundOrganization(tx, tt.actor, o) })
			if !problem.Is(err, tt.want) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
		if recorded := kinds(t, s.DB); len(recorded) != 0 {
			t.Errorf("something was recorded: %v", recorded)
		}
	})
}
