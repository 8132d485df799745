// Package nanomdmtest runs a real NanoMDM server (package nanomdm) in tests, and
// stands between it and what takes its webhook. NanoMDM posts an event from a
// goroutine of its own and never again, so a test that counts on one waits for it
// (Webhook).
package nanomdmtest
