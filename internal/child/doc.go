// Package child says how programs of Licet start others that must not outlive
// them: the demo its server and agent, the bench its server.
package child
