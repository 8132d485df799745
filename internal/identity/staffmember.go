package identity

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
)

// StaffFilter chooses members of staff. Empty members choose all.
type StaffFilter struct {
	Role   Role
	Search string // part of the name or the address
}

// staffOrders are the ways to sort members of staff.
var staffOrders = database.Orders[Staff]{
	IDColumn: "s.person_id", ID: func(s Staff) string { return s.PersonID },
	By: map[string]database.Order[Staff]{
		"email":      {Column: "p.email", Key: func(s Staff) any { return s.Email }},
		"role":       {Column: "s.role", Key: func(s Staff) any { return string(s.Role) }},
		"created_at": {Column: "s.created_at", Key: func(s Staff) any { return database.Micros(s.CreatedAt) }},
	},
	Default: "email",
}

// StaffMembers lists members of staff for staff.
func (s *Service) StaffMembers(ctx context.Context, actor Actor, f StaffFilter, l database.Listing) (database.Page[Staff], error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return database.Page[Staff]{}, err
	}
	return staffPage(s.DB.Read(ctx), f, l)
}

// StaffMember gives a member of staff to staff.
func (s *Service) StaffMember(ctx context.Context, actor Actor, personID string) (Staff, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return Staff{}, err
	}
	found, err := staffByID(s.DB.Read(ctx), personID)
	return found, notFound(err)
}

// Appointment makes somebody a member of staff.
type Appointment struct {
	Email     string
	FirstName string
	LastName  string
	Language  language.Tag
	Role      Role
}

// Validate reports every fault at once.
func (a Appointment) Validate() error {
	var f problem.Faults
	f.Check(validEmail(a.Email), "/email", "must be an email address such as role@example.com")
	f.Check(a.Role.Valid(), "/role", "must be owner, sales, support or auditor")
	f.Text("/first_name", a.FirstName, 0, maxName)
	f.Text("/last_name", a.LastName, 0, maxName)
	checkLanguage(&f, a.Language)
	return f.Err()
}

// AppointStaff makes a person a member of staff, who has an account already or
// gets one now, and tells them by mail. The mail of somebody without a password
// leads to setting one, for as long as invitations live. Errors:
// validation_failed, conflict when they are on the staff, forbidden.
func (s *Service) AppointStaff(ctx context.Context, actor Actor, a Appointment) (Staff, error) {
	if err := actor.Require(Owners...); err != nil {
		return Staff{}, err
	}
	if err := a.Validate(); err != nil {
		return Staff{}, err
	}
	fresh, err := s.draftPerson(NewPerson{Email: a.Email, FirstName: a.FirstName, LastName: a.LastName, Language: a.Language}, "")
	if err != nil {
		return Staff{}, err
	}
	var made Staff
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		known, err := maybe(PersonByEmail(tx, a.Email))
		if err != nil {
			return err
		}
		if known == nil {
			known = &fresh
			err = StorePerson(tx, actor, fresh)
		}
		if err != nil {
			return err
		}
		made = Staff{PersonID: known.ID, Role: a.Role, CreatedAt: s.now()}
		if err := s.appoint(tx, actor, made); err != nil {
			return err
		}
		if made, err = staffByID(tx, known.ID); err != nil {
			return err
		}
		return s.tellAppointed(tx, *known, a.Role)
	})
	return made, taken(err, "This person is on the staff already.")
}

func (s *Service) appoint(tx *database.Tx, actor Actor, made Staff) error {
	if err := actor.Keep(tx, made.PersonID); err != nil {
		return err
	}
	if err := insertStaffRole(tx, made); err != nil {
		return err
	}
	return recordStaff(tx, actor, made.PersonID, "created", s.now(), map[string]any{"role": made.Role})
}

