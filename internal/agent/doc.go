// Package agent is the on-premises agent: it counts the devices that are managed
// at an organization's sites, holds the licenses for them, and keeps both in step
// with the publisher, online or by files.
//
// # Model
//
// A Site is a named part of the organization, a LicenseType of the product counts
// the devices of one Platform: Macs, or all other Apple devices. A Row is one
// license type at one site; it is what is activated, and what people see. The
// installation (its key pair), its licenses and its requests belong to package
// client, which keeps them in the agent's database (recordStore).
//
// A Source tells Facts about devices: a program through the API, a list in a CSV
// file, or the webhook of a NanoMDM server. It is configured with its site. A
// Device is one device however many sources know it: identified by its serial
// number, else its UDID, else its enrollment id (place). When a later fact links
// two known devices they become one.
//
// What one source says about one device is a Sighting:
//
//	                         Enrolling            Managed               Gone
//	not seen, or gone   ──▶  enrolling       ──▶  managed          ──▶  gone
//	managed, Enrolling  ──▶  managed: a device that enrolls anew is not gone
//
// A device is managed, and counted, while at least one source manages it: at the
// site of the source that began to manage it last, by its platform. In MDM an
// enrollment begins with Authenticate, which describes the device, and is
// complete with the first TokenUpdate; so NanoMDM holds it, and so it is counted
// here. A device whose platform nobody has told is shown as a problem and not
// counted, since it is not known on which license.
//
// A source dates what it tells. A fact that is not newer than the newest one of
// that source about that device changes no state, so repeated events are harmless
// and a replayed CheckOut removes nothing; it may still fill in what was unknown,
// since events overtake each other on their way. NanoMDM sends an event once: one
// that is lost (the agent was down) is made up for by the device's next
// TokenUpdate, by a list, or by hand.
//
// # Unseen devices
//
// A device is seen when a source tells of it; a device's answer to its management
// server (mdm.Connect) shows it and changes nothing else. One that is unseen for
// long can be freed, by hand or by rule (P19): every sighting that managed it is
// gone and says when it was freed. Its next word makes it managed again. A source
// that was silent for as long, now or in a silence that ended since, frees nothing:
// a broken connection must not empty the count.
//
// # Limits
//
// May, from package licensefile, decides. Enroll asks it and stores the device in
// one transaction, so under a `block` plan no race exceeds the maximum. Facts from
// webhooks and lists are counted and never refused. Nothing is ever done to
// devices that are managed.
//
// The clock of being over the limit (R5) is the client's: it starts when used
// first exceeds the maximum and is reset by a raised maximum only. What is over
// now is a Problem: its start and end are logged, here and in the operating
// system's log, and while it lasts a line every so often.
//
// # Signing in
//
// A SignIn registers a key to a person's organization without a password on this
// machine (R1): the agent shows a code and asks the publisher how it goes; a person
// approves in the portal; the agent gets a token that registers its key, and then
// activates the row.
//
//	waiting  ──approved by a person──▶  approved  ──registered, activated──▶  done
//	   └── denied, expired ──▶ failed ◀── refused by the publisher ──┘
//
// Run does all of it, so a restart goes on where it stopped: each step is stored
// before the next. Only a token whose answer was lost cannot be had again; then the
// sign-in fails and is started over. The first activation, and each sign-in, note the
// release of the product; an upgrade across the release from which the plan asks for
// the organization is an open problem until somebody has signed in.
//
// # Schedule
//
// Run does what is due: for each row that was activated online, a Duty to fetch
// the license and one to report usage, as often as the plan in the license says,
// each a little early so that installations spread. A failure is tried again
// after a wait that doubles; what is licensed goes on until the license's own
// end. Rows that were activated by file never call by themselves.
//
// Usage is counted in periods. Reporting closes the open one; closed ones stay
// until the publisher has confirmed them.
//
// # When something dies
//
// Everything is in one SQLite database whose commits are durable. A request is
// stored before it leaves, so after a crash the same bytes go out again. What is
// derived from the exchange (duties, problems) is settled anew at each start. Log
// lines of problems are noted after they are written: a crash may repeat one, but
// never loses one.
//
// One process has the state folder at a time, by a lock that ends with it. The
// private key, pending requests and webhook secrets are sealed with a master key.
package agent
