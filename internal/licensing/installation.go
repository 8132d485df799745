package licensing

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
)

// InstallationState says whether an installation is in use.
type InstallationState string

// The states. An installation is wholly deactivated when all its rows are (P9).
const (
	InstallationActive      InstallationState = "active"
	InstallationDeactivated InstallationState = "deactivated"
)

// KnownInstallation is an installation as people see it.
type KnownInstallation struct {
	Installation
	OrganizationName string
	Notes            string
	Imported         bool // it stands for one that another system licensed
	State            InstallationState
	LiveRows         int64
	Used             int64      // by those, of all license types
	LastSeenAt       *time.Time // of any of its rows; nil before any
	Version          int64
	CreatedAt        time.Time
}

// InstallationFilter chooses installations. Empty members choose all.
type InstallationFilter struct {
	OrganizationID string
	ProductID      string // with a row of this product
	State          InstallationState
	Search         string // part of the name, of the host name or of a site's name
}

// Installations lists installations for staff and for the members of an
// organization who look after keys: those where these are or were active.
func (s *Service) Installations(ctx context.Context, actor identity.Actor, f InstallationFilter, l database.Listing) (database.Page[KnownInstallation], error) {
	sight, err := actor.See(f.OrganizationID, identity.AnyStaff...)
	if err != nil {
		return database.Page[KnownInstallation]{}, err
	}
	return listInstallations(s.DB.Read(ctx), f, sight, l)
}

// Installation gives an installation with those of its rows that the actor may
// see, the newest first; not_found to everybody else, and when there is none.
func (s *Service) Installation(ctx context.Context, actor identity.Actor, id string) (KnownInstallation, []Row, error) {
	q := s.DB.Read(ctx)
	found, sight, err := s.sighted(q, actor, id, identity.AnyStaff)
	if err != nil {
		return found, nil, err
	}
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return found, nil, err
	}
	page, err := listRows(q, RowFilter{InstallationID: id}, sight, rowDays{dayIn(current.Zone, s.now()), s.now()}, database.Listing{Limit: maxRowsShown})
	if err != nil {
		return found, nil, err
	}
	rows, err := s.present(q, page.Items, current)
	return found, rows, err
}

// maxRowsShown bounds the rows that come with an installation; the list of
// activations has all of them.
const maxRowsShown = 200

// sighted gives an installation, and what of it the actor may see: staff of the
// roles and account administrators everything, license administrators the rows of
// their keys, if there are any.
func (s *Service) sighted(q database.Querier, actor identity.Actor, id string, roles []identity.Role) (KnownInstallation, identity.Sight, error) {
	found, err := loadKnownInstallation(q, id)
	if errors.Is(err, database.ErrNoRows) {
		return found, identity.Sight{}, problem.New(problem.NotFound)
	}
	if err != nil {
		return found, identity.Sight{}, err
	}
	if err := actor.RequireIn(found.OrganizationID, identity.LicenseAdministrator, roles...); err != nil {
		return KnownInstallation{}, identity.Sight{}, err
	}
	sight, err := actor.See(found.OrganizationID, roles...)
	if err != nil || !sight.Limited {
		return found, sight, err
	}
	rows, err := rowsOfKeys(q, id, sight.Keys)
	if err == nil && rows.all == 0 {
		err = problem.New(problem.NotFound)
	}
	return found, sight, err
}

// InstallationChange changes what people say of an installation.
type InstallationChange struct {
	Name  *string
	Notes *string
}

const maxNotes = 2000

// Validate reports every fault at once.
func (c InstallationChange) Validate() error {
	var f problem.Faults
	if c.Name != nil {
		f.Text("/name", *c.Name, 1, maxKeyName)
	}
	if c.Notes != nil {
		f.Lines("/notes", *c.Notes, 0, maxNotes)
	}
	return f.Err()
}

// ChangeInstallation renames an installation or changes its notes, for account
// administrators and for license administrators with a key that is active there
// (P12). version is the one to change, 0 for any. Errors: validation_failed,
// version_changed, not_found, forbidden.
func (s *Service) ChangeInstallation(ctx context.Context, actor identity.Actor, id string, c InstallationChange, version int64) (KnownInstallation, error) {
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		found, sight, err := s.sighted(tx, actor, id, identity.Helpers)
		if err != nil {
			return err
		}
		if sight.Limited {
			rows, err := rowsOfKeys(tx, id, sight.Keys)
			if err != nil {
				return err
			}
			if rows.live == 0 {
				return problem.New(problem.Forbidden)
			}
		}
		if err := c.Validate(); err != nil {
			return err
		}
		if err := identity.SameVersion(version, found.Version); err != nil {
			return err
		}
		return s.describe(tx, actor, found, c)
	})
	if err != nil {
		return KnownInstallation{}, err
	}
	return loadKnownInstallation(s.DB.Read(ctx), id)
}

// describe writes and records a change; one that changes nothing is recorded by
// nobody.
func (s *Service) describe(tx *database.Tx, actor identity.Actor, before KnownInstallation, c InstallationChange) error {
	after := before
	if c.Name != nil {
		after.Name = *c.Name
	}
	if c.Notes != nil {
		after.Notes = *c.Notes
	}
	if after.Name == before.Name && after.Notes == before.Notes {
		return nil
	}
	if err := updateKnownInstallation(tx, after); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: s.now(), Kind: "installation.described", Actor: actor.Actor, OrganizationID: after.OrganizationID,
		Subject: event.Subject{Kind: "installation", ID: after.ID},
		Data:    map[string]any{"name": after.Name != before.Name, "notes": after.Notes != before.Notes},
	})
}

// InstallationEvents gives the history of an installation from the log, the
// newest first: its own, and that of the rows that the actor may see.
func (s *Service) InstallationEvents(ctx context.Context, actor identity.Actor, id string, l database.Listing) (database.Page[identity.Activity], error) {
	q := s.DB.Read(ctx)
	found, sight, err := s.sighted(q, actor, id, identity.AnyStaff)
	if err != nil {
		return database.Page[identity.Activity]{}, err
	}
	subjects, err := subjectsOf(q, id, sight)
	if err != nil {
		return database.Page[identity.Activity]{}, err
	}
	return s.People.Activities(ctx, event.Filter{OrganizationID: found.OrganizationID, SubjectIDs: append(subjects, id)}, l)
}
