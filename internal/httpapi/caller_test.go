package httpapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
)

// cell is one caller of one call: a person of their own in a world that others
// share.
type cell struct {
	*shop
	who    who
	person string // id; empty for nobody
	home   string // the caller's own organization; empty for staff, loners and nobody

	cookie string // of their session
	token  string // when they act by one
}

// cell makes a new caller of an operation. Tokens act for the first who may.
func (p *shop) cell(t testing.TB, w who, r row, op operation) *cell {
	t.Helper()
	if w != withScope && w != withoutScope {
		return p.caller(t, w)
	}
	c := p.caller(t, r.first())
	c.token, c.cookie = c.bearer(t, c.home, scopesFor(op, w)), ""
	return c
}

// allowed makes a caller who may.
func (p *shop) allowed(t testing.TB, r row) *cell {
	t.Helper()
	return p.caller(t, r.first())
}

// caller makes a new person of a kind, with a session; nobody has none.
func (p *shop) caller(t testing.TB, w who) *cell {
	t.Helper()
	c := &cell{shop: p, who: w}
	switch w {
	case nobody:
		return c
	case owner, sales, support, auditor:
		c.person = p.Staff(t, identity.Role(w)).ID
	case loner:
		c.person = p.Person(t, "Sam", "Stone").ID
	case foreigner:
		c.join(t, p.another(t), identity.AccountAdministrator)
	case boundElsewhere:
		c.join(t, p.another(t), identity.AccountAdministrator)
		c.token = c.bearer(t, c.home, identity.AllScopes().String())
		p.exec(t, `INSERT INTO membership (organization_id, person_id, role, created_at) VALUES (?, ?, 'account_administrator', 1)`,
			p.organization.ID, c.person)
		return c
	default:
		c.join(t, p.organization.ID, roles[w])
	}
	if w == blocked {
		p.exec(t, `UPDATE membership SET blocked_at = 1 WHERE person_id = ?`, c.person)
	}
	c.cookie = p.Cookie(t, c.person)
	return c
}

// roles gives the roles of those who are members of the world's organization.
var roles = map[who]identity.MemberRole{
	administrator: identity.AccountAdministrator, blocked: identity.AccountAdministrator,
	granted: identity.LicenseAdministrator, ungranted: identity.LicenseAdministrator, member: identity.Member,
}

// another makes an organization beside the world's.
func (p *shop) another(t testing.TB) string {
	t.Helper()
	return must[api.Organization](t)(p.owner.CreateOrganization(t.Context(), api.NewOrganization{Kind: "customer", Name: "Elsewhere"})).ID
}

func (c *cell) join(t testing.TB, organizationID string, role identity.MemberRole) {
	t.Helper()
	c.person, c.home = c.Member(t, organizationID, role).ID, organizationID
}

// bearer makes a token of the caller's person, bound to an organization when one
// is given.
func (c *cell) bearer(t testing.TB, organizationID, scopes string) string {
	t.Helper()
	token := c.Token(t, identity.Auditor) // has the right form
	sum := sha256.Sum256([]byte(token))
	var bound any
	if organizationID != "" {
		bound = organizationID
	}
	c.exec(t, `UPDATE api_token SET person_id = ?, organization_id = ?, scopes = ? WHERE hash = ?`, c.person, bound, scopes, sum[:])
	return token
}

// scopesFor gives the one scope that an operation asks for, or all but it. One
// that takes no token meets every scope.
func scopesFor(op operation, w who) string {
	need := op.scope()
	area, verb, _ := strings.Cut(need, ":")
	switch {
	case need == "":
		return identity.AllScopes().String()
	case w == withScope:
		return need
	}
	others := slices.DeleteFunc(identity.AllScopes(), func(s identity.Scope) bool { return strings.HasPrefix(string(s), area+":") })
	if verb == "write" {
		others = append(others, identity.Read(area)) // who may read may not write
	}
	return others.String()
}

// exec changes the database directly.
func (p *shop) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	err := p.Data.DB.InTx(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// sold sells a subscription to the world's organization; whoever is to hold its
// key holds it.
func (c *cell) sold(t testing.TB) api.IssuedSubscription {
	t.Helper()
	issued := c.sell(t, c.organization.ID)
	c.grant(t, issued.Key.ID)
	return issued
}

// grant gives a key of the world's organization to a license administrator who
// is to hold keys, and to nobody else.
func (c *cell) grant(t testing.TB, keyID string) {
	t.Helper()
	if c.who == granted {
		c.exec(t, `INSERT INTO key_grant (organization_id, person_id, key_id, created_at) VALUES (?, ?, ?, 1)`,
			c.organization.ID, c.person, keyID)
	}
}

// stay signs the caller in again when calls have ended their session.
func (c *cell) stay(t testing.TB, last answered) {
	t.Helper()
	if last.status != http.StatusUnauthorized {
		return
	}
	sum := sha256.Sum256([]byte(c.cookie))
	c.exec(t, `UPDATE session SET ended_at = NULL WHERE hash = ?`, sum[:])
}

// unique gives a text that no other call gives.
func (c *cell) unique(prefix string) string { return prefix + "-" + uuid.NewString()[:13] }

// answered is an answer.
type answered struct {
	status int
	header http.Header
	body   string
}

// code gives the code of the problem, or "" of a success.
func (a answered) code() string {
	if a.status < http.StatusBadRequest {
		return ""
	}
	var p struct{ Code string }
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || p.Code == "" {
		return "not a problem: " + a.body
	}
	return p.Code
}

// call makes a call as the caller. Headers are names and values in turn.
func (c *cell) call(t testing.TB, op operation, r request, headers ...string) answered {
	t.Helper()
	body, contentType := r.encode(t)
	req, err := http.NewRequestWithContext(t.Context(), op.method, c.URL+op.target(r), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.cookie != "" {
		req.Header.Set("Cookie", "__Host-licet="+c.cookie)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	headers = append(headers, r.headers...)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req) //nolint:forbidigo // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", op.ID, err)
	}
	return answered{res.StatusCode, res.Header, string(data)}
}

// document is a body of JSON that goes as it is.
type document []byte

// encode gives the body of a request and its content type.
func (r request) encode(t testing.TB) ([]byte, string) {
	t.Helper()
	switch b := r.body.(type) {
	case nil:
		return nil, ""
	case []byte:
		return b, "application/octet-stream"
	case document:
		return b, "application/json"
	default:
		return must[[]byte](t)(json.Marshal(b)), "application/json"
	}
}
