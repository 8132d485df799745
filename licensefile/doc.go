// Package licensefile is Licet's signed exchange: the requests that an
// installation signs, the licenses and receipts that a publisher answers with,
// and the rules that both read out of them. It does no I/O and reads no clock;
// the same bytes travel online and in files.
//
// # Parties
//
// A publisher has an id (urn:uuid:…) and a root certificate. The root certifies
// signing certificates, which sign answers; it signs the revocation list itself.
// A verifier trusts what is in its trust file (ParseTrust) and nothing else. An
// installation has an Ed25519 key pair, and its id is that key's RFC 7638
// thumbprint. A slot is an installation, one of its sites and a license type:
// the row that people see.
//
// # Messages
//
// Every message is a compact JWS (RFC 7515) signed with Ed25519, whose typ says
// what it is. SealRequest and OpenRequest are the two ends of a request,
// SealLicense and Trust.OpenLicense those of a license, SealReceipt and
// Trust.OpenReceipt those of a receipt. Trust.VerifyLicense is for anybody who
// has a root certificate and a license. Armor and Dearmor wrap a message for a
// file. Whatever is not accepted is a *Refusal, whose code names the first check
// that failed.
//
// Readers are strict about form (one spelling of base64, no duplicate members,
// no critical extensions, one algorithm, valid UTF-8) and tolerant about
// content: members that they do not know are ignored, so that programs which
// ship for ten years understand newer publishers.
//
// # What is allowed
//
// Standing tells how far down the ladder a row is, Status what people see, May
// whether an operation is allowed. May decides by the first line that applies:
//
//	condition                                    enroll   activate  task    code
//	deactivated, or no license                   refuse   -         refuse  not_activated
//	suspended by staff                           refuse   refuse    refuse  subscription_suspended
//	silent for longer than disable_after         refuse   -         refuse  silent_too_long
//	over, policy grace, and the grace has ended  refuse   refuse    refuse  over_limit_suspended
//	past the subscription's end and its grace    refuse   refuse    warn    subscription_expired
//	past the newest license's exp                refuse   -         warn    lease_expired
//	used above the maximum, policy block         refuse   allow     warn    over_limit
//	used above the maximum                       warn     allow     warn    over_limit
//	used equals the maximum, policy block        refuse   allow     allow   limit_reached
//	used equals the maximum                      warn     allow     allow   limit_reached
//	otherwise                                    allow    allow     allow
//
// A dash: the line says nothing about activating, since activating is what helps.
// An unknown operation is a task, an unknown over-limit policy counts as notify,
// and an unlimited maximum is never reached. Devices that are already managed
// are never touched, whatever the verdict.
package licensefile
