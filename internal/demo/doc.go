// Package demo walks the whole story on one machine: a publisher sells, an
// on-premises agent activates, counts devices, goes over its limit, and lets the
// keys go again. Then the world grows: more customers buy, one of them through a
// reseller, an invited administrator splits seats, and machines of all of them
// tell months of usage. Server, agent and device management are processes of their own,
// and everything happens through their public doors: the management API, the
// exchange, files, the webhook and the commands.
//
// Run makes its world anew in a folder of its own each time. Every step says
// what it proves; the first that fails ends the story with an error.
package demo
