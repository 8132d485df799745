package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Held is what a row holds of the exchange, as far as the agent decides by it.
// The client keeps the truth; this is its view, with the license verified.
type Held struct {
	// Active says that the row is activated and not ended. Its License may be
	// missing all the same: when what is stored is not accepted any more, say
	// because the certificate that signed it was revoked. Refused says why then.
	Active  bool
	License *licensefile.License
	Refused error

	Time        licensefile.TrustedTime
	LastContact time.Time
	OverSince   *time.Time // when used first exceeded the maximum, until that is raised (R5)

	Ended    bool   // there was an activation, and none followed
	Released bool   // the publisher has confirmed the end
	Reason   string // why the publisher ended the row, if it did

	// Pending is a signed request that waits for its answer.
	Pending *client.Pending
}

// method gives how an active row talks to the publisher.
func (h Held) method() licensefile.Method {
	if h.License == nil {
		return licensefile.Online
	}
	return h.License.Grant.Method
}

// Row is what people see: one license type at one site.
type Row struct {
	Site  Site
	Type  string // license type code
	Count Count
	Held  Held

	Sync   Duty // fetching the license
	Report Duty // reporting usage
}

// Key names the row.
func (r Row) Key() RowKey { return RowKey{r.Site.ID, r.Type} }

// Slot gives the row as the exchange names it.
func (r Row) Slot() licensefile.SlotRef {
	return licensefile.SlotRef{Site: licensefile.Site{ID: r.Site.ID, Name: r.Site.Name}, LicenseType: r.Type}
}

// now gives the time to judge the row by (EXCHANGE, Time).
func (r Row) now(clock time.Time) time.Time { return r.Held.Time.Now(clock) }

// ladder gives the row as the common rules take it.
func (r Row) ladder() licensefile.Row {
	if r.Held.License == nil {
		return licensefile.Row{Used: r.Count.Used, Deactivated: true}
	}
	return licensefile.RowOf(*r.Held.License, r.Count.Used, r.Held.LastContact, r.Held.OverSince)
}

// May says whether an operation is allowed on the row when the clock shows that.
func (r Row) May(op licensefile.Operation, clock time.Time) licensefile.Decision {
	return licensefile.May(op, r.ladder(), r.now(clock))
}

// Standing gives the rung of the ladder that the row is on.
func (r Row) Standing(clock time.Time) licensefile.Rung {
	return licensefile.Standing(r.ladder(), r.now(clock))
}

// Status gives the status to show. A row that was never activated is
// "not_activated"; one that was is "deactivated" until it is again.
func (r Row) Status(clock time.Time) string {
	if !r.Held.Active && !r.Held.Ended {
		return "not_activated"
	}
	return licensefile.Status(r.ladder(), r.now(clock))
}

// Remaining gives how many devices more may be managed, never below 0; nil is
// unlimited or not activated.
func (r Row) Remaining() *int64 {
	maximum := r.Maximum()
	if maximum == nil {
		return nil
	}
	left := max(0, *maximum-r.Count.Used)
	return &left
}

// Maximum gives how many devices may be managed; nil is unlimited or not activated.
func (r Row) Maximum() *int64 {
	if r.Held.License == nil {
		return nil
	}
	return r.Held.License.Grant.Maximum
}

// Rows lists every row, the default site first.
func (a *Agent) Rows(ctx context.Context) ([]Row, error) {
	var rows []Row
	err := a.db.Snapshot(ctx, func(q database.Querier) error {
		var err error
		rows, err = a.allRows(q)
		return err
	})
	return rows, err
}

// Row gives a row by its site (id or name, empty is the default one) and license
// type (case does not matter). Errors: not_found.
func (a *Agent) Row(ctx context.Context, site, licenseType string) (Row, error) {
	var row Row
	err := a.db.Snapshot(ctx, func(q database.Querier) error {
		k, err := a.rowKey(q, site, licenseType)
		if err != nil {
			return err
		}
		row, err = a.rowOf(q, k)
		return err
	})
	return row, err
}

// rowKey finds a row as people name it.
func (a *Agent) rowKey(q database.Querier, site, licenseType string) (RowKey, error) {
	s, err := findSite(q, site)
	if err != nil {
		return RowKey{}, err
	}
	for _, lt := range a.cfg.LicenseTypes {
		if strings.EqualFold(lt.Code, licenseType) {
			return RowKey{s.ID, lt.Code}, nil
		}
	}
	return RowKey{}, problem.Newf(problem.NotFound, "There is no such license type here. The types are: %s.", a.typeCodes())
}

func (a *Agent) typeCodes() string {
	codes := make([]string, len(a.cfg.LicenseTypes))
	for i, lt := range a.cfg.LicenseTypes {
		codes[i] = lt.Code
	}
	return strings.Join(codes, ", ")
}

// allRows gives the rows of the configured license types.
func (a *Agent) allRows(q database.Querier) ([]Row, error) {
	sites, err := allSites(q)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, s := range sites {
		for _, lt := range a.cfg.LicenseTypes {
			row, err := a.rowOf(q, RowKey{s.ID, lt.Code})
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// rowOf loads one row.
func (a *Agent) rowOf(q database.Querier, k RowKey) (Row, error) {
	site, err := siteByIDOrName(q, k.SiteID)
	if err != nil {
		return Row{}, err
	}
	row := Row{Site: site, Type: k.LicenseType}
	if row.Count, err = countOf(q, k); err != nil {
		return Row{}, err
	}
	row.Held = a.heldOf(k)
	if row.Sync, err = dutyOf(q, k, DutySync); err != nil {
		return Row{}, err
	}
	row.Report, err = dutyOf(q, k, DutyReport)
	return row, err
}

// ensureRows gives every site a row for each license type.
func (a *Agent) ensureRows(tx *database.Tx) error {
	sites, err := allSites(tx)
	if err != nil {
		return err
	}
	for _, s := range sites {
		for _, lt := range a.cfg.LicenseTypes {
			if err := ensureCount(tx, RowKey{s.ID, lt.Code}, a.now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// isNoRows reports whether an error says that there is no such row.
func isNoRows(err error) bool { return errors.Is(err, database.ErrNoRows) }
