// Package identity knows who is who and who may do what: organizations and their
// sites, people with a staff role, and the API tokens that programs show.
//
// # Model
//
// An Organization is a business account. Its sites come from agents: a row names
// one, and EnsureSite notes it. A person is staff when a role says so; Role lists
// the roles and what each is for. An API token acts for one person and can do
// what that person's role can.
//
// An Actor is whoever acts: a token on behalf of its person, or the system
// itself (an operator command, a schedule). Every verb of every capability takes
// one and asks Require first.
//
// # What is kept
//
// Tokens are kept as SHA-256; the token itself is shown once. It ends in a
// checksum, so a mistyped or cut one is refused without the database, and so
// that scanners can tell one from other text. Names and addresses live here and
// nowhere else: events hold ids.
package identity
