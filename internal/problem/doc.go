// Package problem holds Licet's one error type.
//
// A Problem is what a person or a program is told when something cannot be
// done: a Code that never changes, a sentence that is safe to show and says what
// to do next, and the cause, which goes to the log and nowhere else. Every code
// stands in one table (codes.go) with its HTTP status and its usual sentence, so
// that documentation, translation and the HTTP mapping have a single source.
//
// Packages below the problem floor have coded errors of their own
// (licensefile.Refusal); From turns any error into a Problem. An error that
// nobody coded becomes internal_error, whose message says nothing of the cause.
package problem
