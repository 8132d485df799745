package identity

import (
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/licethq/licet/internal/problem"
)

// Staff is a person of the publisher.
type Staff struct {
	PersonID  string
	Email     string
	FirstName string
	LastName  string
	Role      Role
	CreatedAt time.Time
}

// NewStaff is what an operator gives to create a member of staff.
type NewStaff struct {
	Email string
	Role  Role
}

const maxEmail = 254

// Validate reports every fault at once.
func (n NewStaff) Validate() error {
	var f problem.Faults
	f.Check(validEmail(n.Email), "/email", "must be an email address such as role@example.com")
	f.Check(n.Role.Valid(), "/role", "must be owner, sales, support or auditor")
	return f.Err()
}

// validEmail takes a bare address, since a display name would hide another, and
// nothing that could end the line of a mail's header.
func validEmail(email string) bool {
	if len(email) > maxEmail || strings.ContainsFunc(email, unicode.IsControl) || strings.ContainsAny(email, " <>\",;") {
		return false
	}
	parsed, err := mail.ParseAddress(email)
	return err == nil && parsed.Address == email
}

// emailKey is what two spellings of one address have in common.
func emailKey(email string) string { return strings.ToLower(email) }

// webAddress takes what pages may link to.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && len(s) <= maxURL
}
