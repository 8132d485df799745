package agent

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/licensefile"
)

// Organization is whom the agent belongs to (R1).
type Organization struct {
	ID   string // as the publisher knows it; empty before the first sign-in
	Name string

	// Release is the one at which it was settled: of the first activation, or of
	// the last sign-in. Empty is one that nobody noted, older than all.
	Release    string
	SignedInAt *time.Time
}

// Organization gives whom the agent belongs to; the zero value before the first
// activation.
func (a *Agent) Organization(ctx context.Context) (Organization, error) {
	return organizationOf(a.db.Read(ctx))
}

// noteActivation settles the organization at the first activation. An upgrade
// later asks anew if it crosses the plan's release (R1).
func (a *Agent) noteActivation(tx *database.Tx) error {
	return insertOrganization(tx, Organization{Release: a.cfg.Version})
}

// noteEarlier settles the organization of a state that was activated before
// releases were noted.
func (a *Agent) noteEarlier(tx *database.Tx) error {
	rows, err := a.allRows(tx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Held.Active {
			return insertOrganization(tx, Organization{})
		}
	}
	return nil
}

// organizationNeeded reports whether an agent that belongs to an organization
// since one release, and runs another, has crossed the one from which the plan
// asks for the organization.
func organizationNeeded(from, settled, running string) bool {
	return from != "" && running != "" && compareReleases(running, from) >= 0 && compareReleases(settled, from) < 0
}

// needsOrganization gives the first row whose plan asks for the organization;
// nil when none does.
func (a *Agent) needsOrganization(q database.Querier, rows []Row) (*Row, error) {
	o, err := organizationOf(q)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		if l := r.Held.License; l != nil && organizationNeeded(l.Grant.Policy.OrganizationFrom, o.Release, a.cfg.Version) {
			return &rows[i], nil
		}
	}
	return nil, nil //nolint:nilnil // the agent needs none
}

// organizationProblem asks for the sign-in. The rows work on meanwhile.
func organizationProblem(r Row) Problem {
	return Problem{
		Code: ProblemOrganizationNeeded, Severity: Warning,
		Message:  "From this release on, the plan of " + r.Site.Name + ", " + r.Type + " asks for the organization. Everything goes on; sign in once.",
		Remedies: []licensefile.Remedy{remedy(RemedySignIn, "Sign in by code: licet agent sign-in --type "+r.Type)},
	}
}

// compareReleases orders two releases such as 10.2 and 10.12.1: by their numbers,
// and between them by their text. An empty one comes first; 2.0 is 2.
func compareReleases(a, b string) int {
	as, bs := releaseParts(a), releaseParts(b)
	for i := range max(len(as), len(bs)) {
		if c := comparePart(part(as, i), part(bs, i)); c != 0 {
			return c
		}
	}
	return 0
}

func part(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "0"
}

func comparePart(a, b string) int {
	m, errA := strconv.ParseUint(a, 10, 64)
	n, errB := strconv.ParseUint(b, 10, 64)
	switch {
	case errA == nil && errB == nil && m != n && m < n, errA != nil && errB == nil:
		return -1 // a word is before a number: 2.0-beta before 2.0
	case errA == nil && errB == nil && m > n, errA == nil && errB != nil:
		return 1
	case errA == nil:
		return 0
	default:
		return strings.Compare(a, b)
	}
}

// releaseParts splits a release into its numbers and words.
func releaseParts(s string) []string {
	var parts []string
	kind := func(r rune) int {
		switch {
		case r >= '0' && r <= '9':
			return 1
		case unicode.IsLetter(r):
			return 2
		default:
			return 0
		}
	}
	last := 0
	for _, r := range strings.ToLower(s) {
		k := kind(r)
		switch k {
		case 0:
		case last:
			parts[len(parts)-1] += string(r)
		default:
			parts = append(parts, string(r))
		}
		last = k
	}
	return parts
}
