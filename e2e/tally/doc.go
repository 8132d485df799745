// Tally reads the output of `go test -json` on its standard input, shows what
// failed in full and every package in one line, and closes with what a person
// wants to know: which tests were skipped and why, and how many passed.
//
// A check that is no Go test joins the list with -skipped NAME=REASON,
// -passed NAME or -failed NAME, all repeatable. With -add FILE the counts are
// added to those of earlier runs that the file holds, and -total prints the sum
// and reads no input. Tally exits with 1 if anything failed.
package main
