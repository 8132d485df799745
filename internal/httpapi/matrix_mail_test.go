package httpapi_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
)

// posted writes a mail, which waits, since the world has no mail server.
func (c *cell) posted(t testing.TB) request {
	t.Helper()
	to := c.unique("reader") + "@example.com"
	err := c.Data.DB.InTx(t.Context(), func(tx *database.Tx) error {
		return c.Data.Mail.Send(tx, mail.Message{Kind: "test", To: to, Language: language.English})
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.Data.Mail.List(c.Data.DB.Read(t.Context()), mail.Filter{To: to}, database.Listing{})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("mails to %s: %v %v, want one", to, page.Items, err)
	}
	return request{id: page.Items[0].ID, thing: page.Items[0].ID}
}

// bounced writes a mail that failed.
func (c *cell) bounced(t testing.TB) request {
	t.Helper()
	r := c.posted(t)
	c.exec(t, `UPDATE mail SET failed_at = 1 WHERE id = ?`, r.id)
	return r
}

// given makes a job that nobody does; failed or not.
func (c *cell) given(t testing.TB, failedAt any) request {
	t.Helper()
	id := uuid.NewString()
	c.exec(t, `INSERT INTO job (id, kind, payload, run_at, created_at, failed_at) VALUES (?, 'nothing', 'x', 1, 1, ?)`, id, failedAt)
	return request{id: id, thing: id}
}

// unlisted makes a request that is not for a list.
func unlisted(of func(c *cell, t testing.TB) request) func(t *testing.T, c *cell) request {
	return func(t *testing.T, c *cell) request {
		r := of(c, t)
		r.thing = ""
		return r
	}
}

func mailRows() rows {
	return rows{
		"list-mails":  {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request { return request{thing: c.posted(t).thing} }},
		"get-mail":    {access: staffOnly(anyStaff), make: unlisted((*cell).posted)},
		"reveal-mail": {access: staffOnly(owners), make: unlisted((*cell).posted)},
		"retry-mail":  {access: staffOnly(helpers), make: unlisted((*cell).bounced)},
		"send-test-mail": {access: staffOnly(helpers), make: func(*testing.T, *cell) request {
			return request{}
		}},
		"get-queue": {access: staffOnly(anyStaff), make: func(*testing.T, *cell) request { return request{} }},
		"list-jobs": {access: staffOnly(anyStaff), make: func(t *testing.T, c *cell) request { return request{thing: c.given(t, nil).thing} }},
		"retry-job": {access: staffOnly(helpers), make: unlisted(func(c *cell, t testing.TB) request { return c.given(t, int64(1)) })},
	}
}
