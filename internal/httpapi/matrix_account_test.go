package httpapi_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity/passkeytest"
	"github.com/licethq/licet/internal/server/servertest"
)

func accountRows() rows {
	all := signingInRows()
	for id, r := range ownRows() {
		all[id] = r
	}
	for id, r := range securityRows() {
		all[id] = r
	}
	return all
}

func signingInRows() rows {
	nothing := func(*testing.T, *cell) request { return request{} }
	return rows{
		"get-support": {access: anonymously(), make: nothing, quiet: true},
		// What strangers ask for is recorded as the sign-in page's doing.
		"sign-up": {access: anonymously(), quiet: true, make: func(_ *testing.T, c *cell) request {
			return request{body: newcomer(c.unique("kim") + "@example.com")}
		}},
		"confirm-sign-up": {access: anonymously(), make: func(t *testing.T, c *cell) request {
			email := c.unique("kim") + "@example.com"
			must[api.CheckMail](t)(c.WithCookie(t, "").SignUp(t.Context(), newcomer(email)))
			return request{body: api.Confirmation{Token: linkToken(t, c.Mail(t, email), "/confirm"), Password: newPassword}}
		}},
		"sign-in": {access: anonymously(), make: func(t *testing.T, c *cell) request {
			p := c.Person(t, "Sam", "Stone")
			return request{body: api.SignIn{Email: p.Email, Password: p.Password}}
		}},
		"sign-in-second-factor": {access: anonymously(), make: func(t *testing.T, c *cell) request {
			p := c.Person(t, "Sam", "Stone")
			_, recovery := protect(t, c.Session(t, p.ID))
			cookie := c.Cookie(t, p.ID)
			c.exec(t, `UPDATE session SET stage = 'second_factor' WHERE hash = ?`, sum(cookie))
			return request{body: api.SecondFactor{RecoveryCode: recovery[0]}, headers: []string{"Cookie", "__Host-licet=" + cookie}}
		}},
		"request-password-reset": {access: anonymously(), quiet: true, make: func(t *testing.T, c *cell) request {
			return request{body: api.ResetRequest{Email: c.Person(t, "Sam", "Stone").Email}}
		}},
		"complete-password-reset": {access: anonymously(), make: func(t *testing.T, c *cell) request {
			return request{body: api.Reset{Token: c.resetLink(t, c.Person(t, "Sam", "Stone")), Password: newPassword}}
		}},
		"begin-passkey-sign-in": {access: anonymously(), make: nothing, quiet: true},
		"sign-in-by-passkey": {access: anonymously(), make: func(t *testing.T, c *cell) request {
			device := &passkeytest.Authenticator{Origin: "http://localhost"}
			client := c.Session(t, c.Person(t, "Sam", "Stone").ID)
			must[api.Passkey](t)(client.RegisterPasskey(t.Context(), c.newPasskey(t, client, device)))
			start := must[api.PasskeyStart](t)(client.BeginPasskeySignIn(t.Context()))
			return request{body: api.PasskeySignIn{CeremonyID: start.CeremonyID, Credential: device.Get(t, start.Options)}}
		}},
	}
}

func ownRows() rows {
	nothing := func(*testing.T, *cell) request { return request{} }
	return rows{
		"get-session": {access: access{may: people, anyScope: true}, make: nothing},
		"switch-organization": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			id := c.another(t)
			if c.person != "" {
				c.exec(t, `INSERT INTO membership (organization_id, person_id, role, created_at) VALUES (?, ?, 'member', 1)`, id, c.person)
			}
			return request{body: api.OrganizationSwitch{OrganizationID: id}}
		}},
		"sign-out":    {access: ownAccount(), make: nothing},
		"get-account": {access: ownAccount(), make: nothing},
		"change-account": {access: ownAccount(), make: func(_ *testing.T, c *cell) request {
			return request{body: api.AccountChange{LastName: ptr(c.unique("Stone"))}}
		}},
		"change-password": {access: ownAccount(), make: func(*testing.T, *cell) request {
			return request{body: api.PasswordChange{Current: servertest.Password, New: newPassword}}
		}},
		"list-sessions": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			return request{thing: c.ownSession(t)}
		}},
		"end-session": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			return request{id: c.ownSession(t)}
		}},
		"end-other-sessions": {access: ownAccount(), make: nothing},
		"create-token": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			id := c.another(t)
			if c.person != "" {
				c.exec(t, `INSERT INTO membership (organization_id, person_id, role, created_at) VALUES (?, ?, 'member', 1)`, id, c.person)
			}
			return request{body: api.NewToken{Name: c.unique("script"), Scopes: []string{"keys:read"}, OrganizationID: id}}
		}},
		"list-tokens": {access: ownAccount(), make: func(t *testing.T, c *cell) request { return request{thing: c.ownToken(t)} }},
		"get-token":   {access: ownAccount(), make: func(t *testing.T, c *cell) request { return request{id: c.ownToken(t)} }},
		"revoke-token": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			return request{id: c.ownToken(t)}
		}},
	}
}

