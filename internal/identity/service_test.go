package identity_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func each(t *testing.T, fn func(t *testing.T, s *identity.Service)) {
	databasetest.Each(t, database.ServerSchema(), func(t *testing.T, db *database.DB) {
		fn(t, &identity.Service{DB: db, Now: func() time.Time { return noon }, Rand: rand.Reader})
	})
}

// kinds lists what was recorded, in order of the events' ids.
func kinds(t *testing.T, db *database.DB) []string {
	t.Helper()
	found, err := database.All(db.Read(t.Context()), database.Value[string], `SELECT kind FROM event ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var operator = identity.System("test")

func TestAStaffTokenAuthenticatesUntilItIsRevoked(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		made, token, err := s.CreateStaff(t.Context(), operator, identity.NewStaff{Email: "Owner@example.com", Role: identity.Owner})
		if err != nil {
			t.Fatal(err)
		}
		actor, err := s.Authenticate(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		want := identity.Actor{
			Actor:    event.Actor{Kind: event.Token, ID: actor.ID, OnBehalfOf: made.PersonID},
			PersonID: made.PersonID, Role: identity.Owner, Scopes: identity.AllScopes(),
		}
		if diff := cmp.Diff(want, actor); diff != "" || actor.ID == "" {
			t.Errorf("actor (-want +got):\n%s", diff)
		}
		second, other, err := s.CreateToken(t.Context(), operator, "owner@EXAMPLE.com", "build server", identity.AllScopes())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time changes nothing
			if err := s.RevokeToken(t.Context(), operator, actor.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Authenticate(t.Context(), token); !problem.Is(err, problem.Unauthenticated) {
			t.Errorf("a revoked token: %v, want unauthenticated", err)
		}
		if got, err := s.Authenticate(t.Context(), other); err != nil || got.ID != second.ID {
			t.Errorf("the other token: %v %v", got, err)
		}
		wantKinds := []string{"staff.created", "token.created", "token.created", "token.revoked"}
		if diff := cmp.Diff(wantKinds, kinds(t, s.DB)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestEveryBadTokenGetsTheSameAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		_, token, err := s.CreateStaff(t.Context(), operator, identity.NewStaff{Email: "owner@example.com", Role: identity.Owner})
		if err != nil {
			t.Fatal(err)
		}
		_, elsewhere, err := (&identity.Service{DB: s.DB, Now: s.Now, Rand: rand.Reader}).
			CreateStaff(t.Context(), operator, identity.NewStaff{Email: "gone@example.com", Role: identity.Sales})
		if err != nil {
			t.Fatal(err)
		}
		err = s.DB.InTx(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(`DELETE FROM staff WHERE role = 'sales'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		tests := map[string]string{
			"empty": "", "nonsense": "lic_", "cut": token[:len(token)-1], "longer": token + "a",
			"mistyped": strings.Replace(token, token[10:11], flip(token[10]), 1), "of nobody on the staff": elsewhere,
			"with a zero byte": token[:20] + "\x00" + token[21:],
		}
		for name, bad := range tests {
			if _, err := s.Authenticate(t.Context(), bad); !problem.Is(err, problem.Unauthenticated) {
				t.Errorf("%s: %v, want unauthenticated", name, err)
			}
		}
	})
}

func flip(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}

func TestTokensAreStoredAsHashesAndNoEventNamesAnybody(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		_, token, err := s.CreateStaff(t.Context(), operator, identity.NewStaff{Email: "owner@example.com", Role: identity.Owner})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateOrganization(t.Context(), operator, identity.NewOrganization{Kind: identity.Customer, Name: "Blue Harbor"}); err != nil {
			t.Fatal(err)
		}
		hashes, err := database.All(s.DB.Read(t.Context()), database.Value[[]byte], `SELECT hash FROM api_token`)
		if err != nil || len(hashes) != 1 || len(hashes[0]) != 32 || strings.Contains(string(hashes[0]), token) {
			t.Errorf("hashes: %x %v", hashes, err)
		}
		data, err := database.All(s.DB.Read(t.Context()), database.Value[string], `SELECT data FROM event`)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{token, "owner@example.com", "Blue Harbor"} {
			if strings.Contains(strings.Join(data, " "), secret) {
				t.Errorf("the events hold %q: %v", secret, data)
			}
		}
	})
}

func TestStaffWithAnAddressExistOnce(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		if _, _, err := s.CreateStaff(t.Context(), operator, identity.NewStaff{Email: "a@example.com", Role: identity.Owner}); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.CreateStaff(t.Context(), operator, identity.NewStaff{Email: "A@Example.com", Role: identity.Sales})
		if !problem.Is(err, problem.Conflict) {
			t.Errorf("the same address again: %v, want conflict", err)
		}
		listed, err := s.ListStaff(t.Context(), operator)
		if err != nil || len(listed) != 1 || listed[0].Role != identity.Owner {
			t.Errorf("staff: %v %v, want the first alone", listed, err)
		}
	})
}

