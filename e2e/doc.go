// Package e2e tests the whole system: the real binary, with real processes, real
// databases and real signals.
//
// The scripts in testdata/script walk through the command line; what a script
// cannot do (racing servers, killing one under load, counting what reaches the
// disk) is a Go test beside them. e2e/guards removes guards and demands that
// tests notice; e2e/tally counts what came of a run.
package e2e
