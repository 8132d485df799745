package licensing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// NewOrder is what staff give to place an order. It names an organization that
// exists, or one to create, or none: then anybody may register the keys.
type NewOrder struct {
	OrderFacts
	OrganizationID string
	Organization   *identity.NewOrganization // created, and its primary email invited (R2)
	PrimaryEmail   string
	Language       language.Tag // of the invitation
	Lines          []NewLine
}

// NewLine is a line of a new order: a subscription to issue, or one to change.
type NewLine struct {
	Action         LineAction
	Sale           NewSubscription // of a new one
	SubscriptionID string          // of one to change
	TermMonths     int64           // of a renewal
	Quantity       *int64          // of a quantity; nil is unlimited
	Force          bool            // of a quantity: also below what is in use
}

// maxLines bounds an order, and with it a transaction.
const maxLines = 100

// PlacedOrder is an order with what it issued.
type PlacedOrder struct {
	Order
	Issued []IssuedSubscription // of its new lines, in their order
}

// IssuedSubscription is a subscription with its primary key.
type IssuedSubscription struct {
	Contract
	Key IssuedKey
}

// placement is an order on its way.
type placement struct {
	NewOrder
	order  Order
	drafts map[int]draft // of new lines, by their index
	newOrg *identity.Organization
	zone   *time.Location
}

// PlaceOrder places an order: all of its lines come true, or none. Errors:
// validation_failed, and the codes of Renew and Resize, with a pointer to the
// line at fault; not_found, conflict when a reference is taken, forbidden.
func (s *Service) PlaceOrder(ctx context.Context, actor identity.Actor, n NewOrder) (PlacedOrder, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return PlacedOrder{}, err
	}
	p, err := s.draftOrder(ctx, n)
	if err != nil {
		return PlacedOrder{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := actor.Keep(tx, p.order.ID); err != nil {
			return err
		}
		return s.place(tx, actor, *p)
	})
	if err != nil {
		return PlacedOrder{}, referenceTaken(err)
	}
	return s.Placed(ctx, actor, p.order.ID)
}

// Placed gives an order and, in full, the keys that it issued, to staff who may
// place one. Errors: not_found, forbidden.
func (s *Service) Placed(ctx context.Context, actor identity.Actor, id string) (PlacedOrder, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return PlacedOrder{}, err
	}
	order, err := s.Order(ctx, actor, id)
	if err != nil {
		return PlacedOrder{}, err
	}
	placed := PlacedOrder{Order: order}
	for _, line := range order.Lines {
		if line.Action != LineNew {
			continue
		}
		contract, key, err := s.Issued(ctx, actor, line.SubscriptionID)
		if err != nil {
			return PlacedOrder{}, err
		}
		placed.Issued = append(placed.Issued, IssuedSubscription{contract, key})
	}
	return placed, nil
}

