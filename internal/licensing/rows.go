package licensing

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Row is an activation as people see it: with its slot, installation, key and
// subscription, and where it stands (P15).
type Row struct {
	Activation   Activation
	Slot         Slot
	Installation Installation
	Key          Key
	Subscription Subscription
	PlanName     string
	ProductName  string
	Status       string // the first of deactivated, expired, suspended, over_limit, active
	Maximum      *int64 // nil is unlimited; of an ended row too

	// Decision says what the row's installation is told about a task now, with
	// the remedies (P8) and the end of an over-limit grace (R5).
	Decision  licensefile.Decision
	NearLimit bool      // it has reached the percentage at which people want to know (P14)
	FiguresAt time.Time // of its last report; of its activation, before any
	Stale     bool      // they are older than the plan wants them (P6); never of an ended row
}

// RowFilter chooses rows. Empty members choose all.
type RowFilter struct {
	OrganizationID string
	SubscriptionID string
	KeyID          string
	InstallationID string
	ProductID      string
	LicenseType    string // code
	Method         licensefile.Method
	State          string // "live", "ended" or empty
	Status         string // as in Row
	Search         string // part of the name of the installation, of its host or of the site
	Stale          bool   // only those whose figures are older than the plan wants them
}

// Rows lists activations for staff and for the members of an organization who
// look after their keys.
func (s *Service) Rows(ctx context.Context, actor identity.Actor, f RowFilter, l database.Listing) (database.Page[Row], error) {
	sight, err := actor.See(f.OrganizationID, identity.AnyStaff...)
	if err != nil {
		return database.Page[Row]{}, err
	}
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return database.Page[Row]{}, err
	}
	var page database.Page[Row]
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		page, err = s.rowPage(q, f, sight, current, l)
		return err
	})
	return page, err
}

// chunksRead bounds what is read for a page of one status, which is computed of
// each row: such a page may be shorter than asked for, and go on all the same.
const chunksRead = 20

// rowPage gives a page of rows.
func (s *Service) rowPage(
	q database.Querier, f RowFilter, sight identity.Sight, current *issuer.Current, l database.Listing,
) (page database.Page[Row], err error) {
	days, limit := rowDays{dayIn(current.Zone, s.now()), s.now()}, l.Limit
	if limit <= 0 {
		limit = database.DefaultLimit
	}
	page.Items = []Row{}
	for range chunksRead {
		l.Limit = limit - len(page.Items)
		found, err := listRows(q, f, sight, days, l)
		if err != nil {
			return page, err
		}
		rows, err := s.present(q, found.Items, current)
		if err != nil {
			return page, err
		}
		page.Next = found.Next
		for i := range rows {
			if f.Status == "" || rows[i].Status == f.Status {
				page.Items = append(page.Items, rows[i])
			}
		}
		if page.Next == "" || 2*len(page.Items) >= limit {
			break
		}
		l.Cursor = page.Next
	}
	return page, nil
}

// Row gives an activation; not_found when there is none.
func (s *Service) Row(ctx context.Context, actor identity.Actor, activationID string) (Row, error) {
	q := s.DB.Read(ctx)
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return Row{}, err
	}
	found, err := findRow(q, activationID, dayIn(publisher.Zone, s.now()))
	if err != nil {
		return Row{}, err
	}
	if err := actor.RequireKey(found.activation.OrganizationID, found.activation.KeyID, identity.AnyStaff...); err != nil {
		return Row{}, err
	}
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return Row{}, err
	}
	rows, err := s.present(q, []storedRow{found}, current)
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// findRow gives an activation as stored, or not_found.
func findRow(q database.Querier, activationID string, today licensefile.Date) (storedRow, error) {
	found, err := loadRow(q, activationID, today)
	if errors.Is(err, database.ErrNoRows) {
		return found, problem.New(problem.NotFound)
	}
	return found, err
}

// present adds to rows what is computed at every read.
func (s *Service) present(q database.Querier, found []storedRow, current *issuer.Current) ([]Row, error) {
	rows := make([]Row, len(found))
	now := s.now()
	for i := range found {
		t, err := s.withOffer(q, &found[i].terms)
		if err != nil {
			return nil, err
		}
		activation, slot := found[i].activation, found[i].slot
		row := Row{
			Activation: activation, Slot: slot, Installation: found[i].installation,
			Key: t.Key, Subscription: t.Subscription, PlanName: t.Offer.Name, ProductName: t.Offer.ProductName,
		}
		row.Maximum = t.maximum(t.Pool, activation.Used)
		stands := ladder(activation, *t, row.Maximum, current)
		row.Status, row.NearLimit = licensefile.Status(stands, now), licensefile.NearLimit(stands)
		row.Decision = licensefile.May(licensefile.EditConfigurationProfile, stands, now)
		row.FiguresAt, row.Stale = activation.figures(t.Offer.Policy.ReportEvery(), now)
		rows[i] = row
	}
	return rows, nil
}

// ladder gives what Standing, Status and May judge a row by, the same as the
// installation judges itself.
func ladder(a Activation, t terms, maximum *int64, current *issuer.Current) licensefile.Row {
	return licensefile.Row{
		End: t.end(current.Zone), Expires: a.ExpiresAt, LastContact: a.LastSeenAt,
		Policy: t.Offer.Policy.Travels(), Maximum: maximum, Used: a.Used, OverSince: a.OverSince,
		KeyKind: string(t.Key.Kind), Unused: t.unused(t.Pool),
		Suspended: t.Subscription.SuspendedAt != nil, Deactivated: a.EndedAt != nil,
	}
}
