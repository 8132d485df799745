// Package event is the log of what has changed: one event for each change of state,
// written in the transaction of the change.
//
// # Life of an event
//
// Record inserts an event unsealed: without a position and a hash. One sealer at a
// time then gives events that are committed a position, 1, 2, 3 … without gaps, and
// a hash that chains it to the one before. Webhooks, notifications, paging and
// verification follow the position only: an id or an instant is no cursor, because
// a transaction that began earlier may commit later.
//
// A chain written in the transactions themselves would make every one wait for the
// one before. So the sealer runs beside them, at most a second behind, and whoever
// can change the database within that second can still change an event unseen.
//
// # What a hash covers
//
// SHA-256 of the previous hash, the position and every column, each with its length,
// so that no two events give the same bytes. Data is hashed as the text that is
// stored. The hash before position 1 is 32 bytes, each the digit 0.
//
// # What is detected
//
// Verify recomputes the chain from position 1 and finds a changed, deleted, inserted
// or moved event, and a tail that was cut off without changing the head. Whoever
// rewrites rows, hashes and head alike is found by the checkpoints: signed
// statements of position and hash, made daily and at each backup. Whoever deletes
// the checkpoints, too, is found by one that was kept elsewhere, such as in a backup.
//
// # What an event holds
//
// Ids and figures only, never names, addresses, keys or secrets: names live in their
// own tables, so that a person can be erased while the log stays whole (P19).
//
// # Failure
//
// If the sealer dies between two batches, the next one goes on where the committed
// head stands. A sealer that cannot reach the database logs it and tries again.
package event
