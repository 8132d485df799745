// Package client is what a program embeds to be licensed by a Licet publisher:
// it holds the installation's key pair and the rows it has activated, talks to
// the publisher online or by files, and says what is allowed.
//
// # Use
//
// Open a Client with a trust file's roots, a product code and a Store. Then
// Preview and Activate a license key for a slot (a site and a license type),
// Refresh the license from time to time, Report usage, and ask May before an
// operation. RequestFile and Load do the same through files, for machines that
// have no network. Whoever has nothing but a root certificate and a license file
// uses the function Verify.
//
// # What is remembered, and when
//
// The Store holds one Installation: the key pair, and per slot the license, the
// sequence of the last request, and that request itself while it waits for its
// answer. A request is in the Store before it leaves. So after a crash, or an
// answer that got lost, the same call sends the same bytes again, and the
// publisher gives the same answer; an installation never asks two different
// things under one sequence, which a publisher would take for a fork.
//
// An answer is believed only after every check of licensefile.OpenLicense or
// OpenReceipt, in their order. What is not signed (a problem, a network error)
// never changes what the installation holds. A deactivated row leaves a
// tombstone that keeps its serial, so that an old license never comes back.
//
// # Errors
//
// A *licensefile.Refusal says why an answer, file or call is not accepted; a
// *Problem is the publisher's own refusal; an *Unreachable means that no answer
// came, and the same call may be made again. A Client does not wait and retry by
// itself: its owner decides when to try again.
//
// # State and concurrency
//
// A Client may be used by many goroutines. Exchanges of one slot wait for each
// other; May, Standing and Verify never wait for the network. There must be one
// Client to a Store: two would sign different requests under one sequence.
package client
