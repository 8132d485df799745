package licensing_test

import (
	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
)

// person makes somebody who belongs to no organization, as a session shows them.
func (p *publisher) person() identity.Actor {
	p.t.Helper()
	id := uuid.NewString()
	err := p.DB.InTx(p.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO person (id, email, email_key, created_at) VALUES (?, ?, ?, 0)`,
			id, id+"@example.com", id+"@example.com")
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return identity.Actor{Actor: event.Actor{Kind: event.Person, ID: id}, PersonID: id, SessionID: "session-of-" + id}
}

// member makes a member of an organization who looks after keys.
func (p *publisher) member(organizationID string, role identity.MemberRole, keys ...string) identity.Actor {
	p.t.Helper()
	a := p.person()
	err := p.DB.InTx(p.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO membership (organization_id, person_id, role, created_at) VALUES (?, ?, ?, 0)`,
			organizationID, a.PersonID, string(role))
		for _, key := range keys {
			if err == nil {
				_, err = tx.Exec(`INSERT INTO key_grant (organization_id, person_id, key_id, created_at) VALUES (?, ?, ?, 0)`,
					organizationID, a.PersonID, key)
			}
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	a.Memberships = []identity.Membership{{OrganizationID: organizationID, PersonID: a.PersonID, Role: role, EverySite: true, Keys: keys}}
	return a
}

// administrator makes an account administrator of the publisher's customer.
func (p *publisher) administrator() identity.Actor {
	p.t.Helper()
	return p.member(p.org, identity.AccountAdministrator)
}

// staff gives a member of staff.
func staff(role identity.Role) identity.Actor {
	return identity.Actor{Actor: event.Actor{Kind: event.Person, ID: "staff-" + string(role)}, PersonID: "staff-" + string(role), Role: role}
}
