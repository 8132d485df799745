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
// A Session is a sign-in on one browser. Signing in takes a password and, when
// an authenticator app is set up, its code or a recovery code; or a passkey whose
// device has verified its user. Every step makes a new session with a new secret,
// and a cookie that came along is never taken over. Sign-up and reset answer
// everybody alike; the mail tells. What a mail's link, a code or a ceremony is
// good for, it is good for once: a guarded update decides. Whatever changes how a
// person signs in locks their row first, so that a session of an old password
// does not outlive a reset that happens at the same moment.
//
// Passwords are hashed behind a Gate: few at once, in fair turns, so that a flood
// of guesses neither starves the rest of the server nor locks anybody out.
//
// An Actor is whoever acts: a person by a session, a token on behalf of its
// person, or the system itself (an operator command, a schedule). Every verb of
// every capability takes one and asks Require first.
//
// # What is kept
//
// Tokens are kept as SHA-256; the token itself is shown once. It ends in a
// checksum, so a mistyped or cut one is refused without the database, and so
// that scanners can tell one from other text. Secrets of sessions and links are
// kept as SHA-256 too, recovery codes as HMAC, passwords as argon2id; secrets of
// authenticator apps, and what a sign-up gave until it is confirmed, are sealed. Names and addresses live here and
// nowhere else: events hold ids.
package identity
