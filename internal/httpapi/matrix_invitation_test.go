package httpapi_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/server/servertest"
)

// invitation stores a pending invitation to the world's organization, and gives
// its id and what its link holds.
func (c *cell) invitation(t testing.TB, email string) (id, token string) {
	t.Helper()
	id, token = uuid.NewString(), c.unique("token")
	hash := sha256.Sum256([]byte(token))
	c.exec(t, `INSERT INTO invitation (id, organization_id, email, email_key, role, language, hash, expires_at, sent_at, created_at)
		VALUES (?, ?, ?, ?, 'member', 'en', ?, ?, 1, 1)`, id, c.organization.ID, email, email, hash[:], time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	return id, token
}

// acceptance accepts an invitation to another organization: as the caller when
// they have signed in, else as somebody new.
func (c *cell) acceptance(t testing.TB) api.Acceptance {
	t.Helper()
	email := c.email(t)
	if c.cookie == "" {
		email = c.unique("guest") + "@example.com"
	}
	id, token := c.invitation(t, email)
	c.exec(t, `UPDATE invitation SET organization_id = ? WHERE id = ?`, c.another(t), id)
	return api.Acceptance{Token: token, FirstName: "Kim", LastName: "Guest", Password: servertest.Password, Language: "fr"}
}

func (c *cell) ofInvitation(t testing.TB) request {
	t.Helper()
	id, _ := c.invitation(t, c.unique("guest")+"@example.com")
	return request{id: c.organization.ID, path: map[string]string{"invitation": id}}
}

func invitationRows() rows {
	return rows{
		"invite": {access: inOrganization(sellers, administrators), make: func(_ *testing.T, c *cell) request {
			return request{id: c.organization.ID, body: api.NewInvitations{Emails: []string{c.unique("guest") + "@example.com"}, Role: "member", Language: "ja"}}
		}},
		"preview-invitations": {quiet: true, access: inOrganization(sellers, administrators), make: func(_ *testing.T, c *cell) request {
			return request{id: c.organization.ID, body: api.NewInvitations{CSV: "email,role,language\n" + c.unique("guest") + "@example.com,member,fr\n"}}
		}},
		"list-invitations": {access: inOrganization(anyStaff, administrators), make: func(t *testing.T, c *cell) request {
			email := c.unique("guest") + "@example.com"
			c.invitation(t, email)
			return request{id: c.organization.ID, query: "state=pending&search=" + email, thing: email}
		}},
		"get-invitation": {access: inOrganization(anyStaff, administrators), make: func(t *testing.T, c *cell) request { return c.ofInvitation(t) }},
		"resend-invitation": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
			return c.ofInvitation(t)
		}},
		"withdraw-invitation": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
			return c.ofInvitation(t)
		}},
		"request-invitation": {quiet: true, access: anonymously(), make: func(t *testing.T, c *cell) request {
			c.steadfast(t)
			return request{body: api.InvitationRequest{Key: c.sell(t, c.organization.ID).Key.Key, Email: c.unique("asker") + "@example.com"}}
		}},
		"accept-invitation": {access: anonymously(), make: func(t *testing.T, c *cell) request { return request{body: c.acceptance(t)} }},
		"inspect-invitation": {quiet: true, access: anonymously(), make: func(t *testing.T, c *cell) request {
			_, token := c.invitation(t, c.unique("guest")+"@example.com")
			return request{body: api.InvitationToken{Token: token}}
		}},
	}
}
