// Package nanomdm runs a real NanoMDM server on loopback, and simulated devices
// that speak Apple's MDM check-in protocol to it: property lists by HTTP PUT,
// signed in the Mdm-Signature header with identities of an authority made for
// the run. The demo and the agent's tests use it; it is no part of a product.
//
// NanoMDM is the tool that go.mod names. It posts its webhook events from
// goroutines of their own and never again, so whoever counts on one waits for
// what it changes.
package nanomdm
