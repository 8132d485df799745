// Package issuer holds what a publisher signs with: the root, the signing
// certificates below it, and the list of revoked ones.
//
// # Model
//
// At first start Init mints the publisher id (urn:uuid:…), which never changes,
// a root and a first signing certificate. Verifiers are configured with the
// root (ExportRoot) and trust whatever it certified. A signing certificate signs
// for a year and lives for twelve, so that licenses stay verifiable long after
// the certificate has been replaced. Exactly one certificate signs at a time;
// Rotate replaces it.
//
// The root's private key is sealed in the database until TakeOffline moves it to
// a file. From then on Rotate and Revoke need that file, and everything else
// works on.
//
// # Revocation
//
// The revocation list is numbered and signed by the root itself. It names
// signing certificates only: a license is revoked by its row's next answer.
// Revoking the certificate that signs rotates in the same change.
//
// # Invariants
//
// No process keeps a signing key without asking the database whether it is
// still the one that signs: Current reads the publisher's row on every call and
// keeps only what never changes, the parsed certificates. Keys are opened and
// statements signed outside transactions; a change that another process made in
// between is noticed by a guard, and the change starts over.
package issuer
