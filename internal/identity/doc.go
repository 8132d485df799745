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
// A Membership is a person's place in an organization: a role, perhaps the
// privilege to manage Apple locations, and the keys that are granted to a license
// administrator. It begins by founding the organization (FoundOrganization) or by
// an Invitation, which is for whoever reads the mail of one address and is
// accepted once; it ends by leaving, being removed, or being erased. Blocking
// suspends it. An organization that has an account administrator keeps one, and
// the publisher keeps an owner: whatever could take the last one away locks the
// organization's row (the settings' row for the staff), loads who is there, and
// asks the rule, so that two who act at once do not both succeed.
//
// Erasing a person blanks their row and deletes what hangs on it. The id stays,
// since the log names it; the address is free for somebody new.
//
// A DeviceAuthorization is an agent that signs in by code (R1, RFC 8628): it asks,
// without being anybody, and gets a device code for itself and a user code to
// show. A person who has signed in enters the user code and approves it for an
// organization that they administer, or denies it; either happens once. Then one
// poll of the agent gets a token: it acts for that person in that organization,
// registers keys and does nothing else, and ends after minutes. What an agent says
// of itself is shown to the person, sealed meanwhile, and never believed.
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