func securityRows() rows {
	return rows{
		"begin-totp": {access: ownAccount(), quiet: true, make: func(*testing.T, *cell) request { return request{} }},
		"confirm-totp": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			if c.person == "" {
				return request{body: api.Code{Code: "123456"}}
			}
			start := must[api.TOTPStart](t)(c.Session(t, c.person).BeginTOTP(t.Context()))
			return request{body: api.Code{Code: codeAt(t, start.Secret, 0)}}
		}},
		"remove-totp": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			c.protected(t)
			return request{body: api.Proof{Password: servertest.Password}}
		}},
		"renew-recovery-codes": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			c.protected(t)
			return request{body: api.Proof{Password: servertest.Password}}
		}},
		"begin-passkey": {access: ownAccount(), quiet: true, make: func(*testing.T, *cell) request { return request{} }},
		"register-passkey": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			if c.person == "" {
				return request{body: api.NewPasskey{CeremonyID: "x", Name: "x", Credential: []byte("{}")}}
			}
			return request{body: c.newPasskey(t, c.Session(t, c.person), &passkeytest.Authenticator{Origin: "http://localhost"})}
		}},
		"list-passkeys": {access: ownAccount(), make: func(t *testing.T, c *cell) request { return request{thing: c.ownPasskey(t)} }},
		"rename-passkey": {access: ownAccount(), make: func(t *testing.T, c *cell) request {
			return request{id: c.ownPasskey(t), body: api.PasskeyName{Name: c.unique("laptop")}}
		}},
		"delete-passkey": {access: ownAccount(), make: func(t *testing.T, c *cell) request { return request{id: c.ownPasskey(t)} }},
	}
}

func sum(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}

// resetLink gives the secret of a link that sets a person's password.
func (c *cell) resetLink(t testing.TB, p servertest.Person) string {
	t.Helper()
	secret := c.unique("reset")
	c.exec(t, `INSERT INTO link (id, purpose, hash, person_id, email_key, created_at, expires_at) VALUES (?, 'reset', ?, ?, ?, 1, ?)`,
		uuid.NewString(), sum(secret), p.ID, p.Email, time.Now().Add(time.Hour).UnixMicro())
	return secret
}

// ownSession makes another session of the caller's person and gives its id.
func (c *cell) ownSession(t testing.TB) string {
	t.Helper()
	id := uuid.NewString()
	if c.person != "" {
		c.exec(t, `UPDATE session SET id = ? WHERE hash = ?`, id, sum(c.Cookie(t, c.person)))
	}
	return id
}

func (c *cell) ownToken(t testing.TB) string {
	t.Helper()
	id := uuid.NewString()
	if c.person != "" {
		c.exec(t, `INSERT INTO api_token (id, person_id, name, hash, scopes, created_at) VALUES (?, ?, ?, ?, 'keys:read', 1)`,
			id, c.person, c.unique("token"), sum(id))
	}
	return id
}

func (c *cell) ownPasskey(t testing.TB) string {
	t.Helper()
	id := uuid.NewString()
	if c.person != "" {
		c.exec(t, `INSERT INTO passkey (id, person_id, credential_id, name, credential, created_at) VALUES (?, ?, ?, ?, '{}', 1)`,
			id, c.person, sum(id), c.unique("passkey"))
	}
	return id
}

// protected gives the caller's person a second factor.
func (c *cell) protected(t testing.TB) {
	t.Helper()
	if c.person != "" {
		c.exec(t, `DELETE FROM totp WHERE person_id = ?`, c.person)
		protect(t, c.Session(t, c.person))
	}
}

// newPasskey goes through the first half of a registration.
func (c *cell) newPasskey(t testing.TB, client *api.Client, device *passkeytest.Authenticator) api.NewPasskey {
	t.Helper()
	start := must[api.PasskeyStart](t)(client.BeginPasskey(t.Context()))
	return api.NewPasskey{CeremonyID: start.CeremonyID, Name: c.unique("phone"), Credential: device.Create(t, start.Options)}
}
