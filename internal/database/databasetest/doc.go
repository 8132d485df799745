// Package databasetest gives tests a database of their own.
//
// Each runs a test on SQLite and, when LICET_TEST_POSTGRES holds the URL of a
// server where databases may be created, on PostgreSQL. A missing requirement
// skips a test and says why; LICET_REQUIRE, a comma-separated list such as
// "postgres,node", turns those skips into failures, so that continuous integration
// cannot pass by skipping.
package databasetest