func TestEveryFaultOfNewStaffIsTold(t *testing.T) {
	for _, email := range []string{"", "nobody", "Name <a@example.com>", "a@example.com\n", strings.Repeat("a", 250) + "@example.com"} {
		err := identity.NewStaff{Email: email, Role: "king"}.Validate()
		if got := problem.From(err); got == nil || len(got.Fields) != 2 {
			t.Errorf("%q: %v, want faults of email and role", email, err)
		}
	}
	if err := (identity.NewStaff{Email: "sales@example.com", Role: identity.Sales}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestOrganizationsAreCreatedListedAndFound(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		var made []identity.Organization
		for _, name := range []string{"Blue Harbor", "Northwind Partners", "Grüne Wiese"} {
			o, err := s.CreateOrganization(t.Context(), operator, identity.NewOrganization{Kind: identity.Customer, Name: name})
			if err != nil {
				t.Fatal(err)
			}
			made = append([]identity.Organization{o}, made...)
		}
		first, err := s.Organizations(t.Context(), operator, identity.OrganizationFilter{}, database.Listing{Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		rest, err := s.Organizations(t.Context(), operator, identity.OrganizationFilter{}, database.Listing{Limit: 2, Cursor: first.Next})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(made, append(first.Items, rest.Items...)); diff != "" {
			t.Errorf("pages (-want +got):\n%s", diff)
		}
		found, err := s.Organization(t.Context(), operator, made[1].ID)
		if diff := cmp.Diff(made[1], found); diff != "" || err != nil {
			t.Errorf("found (-want +got):\n%s %v", diff, err)
		}
		if _, err := s.Organization(t.Context(), operator, "absent"); !problem.Is(err, problem.NotFound) {
			t.Errorf("absent: %v, want not_found", err)
		}
		_, err = s.CreateOrganization(t.Context(), operator, identity.NewOrganization{Kind: "club", Name: " \x00"})
		if got := problem.From(err); got == nil || got.Code != problem.ValidationFailed || len(got.Fields) != 2 {
			t.Errorf("two faults: %v", err)
		}
	})
}

func TestASiteIsNotedOnceAndItsNameFollowsTheAgent(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		o, err := s.CreateOrganization(t.Context(), operator, identity.NewOrganization{Kind: identity.Customer, Name: "Blue Harbor"})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Main", "Main", "Harbor Street", ""} {
			err := s.DB.InTx(t.Context(), func(tx *database.Tx) error {
				return identity.EnsureSite(tx, o.ID, "4a6ab0a2-0000-4000-8000-000000000001", name, noon)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		names, err := database.All(s.DB.Read(t.Context()), database.Value[string], `SELECT name FROM site`)
		if diff := cmp.Diff([]string{"Harbor Street"}, names); diff != "" || err != nil {
			t.Errorf("sites (-want +got):\n%s %v", diff, err)
		}
	})
}

func TestRolesMayDoWhatTheTableSays(t *testing.T) {
	tests := []struct {
		name  string
		may   []identity.Role
		roles map[identity.Role]bool
	}{
		{"read", identity.AnyStaff, map[identity.Role]bool{"owner": true, "sales": true, "support": true, "auditor": true}},
		{"sell", identity.Sellers, map[identity.Role]bool{"owner": true, "sales": true}},
		{"help", identity.Helpers, map[identity.Role]bool{"owner": true, "support": true}},
		{"own", identity.Owners, map[identity.Role]bool{"owner": true}},
	}
	for _, tt := range tests {
		for _, role := range append(identity.AnyStaff, "stranger") {
			actor := identity.Actor{Actor: event.Actor{Kind: event.Token, ID: "t"}, Role: role}
			err := actor.Require(tt.may...)
			if allowed := err == nil; allowed != tt.roles[role] {
				t.Errorf("%s by %s: %v, want allowed %v", tt.name, role, err, tt.roles[role])
			}
		}
		if err := (identity.Actor{}).Require(tt.may...); !problem.Is(err, problem.Unauthenticated) {
			t.Errorf("%s by nobody: %v, want unauthenticated", tt.name, err)
		}
		if err := operator.Require(tt.may...); err != nil {
			t.Errorf("%s by the system: %v", tt.name, err)
		}
	}
}

func TestVerbsAskForTheRoleFirst(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		auditor := identity.Actor{Actor: event.Actor{Kind: event.Token, ID: "t"}, Role: identity.Auditor}
		_, _, err := s.CreateStaff(t.Context(), auditor, identity.NewStaff{Email: "x@example.com", Role: identity.Owner})
		_, _, errToken := s.CreateToken(t.Context(), auditor, "x@example.com", "x", identity.AllScopes())
		_, errOrganization := s.CreateOrganization(t.Context(), auditor, identity.NewOrganization{Kind: identity.Customer, Name: "X"})
		for name, err := range map[string]error{
			"CreateStaff": err, "CreateToken": errToken, "CreateOrganization": errOrganization,
			"RevokeToken": s.RevokeToken(t.Context(), auditor, "absent"),
		} {
			if !problem.Is(err, problem.Forbidden) {
				t.Errorf("%s by an auditor: %v, want forbidden", name, err)
			}
		}
		if recorded := kinds(t, s.DB); len(recorded) != 0 {
			t.Errorf("something was recorded: %v", recorded)
		}
	})
}

func TestOrganizationsAreFoundByAnyLettersOfNameAndReference(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		made, err := s.CreateOrganization(t.Context(), operator, identity.NewOrganization{
			Kind: identity.Customer, Name: "Café Zürich", Reference: "GENÈVE-7",
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, search := range []string{"CAFÉ", "zür", "genève", "NÈVE-7"} {
			found, err := s.Organizations(t.Context(), operator, identity.OrganizationFilter{Search: search}, database.Listing{})
			if err != nil || len(found.Items) != 1 || found.Items[0].ID != made.ID {
				t.Errorf("%q finds %v (%v), want the one organization", search, found.Items, err)
			}
		}
	})
}
