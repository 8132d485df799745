// Package floors holds the test that keeps imports pointing down.
//
// The packages of this module stand on floors. A package may import those on
// the floors below it, never one above, and no capability a sibling on its own
// floor: so every rule has one home, and each floor can be read, tested and
// changed without those above. The public packages (licensefile, client, api)
// and the agent stand apart: they may import only what is listed for them.
//
// Test files are free to import what they need to test against, and packages
// whose name ends in "test" may be imported by test files only. A package that
// stands on no floor fails the test, so that its place is decided and written
// down, in the tables of building_test.go, when it is made.
package floors