// tellAppointed mails somebody that they are on the staff.
func (s *Service) tellAppointed(tx *database.Tx, p Person, role Role) error {
	m := mail.Message{
		Kind: "staff_appointed", To: p.Email, PersonID: p.ID, Language: p.Language, Link: signInPath,
		Data: map[string]any{"role": language.Text(p.Language, "staff_role."+string(role), nil)},
	}
	if p.HasPassword() {
		return s.Mail.Send(tx, m)
	}
	settings, _, err := SettingsOf(tx)
	if err != nil {
		return err
	}
	l, err := s.draftLink(linkReset, p.Email, days(settings.InvitationDays))
	if err != nil {
		return err
	}
	l.PersonID = p.ID
	if err := insertLink(tx, l); err != nil {
		return err
	}
	m.Link = resetPath + l.secret
	return s.Mail.Send(tx, m)
}

// ChangeStaff gives a member of staff another role. Errors: validation_failed,
// last_owner, not_found, forbidden.
func (s *Service) ChangeStaff(ctx context.Context, actor Actor, personID string, role Role) (Staff, error) {
	if err := actor.Require(Owners...); err != nil {
		return Staff{}, err
	}
	var f problem.Faults
	f.Check(role.Valid(), "/role", "must be owner, sales, support or auditor")
	if err := f.Err(); err != nil {
		return Staff{}, err
	}
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		m, err := changeableStaff(tx, actor, personID, role)
		if err != nil || m.Role == role {
			return err
		}
		if err := updateStaffRole(tx, personID, role); err != nil {
			return err
		}
		return recordStaff(tx, actor, personID, "changed", s.now(), map[string]any{"role_before": m.Role, "role": role})
	})
	if err != nil {
		return Staff{}, err
	}
	return s.StaffMember(ctx, actor, personID)
}

// RemoveStaff takes a person off the staff, with the tokens that act for them as
// staff. Their account and memberships stay. Errors: last_owner, not_found,
// forbidden.
func (s *Service) RemoveStaff(ctx context.Context, actor Actor, personID string) error {
	if err := actor.Require(Owners...); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		m, err := changeableStaff(tx, actor, personID, "")
		if err != nil {
			return err
		}
		return s.dismiss(tx, actor, m)
	})
}

func (s *Service) dismiss(tx *database.Tx, actor Actor, m Staff) error {
	ids, err := staffTokens(tx, m.PersonID)
	if err != nil {
		return err
	}
	if err := s.revokeTokens(tx, actor, "", ids); err != nil {
		return err
	}
	if err := deleteStaff(tx, m.PersonID); err != nil {
		return err
	}
	return recordStaff(tx, actor, m.PersonID, "removed", s.now(), map[string]any{"role": m.Role})
}

// changeableStaff locks the staff and gives a member who may get a role, or none.
func changeableStaff(tx *database.Tx, actor Actor, personID string, becomes Role) (Staff, error) {
	if err := lockStaff(tx); err != nil {
		return Staff{}, err
	}
	all, err := listStaff(tx)
	if err != nil {
		return Staff{}, err
	}
	if actor.PersonID != "" && !isOwner(all, actor.PersonID) { // somebody changed that since the request began
		return Staff{}, problem.New(problem.Forbidden)
	}
	for _, m := range all {
		if m.PersonID == personID {
			return m, mayBecomeStaff(all, m, becomes)
		}
	}
	return Staff{}, problem.New(problem.NotFound)
}

func isOwner(all []Staff, personID string) bool {
	for _, m := range all {
		if m.PersonID == personID {
			return m.Role == Owner
		}
	}
	return false
}

// mayBecomeStaff gives last_owner when another role, or none, would leave the
// publisher without an owner.
func mayBecomeStaff(all []Staff, m Staff, becomes Role) error {
	if m.Role != Owner || becomes == Owner {
		return nil
	}
	for _, other := range all {
		if other.PersonID != m.PersonID && other.Role == Owner {
			return nil
		}
	}
	return problem.New(problem.LastOwner)
}

func recordStaff(tx *database.Tx, actor Actor, personID, verb string, at time.Time, data map[string]any) error {
	return event.Record(tx, event.Event{
		At: at, Kind: "staff." + verb, Actor: actor.Actor, Subject: event.Subject{Kind: "person", ID: personID}, Data: data,
	})
}
