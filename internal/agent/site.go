package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// Site is a named part of the organization. Its id is made here and never
// changes; the publisher takes the name as a label.
type Site struct {
	ID        string
	Name      string
	Default   bool // used where none is named
	CreatedAt time.Time
}

// maxName bounds the names of sites, in characters.
const maxName = 100

func checkSiteName(name string) error {
	var faults problem.Faults
	faults.Text("/name", name, 1, maxName)
	return faults.Err()
}

// Sites lists the sites, the default one first.
func (a *Agent) Sites(ctx context.Context) ([]Site, error) {
	return allSites(a.db.Read(ctx))
}

// CreateSite adds a site with a row for each license type. Errors:
// validation_failed; conflict when the name is taken.
func (a *Agent) CreateSite(ctx context.Context, name string) (Site, error) {
	if err := checkSiteName(name); err != nil {
		return Site{}, err
	}
	s := Site{ID: a.newID(), Name: name, CreatedAt: a.now()}
	err := a.db.InTx(ctx, func(tx *database.Tx) error {
		if err := insertSite(tx, s); err != nil {
			return err
		}
		return a.ensureRows(tx)
	})
	return s, siteNameTaken(err)
}

// RenameSite gives a site another name, which the publisher learns with the next
// request. Errors: validation_failed, not_found, conflict when the name is taken.
func (a *Agent) RenameSite(ctx context.Context, id, name string) (Site, error) {
	if err := checkSiteName(name); err != nil {
		return Site{}, err
	}
	var s Site
	err := a.db.InTx(ctx, func(tx *database.Tx) error {
		var err error
		if s, err = findSite(tx, id); err != nil {
			return err
		}
		s.Name = name
		return renameSite(tx, s.ID, name)
	})
	return s, siteNameTaken(err)
}

func siteNameTaken(err error) error {
	if database.IsUnique(err) {
		return problem.Newf(problem.Conflict, "There is a site of this name already.").Because(err)
	}
	return err
}

// findSite looks a site up by its id or its name; empty is the default site.
func findSite(q database.Querier, named string) (Site, error) {
	var s Site
	var err error
	if named == "" {
		s, err = defaultSite(q)
	} else {
		s, err = siteByIDOrName(q, named)
	}
	if errors.Is(err, database.ErrNoRows) {
		return Site{}, problem.Newf(problem.NotFound, "There is no such site here. See the list of sites.")
	}
	return s, err
}

func nameKey(name string) string { return strings.ToLower(name) }
