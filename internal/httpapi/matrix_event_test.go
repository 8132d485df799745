package httpapi_test

import "testing"

// logged records an event of the world's organization, and seals it.
func (c *cell) logged(t testing.TB) request {
	t.Helper()
	id := c.unique("invitation")
	c.exec(t, `INSERT INTO event (id, at, kind, actor_kind, actor_id, organization_id, subject_kind, subject_id, data)
		VALUES (?, 1, 'invitation.created', 'system', 'test', ?, 'invitation', ?, '{}')`, id, c.organization.ID, id)
	c.seal(t)
	return request{thing: id}
}

func (c *cell) seal(t testing.TB) {
	t.Helper()
	if _, err := c.Data.Sealer.SealOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func eventRows() rows {
	return rows{
		"list-events": {
			access: access{may: all(anyStaff, administrators), blind: []who{foreigner, boundElsewhere}},
			make:   func(t *testing.T, c *cell) request { return c.logged(t) },
		},
		"verify-events": {
			access: staffOnly([]who{owner, auditor}),
			make:   func(*testing.T, *cell) request { return request{} },
		},
	}
}
