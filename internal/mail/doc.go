// Package mail is the outbox: mails are written in the transaction of what
// causes them, and sent afterwards.
//
// # Life of a mail
//
// Send renders a mail in its language, seals recipient, subject and text,
// stores it as queued and queues its delivery, all in the caller's transaction:
// what is rolled back sends nothing, and what is committed is sent even when
// the server dies at once. Deliver holds one SMTP conversation. A mail ends
//
//	sent    when the mail server took it; its text is erased then
//	failed  when the mail server refused its recipient for good, or when
//	        delivery was given up; Retry queues it again
//
// Without SMTP, mails stay queued, and owners of the server can read them.
//
// # At least once
//
// A server that dies after the mail server took a mail and before that is
// stored sends it again. Both carry the same Message-ID, so that mail systems
// recognize the repeat.
//
// # What is kept
//
// The address of the recipient is sealed, beside an HMAC by which mails to one
// address are counted and erased (P19). Texts hold links that sign people in:
// they are sealed, leave the database when the mail is sent, and neither they
// nor recipients are ever logged.
package mail
