// Package mailtest gives tests a mail server that is spoken to over SMTP, and
// an inbox that waits for mails.
//
// Start gives an inbox; its URL goes into a server's configuration. Open gives
// an inbox together with an outbox that delivers to it, for tests without a
// server:
//
//	post := mailtest.Open(t, db, keyring, now)
//	service := &identity.Service{Mail: post.Outbox, …}
//	…
//	mail := post.Wait(t, "ops@example.com") // delivers what is queued
//	follow(mail.Links[0])
package mailtest
