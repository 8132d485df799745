// Package licensing is the heart: subscriptions, keys, installations, slots,
// activations, usage and limits, and the publisher's side of the exchange.
//
// # Model
//
// A Subscription is a number of licenses of a plan for a period. It has one
// primary Key. A key is registered when its subscription has an organization;
// only then can it be activated.
//
// An Installation is a key pair; its id is the thumbprint. A Slot, the row that
// people see, is an installation, a site and a license type. An Activation binds
// a key to a slot from an instant to another. Usage belongs to the activation
// and leaves the pool when it ends; its history stays.
//
// # Selling
//
// An Order says what was agreed on: each line issues a subscription, renews one
// or changes its quantity, and all come true in one transaction or none. People
// see a subscription as a Contract: where it stands is computed from its days,
// the plan's policy and the clock at every read.
//
//	not_started ──▶ active ──▶ expiring_soon ──▶ (in grace) ──▶ expired
//	                  ▲                                            │
//	                  └──────────────── renewal ───────────────────┘
//	canceled: its last day is over, without grace; until then it can be reinstated
//	suspended: by staff, whatever the days say, unless it has ended
//
// What time brings is written to the log by RecordStates alone: state_due names
// the instant at which to look, the guarded update makes one of several servers
// record it, and only what holds now is recorded, however long nobody looked. A
// verb that moves days notes the new state itself, since its own event tells it.
// A plan whose days change has its subscriptions looked at again.
//
// # How a request is taken
//
// Exchange opens the signed request, loads the situation that bears on it
// (look), and rules on it: rule is a pure function from values to a ruling or a
// refusal. A ruling says what is to be written and what the answer speaks of.
// It is made on what is committed, so that a refused request takes no turn of
// the writer and writes no row, and applied in a transaction whose guards notice
// when the row has changed since; then, and for activations always, the request
// is judged again inside the transaction. Answers are signed after the commit.
//
//	           no slot ── activate ──▶ live ── activate, another key ──▶ live (moved)
//	                                    │ ▲
//	deactivate, or released by staff ── │ │ ── activate
//	                                    ▼ │
//	                                   ended
//
// On a live row refresh and check_in are answered with a license, report with a
// receipt. On an ended row everything but activate is answered with a receipt
// that says so, which an installation accepts as news: its serial is higher.
//
// # Imports, mergers, transfers
//
// An import (P19) is judged by an importer, which is pure, on a snapshot; then
// again inside its transaction, one import after the other, and stored whole or
// not at all. An imported activation stands on an Installation without a key pair,
// a stand-in: the first real one that brings the key takes its place, so that the
// pool never counts both.
//
// A merger of organizations and a transfer of a subscription move the roots,
// organization and subscription and installation; what belongs to them follows by
// its foreign keys. Serials of the rows that moved grow, so that a request which
// was judged before is judged again; and a new activation looks once more, when it
// holds its key, whether that still belongs to its organization. History belongs
// to the installation.
//
// # Invariants
//
//   - At most one live activation per slot: a unique index.
//   - A key with a limit never has more activations than the limit: a guarded
//     counter on the key, changed in the transaction that starts or ends an
//     activation. Keys without a limit have no counter.
//   - A slot changes only through updateSlot, whose guard compares what was read.
//     A transaction that loses the race is judged again.
//   - Serials of a slot only grow. The same request again is answered with the
//     serial, iat and exp of its first answer.
//   - Reported usage is never refused; periods are clipped to the server's clock.
//   - Locks are taken in the order subscription, key, slot; several subscriptions
//     by their ids.
//   - A subscription never owns less than its sublicenses reserve: it is locked
//     before either is changed.
//   - A replaced or deleted key has no live activation and gets none: whoever
//     starts one writes the key's row, and finds it replaced or deleted. Keys
//     without a limit are reached through their subscription, locked first.
//
// # When something fails
//
// A server that dies between commit and answer has stored what it did not say:
// the installation repeats the same bytes and gets that answer. A server that is
// restored from a backup meets licenses it never issued: it goes on above their
// serials and records server.restored.
package licensing
