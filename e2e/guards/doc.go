// Guards proves that the tests notice when a guard is gone.
//
// A guard is a line of code that refuses something: a signature check, a limit,
// a permission. Each NAME.patch in this folder removes one and begins with
//
//	guard: what would no longer be refused
//	package: ./licensefile
//	test: TestRequestOfAnotherPublisherIsRefused
//
// followed by a diff as `git diff` prints it. For each, Guards copies the tree
// as it is (committed or not), applies the patch, runs the named test there and
// demands that exactly this test fails: code that no longer compiles, another
// test, a test that hangs, does not exist, is skipped, or fails without the patch
// too are all faults, and so is a patch that no longer applies. The named test
// may be a subtest.
//
// Run it by `make guards`, or `make guards GUARDS=pattern` for the patches whose
// name matches a regular expression. To add a guard: remove it by hand, see the
// test fail, `git diff >e2e/guards/NAME.patch`, put the header on top, restore.
package main
