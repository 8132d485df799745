package identity

import (
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// InvitationState says what became of an invitation.
type InvitationState string

// The states of an invitation.
const (
	InvitationPending   InvitationState = "pending"
	InvitationAccepted  InvitationState = "accepted"
	InvitationWithdrawn InvitationState = "withdrawn"
	InvitationExpired   InvitationState = "expired" // nobody accepted it in time; it may be sent again
)

// Invitation asks somebody by mail to become a member of an organization (P13).
// It is for whoever reads the mail of one address, and is accepted once.
type Invitation struct {
	ID             string
	OrganizationID string
	Email          string
	Role           MemberRole
	Language       language.Tag
	InvitedBy      string     // the person; empty when Licet itself did, for an order
	InviterName    string     // as it is now; empty once erased
	ExpiresAt      time.Time  // of the newest link
	AcceptedAt     *time.Time // nil until it is
	AcceptedBy     string
	WithdrawnAt    *time.Time
	SentAt         time.Time // the last time
	CreatedAt      time.Time
}

// State gives what has become of the invitation by now.
func (i Invitation) State(now time.Time) InvitationState {
	switch {
	case i.AcceptedAt != nil:
		return InvitationAccepted
	case i.WithdrawnAt != nil && i.WithdrawnAt.Before(i.ExpiresAt):
		return InvitationWithdrawn
	case i.WithdrawnAt != nil || !now.Before(i.ExpiresAt): // an expired one is withdrawn when a new one takes its place
		return InvitationExpired
	default:
		return InvitationPending
	}
}

// Guest is whom to invite, and as what.
type Guest struct {
	Email    string
	Role     MemberRole
	Language language.Tag
}

// GuestFault says why somebody cannot be invited.
type GuestFault string

// The faults of guests.
const (
	GuestMistyped       GuestFault = "mistyped" // the address, the role, the language or the row
	GuestDuplicate      GuestFault = "duplicate"
	GuestAlreadyMember  GuestFault = "already_member"
	GuestAlreadyInvited GuestFault = "already_invited"
)

// Sentence says what to do about a fault.
func (f GuestFault) Sentence() string {
	switch f {
	case GuestDuplicate:
		return "is listed more than once; keep one"
	case GuestAlreadyMember:
		return "is a member of the organization already"
	case GuestAlreadyInvited:
		return "is invited already; resend the invitation instead"
	default:
		return "must be an email address, a role (member, license_administrator or account_administrator) and a language (en, ja or fr)"
	}
}

// problem gives the fault as the answer to a request for this guest alone.
func (f GuestFault) problem() error {
	switch f {
	case GuestAlreadyMember:
		return problem.New(problem.AlreadyMember)
	case GuestAlreadyInvited:
		return problem.New(problem.AlreadyInvited)
	default:
		return nil
	}
}

func (g Guest) wellFormed() bool {
	return validEmail(g.Email) && g.Role.Valid() && language.Valid(string(g.Language))
}

// known tells who is in an organization or on the way there, by emailKey.
type known struct {
	members, invited map[string]bool
}

// guestFaults gives what keeps each guest from being invited; "" for nothing.
func guestFaults(guests []Guest, k known) []GuestFault {
	faults := make([]GuestFault, len(guests))
	seen := map[string]bool{}
	for i, g := range guests {
		key := emailKey(g.Email)
		switch {
		case !g.wellFormed():
			faults[i] = GuestMistyped
		case seen[key]:
			faults[i] = GuestDuplicate
		case k.members[key]:
			faults[i] = GuestAlreadyMember
		case k.invited[key]:
			faults[i] = GuestAlreadyInvited
		}
		seen[key] = true
	}
	return faults
}

// invitationOrders are the ways to sort invitations.
var invitationOrders = database.Orders[Invitation]{
	IDColumn: "i.id", ID: func(i Invitation) string { return i.ID },
	By: map[string]database.Order[Invitation]{
		"email":      {Column: "i.email", Key: func(i Invitation) any { return i.Email }},
		"role":       {Column: "i.role", Key: func(i Invitation) any { return string(i.Role) }},
		"sent_at":    {Column: "i.sent_at", Key: func(i Invitation) any { return database.Micros(i.SentAt) }},
		"expires_at": {Column: "i.expires_at", Key: func(i Invitation) any { return database.Micros(i.ExpiresAt) }},
		"created_at": {Column: "i.created_at", Key: func(i Invitation) any { return database.Micros(i.CreatedAt) }},
	},
}
