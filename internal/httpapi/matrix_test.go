package httpapi_test

import (
	"slices"
	"strings"
	"testing"
)

// The matrix of permissions: every operation of the OpenAPI document × every
// caller. An operation without a row here fails
// TestEveryOperationAnswersEveryCallerAsItsRowSays; docs/roles.md is held against
// the same rows.
//
// Rows live in files of their own, matrix_CAPABILITY_test.go, each with one
// function that is named in capabilities below. A row is
//
//	"rename-thing": {access: inOrganization(sellers, administrators), make: func(t *testing.T, c *cell) request {
//		return request{id: c.thing(t), body: api.ThingChange{Name: ptr(c.unique("Name"))}}
//	}},
//
// access is one of the constructors below: who gets 2xx, and how everybody else
// is refused. make prepares what the call needs, for the world's organization
// c.organization.ID, and gives a valid call that has an effect. It is called anew for
// each caller, who is a new person each time: c.who says which kind, c.person is
// their id, c.home their own organization. Two calls of make give two different
// bodies (use c.unique), since the conventions are tested with the same rows:
// Idempotency-Key, ETags, lists and hostile values. make of a list makes one more
// thing that is listed, and names it in request.thing: an answer must hold that text
// exactly for those who may see it.
type row struct {
	access
	make func(t *testing.T, c *cell) request

	quiet bool // changes something, but records no event, by intention
}

// request is a call of an operation.
type request struct {
	id    string            // for {id}
	path  map[string]string // for further names in braces
	query string            // without the question mark
	body  any               // JSON; bytes go as they are
	thing string            // of a list: what the answer shows

	headers []string // names and values in turn
}

type rows map[string]row

// capabilities lists the files of rows.
var capabilities = map[string]func() rows{
	"account":      accountRows,
	"activation":   activationRows,
	"catalog":      catalogRows,
	"device":       deviceRows,
	"event":        eventRows,
	"import":       importRows,
	"installation": installationRows,
	"invitation":   invitationRows,
	"key":          keyRows,
	"mail":         mailRows,
	"member":       memberRows,
	"order":        orderRows,
	"organization": organizationRows,
	"person":       personRows,
	"settings":     settingsRows,
	"staff":        staffRows,
	"usage":        usageRows,
	"subscription": subscriptionRows,
}

// matrix gives the rows of all capabilities.
func matrix(t testing.TB) rows {
	t.Helper()
	all := rows{}
	for name, of := range capabilities {
		for id, r := range of() {
			if _, twice := all[id]; twice {
				t.Errorf("%s has a second row in %s", id, name)
			}
			all[id] = r
		}
	}
	return all
}

// who is a kind of caller.
type who string

const (
	owner         who = "owner"
	sales         who = "sales"
	support       who = "support"
	auditor       who = "auditor"
	administrator who = "account administrator"
	granted       who = "license administrator with the key"
	ungranted     who = "license administrator without the key"
	member        who = "member"
	blocked       who = "blocked account administrator"
	foreigner     who = "account administrator of another organization"
	loner         who = "person without an organization"
	nobody        who = "nobody"

	// The same person as the first who may, by a token.
	withScope    who = "token with just the scope"
	withoutScope who = "token with every other scope"

	// An account administrator of the organization, by a token of their other one.
	boundElsewhere who = "token bound to another organization"
)

var callers = []who{
	owner, sales, support, auditor, administrator, granted, ungranted, member, blocked, foreigner, loner, nobody,
	withScope, withoutScope, boundElsewhere,
}

// Who may, in the words of the rows.
var (
	anyStaff       = []who{owner, sales, support, auditor}
	sellers        = []who{owner, sales}
	helpers        = []who{owner, support}
	owners         = []who{owner}
	actingStaff    = []who{owner, sales, support}
	administrators = []who{administrator}
	keyHolders     = []who{administrator, granted}
	members        = []who{administrator, granted, ungranted, member}
	people         = []who{owner, sales, support, auditor, administrator, granted, ungranted, member, blocked, foreigner, loner}
	strangers      = []who{blocked, foreigner, loner, boundElsewhere}
)

// access says who gets what. Whom no list names is forbidden; nobody is
// unauthenticated.
type access struct {
	may    []who // 2xx; a list shows the thing
	blind  []who // 2xx, but a list does not show the thing, and what does several changes none
	hidden []who // not_found, with the body that an absent id gets

	session   bool // tokens may not
	anyScope  bool // every token may
	anonymous bool // nobody may
}

func all(groups ...[]who) []who { return slices.Concat(groups...) }

// staffOnly is for what concerns the publisher alone: others are forbidden.
func staffOnly(may ...[]who) access { return access{may: all(may...)} }

// inOrganization is for what belongs to an organization (RequireIn): strangers
// do not find it, staff and members without the role are forbidden.
func inOrganization(may ...[]who) access {
	return access{may: all(may...), hidden: strangers}
}

// ofKey is for what belongs to a key (RequireKey): as inOrganization, and a
// license administrator without the key does not find it either.
func ofKey(may ...[]who) access {
	return access{may: all(may...), hidden: all(strangers, []who{ungranted})}
}

// seen is for lists of what belongs to keys (See): the staff that is named and
// those who hold the key see it, other administrators get a list without it.
func seen(staff []who) access {
	return access{may: all(staff, keyHolders), blind: []who{ungranted, foreigner, boundElsewhere}}
}

// ownAccount is for what a person does with their own account, by a session.
func ownAccount() access { return access{may: people, session: true} }

// anonymously is for what needs no sign-in.
func anonymously() access { return access{may: callers, anonymous: true} }

// outcome is what a call came to.
type outcome struct {
	code    string // of the problem; "" of a success
	changed bool   // an event was recorded
	shown   bool   // a list showed the thing
}

// want gives what a caller is to get.
func (r row) want(op operation, w who) outcome {
	reads := op.method == "GET"
	success := outcome{changed: !reads && !r.quiet}
	byToken := w == withScope || w == withoutScope || w == boundElsewhere
	switch {
	case r.anonymous:
		return success
	case w == nobody:
		return outcome{code: "unauthenticated"}
	case r.anyScope:
		return success
	case r.session && byToken:
		return outcome{code: "forbidden"}
	case w == withoutScope:
		return outcome{code: "scope_missing"}
	case w == withScope:
		w = r.first()
	}
	switch {
	case slices.Contains(r.may, w):
		success.shown = op.isList()
		return success
	case slices.Contains(r.blind, w):
		success.changed = false
		return success
	case slices.Contains(r.hidden, w):
		return outcome{code: "not_found"}
	default:
		return outcome{code: "forbidden"}
	}
}

// isList reports whether an operation gives a page of things.
func (o operation) isList() bool {
	return slices.ContainsFunc(o.Parameters, func(p parameter) bool { return p.Name == "cursor" })
}

// target gives the path and query of a call.
func (o operation) target(r request) string {
	target := strings.ReplaceAll(o.path, "{id}", r.id)
	for name, value := range r.path {
		target = strings.ReplaceAll(target, "{"+name+"}", value)
	}
	if r.query != "" {
		target += "?" + r.query
	}
	return target
}

// first gives who is asked when one who may is enough.
func (r row) first() who { return r.may[0] }
