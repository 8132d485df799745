package httpapi_test

import (
	"strings"
	"testing"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server/servertest"
)

// sees tells what a client sees of two organizations: which it finds, and how
// many subscriptions of the second.
type sees struct {
	first, second string // codes of problems, or ""
	subscriptions int
}

func (p *shop) looks(t testing.TB, c *api.Client, first, second string) sees {
	t.Helper()
	_, errFirst := c.Organization(t.Context(), first)
	_, errSecond := c.Organization(t.Context(), second)
	found, _ := c.Subscriptions(t.Context(), api.SubscriptionFilter{OrganizationID: second}, api.Listing{}) // refused is none
	return sees{code(errFirst), code(errSecond), len(found.Items)}
}

func TestAfterAMergerTokensAndSessionsSeeTheOneOrganization(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		from, into := p.organization.ID, p.another(t)
		p.sell(t, from)
		p.sell(t, into)
		token := func(c *cell) *api.Client { return api.New(p.URL, c.bearer(t, from, identity.AllScopes().String())) }
		session := func(c *cell) *api.Client { return p.Session(t, c.person) }
		resident := &cell{shop: p}
		resident.join(t, into, identity.AccountAdministrator)
		elsewhere := p.caller(t, boundElsewhere)
		tests := []struct {
			name          string
			client        *api.Client
			before, after sees
		}{
			{"a session of an administrator who came", session(p.caller(t, administrator)), sees{"", "not_found", 0}, sees{"not_found", "", 2}},
			{"a token of an administrator who came", token(p.caller(t, administrator)), sees{"", "not_found", 0}, sees{"not_found", "", 2}},
			{"a session of a member who came", session(p.caller(t, member)), sees{"", "not_found", 0}, sees{"not_found", "", 0}},
			{"a session of somebody who was blocked", session(p.caller(t, blocked)), sees{"not_found", "not_found", 0}, sees{"not_found", "not_found", 0}},
			{"a session of an administrator who was there", session(resident), sees{"not_found", "", 1}, sees{"not_found", "", 2}},
			{"a token bound to a third organization", api.New(p.URL, elsewhere.token), sees{"not_found", "not_found", 0}, sees{"not_found", "not_found", 0}},
			{"a session of a stranger", session(p.caller(t, foreigner)), sees{"not_found", "not_found", 0}, sees{"not_found", "not_found", 0}},
		}
		for _, tt := range tests {
			if got := p.looks(t, tt.client, from, into); got != tt.before {
				t.Errorf("%s before: %+v, want %+v", tt.name, got, tt.before)
			}
		}
		must[api.Merger](t)(p.owner.MergeOrganization(t.Context(), from, api.NewMerger{Into: into}))
		for _, tt := range tests {
			if got := p.looks(t, tt.client, from, into); got != tt.after {
				t.Errorf("%s after: %+v, want %+v", tt.name, got, tt.after)
			}
		}
	})
}

func TestAnImportTellsItsFaultsByFileLineAndColumn(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		n := api.NewImport{Organizations: "reference;name\nC-1;Blue Harbor\nC-2;\n", DryRun: true}
		told := must[api.Import](t)(p.owner.Import(t.Context(), n))
		if told.FaultCount != 1 || len(told.Faults) != 1 || told.Faults[0].Line != 3 || told.Organizations.Created != 1 || told.ID != "" {
			t.Errorf("the dry run says %+v", told)
		}
		n.DryRun = false
		_, err := p.owner.Import(t.Context(), n)
		if code(err) != "import_refused" || !strings.Contains(err.Error(), "/organizations/3/name") {
			t.Errorf("the import: %v, want import_refused with the place", err)
		}
		n.Organizations = strings.TrimSuffix(n.Organizations, "C-2;\n")
		if made := must[api.Import](t)(p.owner.Import(t.Context(), n)); made.ID == "" || made.Organizations.Created != 1 {
			t.Errorf("the import says %+v", made)
		}
	})
}

func TestAnImportMayBeLargerThanOtherRequests(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		rows := strings.Repeat("C-1,Blue Harbor,"+strings.Repeat("x", 400)+"\n", 20_000) // 8 MB, with one organization 20,000 times
		told := must[api.Import](t)(p.owner.Import(t.Context(), api.NewImport{Organizations: "reference,name,address\n" + rows, DryRun: true}))
		if told.FaultCount != 19_999 || len(told.Faults) != 1000 {
			t.Errorf("%d faults of which %d are told, want 19999 and 1000", told.FaultCount, len(told.Faults))
		}
		_, err := p.owner.Import(t.Context(), api.NewImport{Organizations: strings.Repeat("x", 13<<20), DryRun: true})
		if code(err) != "request_too_large" {
			t.Errorf("thirteen megabytes: %v, want request_too_large", err)
		}
	})
}
