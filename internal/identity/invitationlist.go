package identity

import (
	"context"
	"fmt"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// GuestList is whom to invite: by addresses, all as the same, or by a CSV whose
// rows may say otherwise.
type GuestList struct {
	Emails   []string
	CSV      string
	Role     MemberRole   // empty is member
	Language language.Tag // empty is English
}

const maxEmails = 200

// rows gives whom the list names. Errors: validation_failed of what is no list.
func (l GuestList) rows() ([]GuestRow, error) {
	usual := Guest{Role: l.Role, Language: l.Language}
	if usual.Role == "" {
		usual.Role = Member
	}
	if usual.Language == "" {
		usual.Language = language.English
	}
	var f problem.Faults
	f.Check(usual.Role.Valid(), "/role", "must be member, license_administrator or account_administrator")
	f.Check(language.Valid(string(usual.Language)), "/language", "must be en, ja or fr")
	f.Check((len(l.Emails) > 0) != (l.CSV != ""), "/emails", "must name whom to invite, unless a CSV does")
	f.Check(len(l.Emails) <= maxEmails, "/emails", fmt.Sprintf("must be at most %d addresses; use a CSV for more", maxEmails))
	if err := f.Err(); err != nil {
		return nil, err
	}
	if l.CSV != "" {
		return readGuests(l.CSV, usual)
	}
	rows := make([]GuestRow, len(l.Emails))
	for i, email := range l.Emails {
		rows[i] = GuestRow{Line: i + 1, Guest: Guest{Email: email, Role: usual.Role, Language: usual.Language}}
	}
	return rows, nil
}

// refuse gives one problem with the faults of all rows, or nil. Where a list is
// one address that needs no invitation, that is the answer.
func (l GuestList) refuse(rows []GuestRow) error {
	if len(rows) == 1 {
		if err := rows[0].Fault.problem(); err != nil {
			return err
		}
	}
	var f problem.Faults
	for i, row := range rows {
		pointer := fmt.Sprintf("/emails/%d", i)
		if l.CSV != "" {
			pointer = fmt.Sprintf("/csv/%d", row.Line)
		}
		f.Check(row.Fault == "", pointer, row.Fault.Sentence())
	}
	return f.Err()
}

// InvitationFilter chooses invitations. Empty members choose all.
type InvitationFilter struct {
	State  InvitationState
	Search string // part of the address
}

// Invitations lists the invitations of an organization for its account
// administrators and for staff. Errors: not_found, forbidden.
func (s *Service) Invitations(ctx context.Context, actor Actor, organizationID string, f InvitationFilter, l database.Listing) (database.Page[Invitation], error) {
	if err := actor.RequireIn(organizationID, AccountAdministrator, AnyStaff...); err != nil {
		return database.Page[Invitation]{}, err
	}
	q := s.DB.Read(ctx)
	if _, err := OrganizationName(q, organizationID); err != nil {
		return database.Page[Invitation]{}, err
	}
	return invitations(q, organizationID, f, l, s.now())
}

// Invitation gives an invitation of an organization, as Invitations does.
func (s *Service) Invitation(ctx context.Context, actor Actor, organizationID, id string) (Invitation, error) {
	if err := actor.RequireIn(organizationID, AccountAdministrator, AnyStaff...); err != nil {
		return Invitation{}, err
	}
	found, err := invitationByID(s.DB.Read(ctx), organizationID, id)
	return found, notFound(err)
}

// PreviewGuests tells what inviting by a CSV would do with each row, and changes
// nothing. Errors: validation_failed of what is no such CSV, not_found,
// forbidden.
func (s *Service) PreviewGuests(ctx context.Context, actor Actor, organizationID string, l GuestList) ([]GuestRow, error) {
	if err := actor.RequireIn(organizationID, AccountAdministrator, Sellers...); err != nil {
		return nil, err
	}
	rows, err := l.rows()
	if err != nil {
		return nil, err
	}
	q := s.DB.Read(ctx)
	if _, err := OrganizationName(q, organizationID); err != nil {
		return nil, err
	}
	k, err := knownIn(q, organizationID, s.now())
	return judged(rows, k), err
}

// judged notes what keeps each row from being invited.
func judged(rows []GuestRow, k known) []GuestRow {
	guests := make([]Guest, len(rows))
	for i, row := range rows {
		guests[i] = row.Guest
	}
	for i, fault := range guestFaults(guests, k) {
		if rows[i].Fault == "" {
			rows[i].Fault = fault
		}
	}
	return rows
}
