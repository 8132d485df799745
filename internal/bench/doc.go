// Package bench measures the exchange of a real server process.
//
// Measure starts `licet server` (the binary itself, with its shipped settings) on
// a data folder or PostgreSQL database of its own, fills it through the staff
// API, and drives it from this process over keep-alive connections, with one
// request in flight on each. It also starts a baseline: a process with the same
// HTTP stack that opens each signed request and signs a license, and does nothing
// else. What the rates are worth on a machine is told by their ratio to the
// baseline, taken in the same run.
//
// The operations are measured one after the other, and that several times over,
// so that whatever else the machine does hits them alike; each figure is the
// median of its runs. Requests are signed before the clock starts as far as they
// can be foreseen: an installation signs on its own machine. An answer is
// counted as an error unless it is a signed answer with the next serial; a sample
// of the answers is opened and checked in full, as an installation would. A
// single error makes Measure fail.
//
// Every activation uses a key of its own. check_in and refresh call in turn for
// many rows, each with its own installation key.
package bench