// draftOrder makes whatever of an order can be made outside its transaction, and
// finds its faults.
func (s *Service) draftOrder(ctx context.Context, n NewOrder) (*placement, error) {
	now, zone, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	n.Lines = slices.Clone(n.Lines) // they are completed below
	p := &placement{NewOrder: n, drafts: map[int]draft{}, zone: zone, order: Order{
		ID: id, OrderFacts: n.OrderFacts, OrganizationID: n.OrganizationID, PrimaryEmail: n.PrimaryEmail, PlacedOn: dayIn(zone, now), CreatedAt: now,
	}}
	var f problem.Faults
	n.check(&f)
	plans, err := s.checkSales(ctx, &f, n.Lines, zone, now)
	if err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if n.Organization != nil {
		made, err := s.People.DraftOrganization(*n.Organization)
		if err != nil {
			return nil, within("/organization", err)
		}
		p.newOrg, p.order.OrganizationID = &made, made.ID
	}
	for i, plan := range plans {
		sale := p.Lines[i].Sale
		sale.OrganizationID = p.order.OrganizationID
		if p.drafts[i], err = s.draft(sale, plan, zone, now); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// check notes what is wrong with an order whatever the database holds.
func (n NewOrder) check(f *problem.Faults) {
	n.OrderFacts.check(f, "")
	isNew := n.Organization != nil
	f.Check(!isNew || n.OrganizationID == "", "/organization", "must be left out when organization_id is given")
	f.Check(!isNew || n.PrimaryEmail != "", "/primary_email", "must be given: it is invited to administer the new organization")
	f.Check(n.PrimaryEmail == "" || bareAddress(n.PrimaryEmail), "/primary_email", "must be an email address such as role@example.com")
	f.Check(n.Language == "" && !isNew || language.Valid(string(n.Language)), "/language", "must be en, ja or fr")
	f.Check(len(n.Lines) >= 1 && len(n.Lines) <= maxLines, "/lines", fmt.Sprintf("must hold 1 to %d lines", maxLines))
	for i, l := range n.Lines {
		l.check(f, linePointer(i))
	}
}

func linePointer(i int) string { return fmt.Sprintf("/lines/%d", i) }

// check notes what is wrong with a line that changes a subscription.
func (l NewLine) check(f *problem.Faults, at string) {
	switch l.Action {
	case LineNew:
		f.Check(l.SubscriptionID == "", at+"/subscription_id", "must be left out of a new line")
		return
	case LineRenewal:
		checkTerm(f, at+"/term_months", l.TermMonths)
	case LineQuantity:
		checkQuantity(f, at+"/quantity", l.Quantity)
	default:
		f.Check(false, at+"/action", "must be new, renewal or quantity")
	}
	f.Check(l.SubscriptionID != "", at+"/subscription_id", "must name the subscription to change")
}

// checkSales completes the new lines of an order, notes their faults, and gives
// their plans by the index of the line.
func (s *Service) checkSales(ctx context.Context, f *problem.Faults, lines []NewLine, zone *time.Location, now time.Time) (map[int]catalog.Plan, error) {
	plans := map[int]catalog.Plan{}
	q := s.DB.Read(ctx)
	for i := range lines {
		if lines[i].Action != LineNew {
			continue
		}
		at := linePointer(i)
		plan, err := catalog.PlanByID(q, lines[i].Sale.PlanID)
		if problem.Is(err, problem.NotFound) {
			f.Check(false, at+"/plan_id", "must be a plan")
			continue
		}
		if err != nil {
			return nil, err
		}
		lines[i].Sale = lines[i].Sale.completed(plan.Policy, dayIn(zone, now))
		lines[i].Sale.check(f, at, plan.Policy)
		plans[i] = plan
	}
	return plans, nil
}

// place carries an order out. Locks are taken in the order of ids, so that two
// orders for the same subscriptions do not wait for each other.
func (s *Service) place(tx *database.Tx, actor identity.Actor, p placement) error {
	if err := s.placeOrganization(tx, actor, p); err != nil {
		return err
	}
	locked, err := s.lockLines(tx, actor, p)
	if err != nil {
		return err
	}
	if p.order.OrganizationID == "" && len(p.drafts) == 0 {
		p.order.OrganizationID = locked[p.Lines[0].SubscriptionID].OrganizationID
	}
	for i, line := range p.Lines {
		if line.Action != LineNew && locked[line.SubscriptionID].OrganizationID != p.order.OrganizationID {
			return foreignLine(i)
		}
		placed, err := s.placeLine(tx, actor, p, i, locked)
		if err != nil {
			return atLine(i, err)
		}
		p.order.Lines = append(p.order.Lines, placed)
	}
	return s.storeOrder(tx, actor, p.order)
}

// placeOrganization stores a new organization and invites the primary email of
// its purchase (R2), or sees that a named one exists.
func (s *Service) placeOrganization(tx *database.Tx, actor identity.Actor, p placement) error {
	switch {
	case p.newOrg != nil:
		if err := identity.StoreOrganization(tx, actor, *p.newOrg); err != nil {
			if database.IsUnique(err) {
				return problem.Newf(problem.Conflict, "An organization with this reference exists already.").Because(err)
			}
			return err
		}
		return s.People.InvitePrimary(tx, actor, p.newOrg.ID, p.PrimaryEmail, p.Language)
	case p.OrganizationID != "":
		_, err := identity.OrganizationName(tx, p.OrganizationID)
		return err
	default:
		return nil
	}
}

// lockLines locks the subscriptions that an order changes. One that is not there
// is at fault like one of another organization.
func (s *Service) lockLines(tx *database.Tx, actor identity.Actor, p placement) (map[string]*changing, error) {
	var ids []string
	first := map[string]int{}
	for i, line := range p.Lines {
		if _, seen := first[line.SubscriptionID]; line.Action != LineNew && !seen {
			ids, first[line.SubscriptionID] = append(ids, line.SubscriptionID), i
		}
	}
	slices.Sort(ids)
	locked := map[string]*changing{}
	for _, id := range ids {
		c, err := s.lock(tx, actor, id, p.zone)
		if problem.Is(err, problem.NotFound) {
			return nil, foreignLine(first[id])
		}
		if err != nil {
			return nil, err
		}
		c.order = p.order.ID
		locked[id] = c
	}
	return locked, nil
}

func (s *Service) placeLine(tx *database.Tx, actor identity.Actor, p placement, i int, locked map[string]*changing) (OrderLine, error) {
	line := p.Lines[i]
	switch line.Action {
	case LineRenewal:
		return locked[line.SubscriptionID].renew(line.TermMonths, "/term_months")
	case LineQuantity:
		return locked[line.SubscriptionID].resize(line.Quantity, line.Force)
	case LineNew:
	}
	made := p.drafts[i]
	return OrderLine{
		SubscriptionID: made.subscription.ID, Action: LineNew, Quantity: made.subscription.Quantity, EndsOn: made.subscription.renews(),
	}, s.store(tx, actor, made, p.order.ID)
}

// foreignLine refuses a line whose subscription is not the organization's.
func foreignLine(i int) error {
	var f problem.Faults
	f.Check(false, linePointer(i)+"/subscription_id", "must be a subscription of the order's organization")
	return f.Err()
}

// atLine points a refusal at the line that it is about; its code stays.
func atLine(i int, err error) error {
	if database.IsUnique(err) || problem.Is(err, problem.InternalError) {
		return err
	}
	refusal := *problem.From(err)
	if len(refusal.Fields) == 0 {
		refusal.Fields = []problem.Field{{Pointer: linePointer(i), Message: refusal.Message}}
		return &refusal
	}
	fields := make([]problem.Field, len(refusal.Fields))
	for n, field := range refusal.Fields {
		fields[n] = problem.Field{Pointer: linePointer(i) + field.Pointer, Message: field.Message}
	}
	refusal.Fields = fields
	return &refusal
}

// storeOrder stores and records an order whose lines have come true.
func (s *Service) storeOrder(tx *database.Tx, actor identity.Actor, o Order) error {
	if err := insertOrder(tx, o); err != nil {
		return err
	}
	for i, line := range o.Lines {
		if err := insertOrderLine(tx, o.ID, i+1, line); err != nil {
			return err
		}
	}
	return event.Record(tx, event.Event{
		At: o.CreatedAt, Kind: "order.placed", Actor: actor.Actor, OrganizationID: o.OrganizationID,
		Subject: event.Subject{Kind: "order", ID: o.ID}, Data: event.Data{"channel": o.Channel, "lines": len(o.Lines)},
	})
}
