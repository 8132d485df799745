// Package nanomdmtest runs a real NanoMDM server on loopback, and devices that
// speak Apple's MDM check-in protocol to it: property lists by HTTP PUT, signed
// in the Mdm-Signature header with an identity of the test's own authority.
//
// NanoMDM is the tool that go.mod names. It posts its webhook events from
// goroutines of their own and never again, so a test that counts on one waits
// for it (Webhook).
package nanomdmtest
